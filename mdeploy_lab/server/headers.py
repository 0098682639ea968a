"""Which headers and query parameters pass between a browser, the engine and a model. Pure; the security is here."""

from __future__ import annotations

from urllib.parse import unquote, unquote_plus

from tornado.httputil import HTTPHeaders

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
JUPYTER_PARAMETERS = frozenset({"token", "_xsrf", "no_track_activity"})

_TO_ENGINE = ("Accept", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID", "X-Request-Id")
_FROM_ENGINE = (
    "Cache-Control",
    "Content-Disposition",
    "Content-Type",
    "ETag",
    "Location",
    "Retry-After",
    "X-Request-Id",
)
_NEVER_TO_MODEL = HOP_BY_HOP | {
    "accept-encoding",  # the answer is passed on as it is; set again when the caller sent it
    "authorization",  # passed by itself when it is the endpoint's
    "cookie",
    "expect",
    "forwarded",
    "host",
    "origin",
    "referer",
    "service-worker",
    "x-real-ip",
}
_NEVER_TO_MODEL_PREFIXES = ("cookie", "sec-", "x-forwarded-", "x-jupyter", "x-mdeploy-", "x-xsrf", "x-scheme")
_NEVER_TO_BROWSER = HOP_BY_HOP | {
    "alt-svc",
    "clear-site-data",
    "content-security-policy",
    "content-security-policy-report-only",
    "link",
    "nel",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "server",
    "service-worker-allowed",
    "set-cookie",
    "set-cookie2",
    "sourcemap",
    "strict-transport-security",
    "x-content-type-options",
    "x-sourcemap",
}
SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"


def to_engine(headers: HTTPHeaders) -> HTTPHeaders:
    """Return the headers of an API call that the engine may see."""
    return _chosen(headers, _TO_ENGINE)


def from_engine(headers: HTTPHeaders) -> HTTPHeaders:
    """Return the headers of the engine's answer that a browser may see."""
    return _chosen(headers, _FROM_ENGINE)


def _chosen(headers: HTTPHeaders, names: tuple[str, ...]) -> HTTPHeaders:
    chosen = HTTPHeaders()
    for name in names:
        if name in headers:
            chosen[name] = headers[name]
    return chosen


def to_model(headers: HTTPHeaders) -> HTTPHeaders:
    """Return a caller's headers without anything that belongs to Jupyter or to a proxy before it."""
    kept = HTTPHeaders()
    for name, value in headers.get_all():
        lower = name.lower()
        if lower not in _NEVER_TO_MODEL and not lower.startswith(_NEVER_TO_MODEL_PREFIXES) and "_" not in lower:
            kept.add(name, value)
    if "Accept-Encoding" in headers:
        kept["Accept-Encoding"] = headers["Accept-Encoding"]
    authorization = headers.get("Authorization", "")
    if is_endpoint_credential(authorization):
        kept["Authorization"] = authorization
    return kept


def is_endpoint_credential(authorization: str) -> bool:
    """Tell a caller's token for an endpoint from one for Jupyter or JupyterHub, which no model's gateway may see.

    Endpoints take ``Basic``, ``Bearer mdp_…`` and a raw ``mdp_…``. Jupyter's are ``token …`` and ``Bearer`` of anything else.
    """
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() == "basic":
        return True
    if scheme.lower() == "bearer":
        return rest.strip().startswith("mdp_")
    return scheme.startswith("mdp_") and not rest


def from_model(headers: HTTPHeaders) -> HTTPHeaders:
    """Return a model's headers without those that reach beyond its own answer, in a sandbox of their own origin."""
    kept = HTTPHeaders()
    for name, value in headers.get_all():
        lower = name.lower()
        if lower not in _NEVER_TO_BROWSER and not lower.startswith("access-control-"):
            kept.add(name, value)
    kept["Content-Security-Policy"] = SANDBOX
    kept["X-Content-Type-Options"] = "nosniff"
    return kept


def without_jupyter_parameters(query: str) -> str:
    """Return a query string without Jupyter's token and XSRF parameters; the rest as it was."""
    parts = [part for part in query.split("&") if part]
    return "&".join(part for part in parts if unquote_plus(part.partition("=")[0]) not in JUPYTER_PARAMETERS)


def is_plain_path(path: str) -> bool:
    """Tell whether a path means the same to everybody who reads it: no dot segments, escaped slashes or backslashes."""
    lower = path.lower()
    if "\\" in path or "%2f" in lower or "%5c" in lower or "%00" in lower:
        return False
    return all(unquote(segment) not in {".", ".."} for segment in path.split("/"))
