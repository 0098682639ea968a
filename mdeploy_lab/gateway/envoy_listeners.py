"""Envoy listeners: the public door, the owner's private door, and the probe that says what the workers serve; pure."""

from __future__ import annotations

import json
from typing import Any, Literal

from mdeploy_lab.gateway.envoy_answers import local_replies
from mdeploy_lab.gateway.envoy_lua import CLIENT_AUTH, ONE_PASS
from mdeploy_lab.gateway.envoy_routes import BASIC_AUTH, GRPC, LUA, NOBODY, PASS_AUDIENCE, STREAM_IDLE, Side
from mdeploy_lab.gateway.envoy_settings import EnvoySettings
from mdeploy_lab.gateway.passes import ISSUER, PASS_HEADER

__all__ = ["listeners"]

_TYPE = "type.googleapis.com/envoy"
_HTTP = f"{_TYPE}.extensions.filters.http"


def listeners(settings: EnvoySettings) -> list[dict[str, Any]]:
    """Return the listeners. A change here drains connections, so nothing of a deployment is in them."""
    return [_public(settings), _private(settings), _probe(settings)]


def _public(settings: EnvoySettings) -> dict[str, Any]:
    address = {"socket_address": {"address": settings.bind, "port_value": settings.port}}
    filters = [_lua(CLIENT_AUTH), _basic_auth(), _grpc_bridge()]
    listener = _listener("public", address, _manager(settings, "public", filters, access_log=_access_log(settings)))
    if settings.tls:
        listener["filter_chains"][0]["transport_socket"] = _tls(settings)
    return listener


def _private(settings: EnvoySettings) -> dict[str, Any]:
    address = {"pipe": {"path": settings.private_socket, "mode": 0o600}}
    deny = _filter(PASS_AUDIENCE, "rbac.v3.RBAC", rules={"action": "ALLOW", "policies": {}})
    filters = [_lua(ONE_PASS), _pass(settings), deny]
    return _listener("private", address, _manager(settings, "private", filters))


def _probe(settings: EnvoySettings) -> dict[str, Any]:
    """Return the listener that answers with the mark of the tables a worker serves, and with nothing else.

    Its connections are spread evenly over the workers, so one connection per worker asks each of them.
    """
    address = {"pipe": {"path": settings.probe_socket, "mode": 0o600}}
    return _listener("probe", address, _manager(settings, "probe", []))


def _listener(name: str, address: dict[str, Any], manager: dict[str, Any]) -> dict[str, Any]:
    return {
        "@type": f"{_TYPE}.config.listener.v3.Listener",
        "name": name,
        "address": address,
        # A second process must not be able to listen beside us, and each worker gets its share of connections.
        "enable_reuse_port": False,
        "connection_balance_config": {"exact_balance": {}},
        "per_connection_buffer_limit_bytes": 1 << 20,
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}],
    }


