"""The Lua that prepares what Envoy's own filters then check: clients' tokens, and the owner's pass.

``CLIENT_AUTH`` turns every accepted form of a client's token into the one that ``basic_auth`` knows. A caller may send
``Basic name:token``, ``Bearer token`` or the bare token. Envoy knows one Basic user per token, named ``<client>.<key id>``, so
that two tokens of one client can be valid at once. The script reads the token's own parts
(``mdp_<client>.<key id><random>``), writes ``x-mdeploy-auth`` for ``basic_auth`` and the client's plain name for the model.
Whatever it does not recognise is left without ``x-mdeploy-auth``, which is refused. It checks no secret itself.

Results are kept per worker by the header's whole value, secret included, in a table that is emptied when it is full; it also
says when a use is due to be written to the access log, so that the log has one line per token and ``USED_EVERY`` seconds.
"""

from __future__ import annotations

__all__ = ["CLIENT_AUTH", "ONE_PASS", "USED_EVERY"]

USED_EVERY = 5
"""Seconds between two access-log lines of one token on one worker."""

CLIENT_AUTH = (
    """\
local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local value = {}
for i = 1, 64 do value[alphabet:byte(i)] = i - 1 end
local known, count = {}, 0

local function decode(text)
  text = text:gsub("=+$", "")
  if #text > 2048 or text:find("[^A-Za-z0-9+/]") then return nil end
  local out, bits, n = {}, 0, 0
  for i = 1, #text do
    bits = bits * 64 + value[text:byte(i)]
    n = n + 6
    if n >= 8 then
      n = n - 8
      local unit = 2 ^ n
      out[#out + 1] = string.char(math.floor(bits / unit))
      bits = bits % unit
    end
  end
  return table.concat(out)
end

local function understand(handle, header)
  local name, token
  local scheme, rest = header:match("^(%a+) +(%S+)$")
  scheme = scheme and scheme:lower()
  if scheme == "basic" then
    local plain = decode(rest)
    if not plain then return nil end
    name, token = plain:match("^([^:]*):(.*)$")
  elseif scheme == "bearer" then
    token = rest
  else
    token = header
  end
  if not token then return nil end
  local client, key = token:match("^mdp_([a-z_][a-z0-9_-]*)%.([A-Za-z0-9_-][A-Za-z0-9_-][A-Za-z0-9_-]"
    .. "[A-Za-z0-9_-][A-Za-z0-9_-][A-Za-z0-9_-])[A-Za-z0-9_-]+$")
  if not client or #client > 63 or (name and name ~= client) then return nil end
  return {client = client, auth = "Basic " .. handle:base64Escape(client .. "." .. key .. ":" .. token), used = -1e9}
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local header = headers:get("authorization")
  if not header or headers:getNumValues("authorization") ~= 1 then return end
  local entry = known[header]
  if not entry then
    entry = understand(handle, header)
    if not entry then return end
    if count >= 1024 then known, count = {}, 0 end
    known[header] = entry
    count = count + 1
  end
  headers:replace("x-mdeploy-auth", entry.auth)
  headers:replace("x-forwarded-user", entry.client)
  local now = os.time()
  if now - entry.used >= """
    + str(USED_EVERY)
    + """ then
    entry.used = now
    handle:streamInfo():dynamicMetadata():set("mdeploy", "due", true)
  end
end
"""
)

ONE_PASS = """\
function envoy_on_request(handle)
  local headers = handle:headers()
  if headers:getNumValues("x-mdeploy-pass") > 1 then headers:remove("x-mdeploy-pass") end
end
"""  # noqa: S105  # no password, a script
"""Of two passes none counts: ``jwt_authn`` would accept both and forward both names."""
