"""Envoy routes: from paths and host names to revisions, with who may call and what is retried; pure.

The public table knows clients' tokens, the private one passes; they are two route configurations, so that neither kind of
right is ever looked at on the other listener. What is not said here for a route is refused by the listener's own filters.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from mdeploy_lab.gateway import envoy_answers as answers
from mdeploy_lab.gateway.base import Backend, Route
from mdeploy_lab.gateway.envoy_clusters import cluster_name

__all__ = [
    "BASIC_AUTH",
    "LUA",
    "NOBODY",
    "OPEN",
    "PASS_AUDIENCE",
    "REMOVED",
    "RETRY",
    "Side",
    "host_entry",
    "path_entries",
]

Side = Literal["public", "private"]

LUA = "mdeploy.lua"
BASIC_AUTH = "mdeploy.basic_auth"
PASS_AUDIENCE = "mdeploy.pass_audience"  # noqa: S105  # a filter's name

NOBODY = "nobody.:{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""A user that no token can name, because a list of users must not be empty."""

_TYPE = "type.googleapis.com/envoy"
_DISABLED = {"@type": f"{_TYPE}.config.route.v3.FilterConfig", "disabled": True}
OPEN = {"public": {LUA: _DISABLED, BASIC_AUTH: _DISABLED}, "private": {PASS_AUDIENCE: _DISABLED}}

REMOVED = ["authorization", "proxy-authorization", "x-mdeploy-auth", "x-mdeploy-pass"]

PREDICT = (
    r"/invocations/?(\?.*)?",
    r"/v[12]/models/[^?]+(/infer|:predict|:classify|:regress)(\?.*)?",
    r"/(api/v[01]\.[0-9]/predictions|transform(/v2)?)(\?.*)?",
)
"""Paths (after the deployment's prefix) of requests that may be sent twice; feedback and streams may not.

Several small expressions, because Envoy refuses a large one.
"""

RETRY = {
    "retry_on": "connect-failure,refused-stream,reset",
    "num_retries": 1,
    "retry_host_predicate": [
        {
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {"@type": f"{_TYPE}.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"},
        }
    ],
    "host_selection_retry_max_attempts": 5,
    "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.01s"},
    "retriable_request_headers": [
        *({"name": ":path", "string_match": {"safe_regex": {"regex": regex}}} for regex in PREDICT),
        {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD"}}},
    ],
}


def path_entries(route: Route, side: Side) -> list[dict[str, Any]]:
    """Return the routes of one deployment under the gateway's own host names, the more specific ones first."""
    base = f"/deployment/{route.id}"
    entries = _entries(route, side, base)
    if route.api_name:
        entries.append(_serving(route, side, f"/api/{route.group}/{route.api_name}"))
    return entries


def host_entry(route: Route, side: Side, suffix: str) -> dict[str, Any]:
    """Return the virtual host ``<id>.<suffix>``, which serves the deployment at its root."""
    return {"name": route.id, "domains": [f"{route.id}.{suffix}"], "retry_policy": RETRY, "routes": _entries(route, side, "")}


def _entries(route: Route, side: Side, base: str) -> list[dict[str, Any]]:
    revisions = [
        _route(route, side, f"{base}/revision/{backend.revision}", _to(route, cluster_name(route.uid, backend.revision)))
        for backend in route.backends
    ]
    return [*revisions, _route(route, side, f"{base}/revision", answers.NOT_RUNNING), _serving(route, side, base)]


def _serving(route: Route, side: Side, base: str) -> dict[str, Any]:
    carrying = [backend for backend in route.backends if backend.weight]
    if route.unavailable is not None or not carrying:
        return _route(route, side, base, _nothing(route))
    return _route(route, side, base, _split(route, carrying))


def _nothing(route: Route) -> dict[str, Any]:
    if route.unavailable is not None:
        return answers.unavailable(route.id, route.unavailable)
    return answers.NO_TRAFFIC


def _split(route: Route, carrying: list[Backend]) -> dict[str, Any]:
    if len(carrying) == 1:
        return _to(route, cluster_name(route.uid, carrying[0].revision))
    weights = [{"name": cluster_name(route.uid, b.revision), "weight": b.weight} for b in carrying]
    action = _to(route, "")
    del action["route"]["cluster"]
    action["route"]["weighted_clusters"] = {"clusters": weights}
    return action


def _to(route: Route, cluster: str) -> dict[str, Any]:
    action: dict[str, Any] = {
        "cluster": cluster,
        "timeout": f"{route.timeout:.3f}s",
        "idle_timeout": f"{route.timeout + 30:.3f}s",
    }
    if not route.retry:
        action["retry_policy"] = {"num_retries": 0}
    return {"route": action}


def _route(route: Route, side: Side, base: str, action: dict[str, Any]) -> dict[str, Any]:
    match = {"path_separated_prefix": base} if base else {"prefix": "/"}
    entry = {
        "match": match,
        "metadata": {"filter_metadata": {"mdeploy": {"id": route.id}}},
        "typed_per_filter_config": _access(route, side),
        **action,
    }
    if route.public and side == "public":
        entry["request_headers_to_remove"] = ["x-forwarded-user"]
    if "route" in action and base:
        entry["route"] = {
            **action["route"],
            "regex_rewrite": {"pattern": {"regex": f"^{re.escape(base)}/?"}, "substitution": "/"},
        }
    return entry


def _access(route: Route, side: Side) -> dict[str, Any]:
    """Return who may call: the pass' audience on the private side; on the public side the clients, or everybody."""
    if side == "private":
        return {PASS_AUDIENCE: _audience(route.uid)}
    if route.public:
        return OPEN["public"]
    users = [f"{c.client}.{c.key_id}:{{SHA}}{c.sha1}" for c in route.credentials] or [NOBODY]
    return {
        BASIC_AUTH: {
            "@type": f"{_TYPE}.extensions.filters.http.basic_auth.v3.BasicAuthPerRoute",
            "users": {"inline_string": "\n".join(users)},
        }
    }


def _audience(uid: str) -> dict[str, Any]:
    return {
        "@type": f"{_TYPE}.extensions.filters.http.rbac.v3.RBACPerRoute",
        "rbac": {
            "rules": {
                "action": "ALLOW",
                "policies": {
                    "audience": {
                        "permissions": [{"any": True}],
                        "principals": [
                            {
                                "sourced_metadata": {
                                    "metadata_matcher": {
                                        "filter": "envoy.filters.http.jwt_authn",
                                        "path": [{"key": "pass"}, {"key": "aud"}],
                                        "value": {"string_match": {"exact": uid}},
                                    }
                                }
                            }
                        ],
                    }
                },
            }
        },
    }