def _manager(
    settings: EnvoySettings,
    side: Side | Literal["probe"],
    filters: list[dict[str, Any]],
    *,
    access_log: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    return {
        "@type": f"{_TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": side,
        "server_name": "mdeploy",
        "rds": {
            "route_config_name": side,
            "config_source": {
                "resource_api_version": "V3",
                "path_config_source": {"path": f"{settings.directory}/{side}.json"},
            },
        },
        "http_filters": [*filters, _filter("envoy.filters.http.router", "router.v3.Router", suppress_envoy_headers=True)],
        "local_reply_config": local_replies(private=side == "private"),
        "access_log": access_log or [],
        "use_remote_address": True,
        "internal_address_config": {"unix_sockets": False, "cidr_ranges": [_NOWHERE]},
        "early_header_mutation_extensions": [_early(side)],
        "normalize_path": True,
        "merge_slashes": False,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "common_http_protocol_options": {"headers_with_underscores_action": "REJECT_REQUEST"},
        "http_protocol_options": {"accept_http_10": True, "default_host_for_http_10": "localhost"},
        "http2_protocol_options": {"max_concurrent_streams": 100},
        "preserve_external_request_id": True,
        "always_set_request_id_in_response": True,
        "stream_idle_timeout": f"{STREAM_IDLE}s",
        "request_headers_timeout": "20s",
        "delayed_close_timeout": "1s",
    }


_NOWHERE = {"address_prefix": "255.255.255.255", "prefix_len": 32}
"""Nobody is internal: a caller on this machine has no right to Envoy's own control headers."""


def _early(side: str) -> dict[str, Any]:
    """Return the removal, before anything else looks, of every header that only the gateway may set."""
    names = ["x-forwarded-user", "x-mdeploy-replica", "x-mdeploy-auth"]
    if side == "public":
        names.append(PASS_HEADER)
    matchers = [{"prefix": "x-envoy-"}, *({"exact": name} for name in names)]
    return {
        "name": "mdeploy.early",
        "typed_config": {
            "@type": f"{_TYPE}.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
            "mutations": [{"remove_on_match": {"key_matcher": matcher}} for matcher in matchers],
        },
    }


def _filter(name: str, kind: str, **config: Any) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": f"{_HTTP}.{kind}", **config}}


def _lua(source: str) -> dict[str, Any]:
    return _filter(LUA, "lua.v3.Lua", default_source_code={"inline_string": source})


def _basic_auth() -> dict[str, Any]:
    return _filter(
        BASIC_AUTH,
        "basic_auth.v3.BasicAuth",
        users={"inline_string": NOBODY},
        authentication_header="x-mdeploy-auth",
        emit_dynamic_metadata=True,
        realm="mdeploy",
    )


def _grpc_bridge() -> dict[str, Any]:
    """Return what ends a gRPC call's answer with its trailers: a replica speaks HTTP/1.1, frames messages itself, and has none.

    It is off except on the routes of gRPC, so that no other request meets it.
    """
    bridge = _filter(GRPC, "grpc_http1_reverse_bridge.v3.FilterConfig", content_type="application/grpc")
    return {**bridge, "disabled": True}


def _pass(settings: EnvoySettings) -> dict[str, Any]:
    return _filter(
        "envoy.filters.http.jwt_authn",
        "jwt_authn.v3.JwtAuthentication",
        providers={
            "owner": {
                "issuer": ISSUER,
                "local_jwks": {"inline_string": json.dumps(dict(settings.jwks))},
                "from_headers": [{"name": PASS_HEADER}],
                "forward": False,
                "require_expiration": True,
                "clock_skew_seconds": 1,
                "payload_in_metadata": "pass",
                "claim_to_headers": [{"header_name": "x-forwarded-user", "claim_name": "sub"}],
                "jwt_cache_config": {"jwt_cache_size": 100},
            }
        },
        rules=[{"match": {"prefix": "/"}, "requires": {"provider_name": "owner"}}],
    )


def _access_log(settings: EnvoySettings) -> list[dict[str, Any]]:
    """Return the log of tokens' uses: only what ``basic_auth`` accepted, and only when the Lua says it is due."""
    due = {"filter": "mdeploy", "path": [{"key": "due"}], "value": {"bool_match": True}}
    known = {"filter": BASIC_AUTH, "path": [{"key": "username"}], "value": {"present_match": True}}
    return [
        {
            "name": "envoy.access_loggers.file",
            "filter": {
                "and_filter": {
                    "filters": [
                        {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": False}} for matcher in (due, known)
                    ]
                }
            },
            "typed_config": {
                "@type": f"{_TYPE}.extensions.access_loggers.file.v3.FileAccessLog",
                "path": settings.access_log,
                "log_format": {
                    "json_format": {
                        "at": "%START_TIME(%s.%3f)%",
                        "id": "%ROUTE_NAME%",
                        "key": f"%DYNAMIC_METADATA({BASIC_AUTH}:username)%",
                    }
                },
            },
        }
    ]


def _tls(settings: EnvoySettings) -> dict[str, Any]:
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": f"{_TYPE}.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
                "tls_certificates": [
                    {
                        "certificate_chain": {"filename": settings.tls_cert},
                        "private_key": {"filename": settings.tls_key},
                    }
                ],
            },
        },
    }
