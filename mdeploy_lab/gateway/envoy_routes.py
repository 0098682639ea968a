"""Envoy routes: from paths and host names to revisions, with who may call and what is retried; pure.

The public table knows clients' tokens, the private one passes; they are two route configurations, so that neither kind of
right is ever looked at on the other listener. What is not said here for a route is refused by the listener's own filters.
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple

from mdeploy_lab.gateway import envoy_answers as answers
from mdeploy_lab.gateway.base import Route
from mdeploy_lab.gateway.envoy_clusters import cluster_name

__all__ = [
    "BASIC_AUTH",
    "GRPC",
    "LUA",
    "NOBODY",
    "NOT_RUNNING",
    "NO_GRPC",
    "OPEN",
    "PASS_AUDIENCE",
    "PAYLOAD",
    "REMOVED",
    "STREAM_IDLE",
    "Entries",
    "Side",
    "host_entry",
    "path_entries",
    "too_large",
]

Side = Literal["public", "private"]

STREAM_IDLE = 300
"""Seconds without a byte after which a request is given up; longer for a deployment whose time-out is longer."""

PAYLOAD = 100_000_000
"""Bytes of a body that are accepted by default; one route for all deployments refuses more than the largest limit."""

FOUNDRY = "/foundry-ml-live/api/inference/transform"
LUA = "mdeploy.lua"
BASIC_AUTH = "mdeploy.basic_auth"
PASS_AUDIENCE = "mdeploy.pass_audience"  # noqa: S105  # a filter's name

NOBODY = "nobody.:{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""A user that no token can name, because a list of users must not be empty."""

GRPC = "mdeploy.grpc"
DEPLOYMENT_HEADER = "x-mdeploy-deployment"
REVISION_HEADER = "x-mdeploy-revision"
"""Metadata of a gRPC call: its path is the service's, so this names the deployment, and a revision if that is wanted."""

_TYPE = "type.googleapis.com/envoy"
_DISABLED = {"@type": f"{_TYPE}.config.route.v3.FilterConfig", "disabled": True}
OPEN = {"public": {LUA: _DISABLED, BASIC_AUTH: _DISABLED}, "private": {PASS_AUDIENCE: _DISABLED}}

REMOVED = ["authorization", "proxy-authorization", "x-mdeploy-auth", "x-mdeploy-pass", "x-envoy-external-address"]


class Entries(NamedTuple):
    """Routes of one deployment under the gateway's own host names.

    ``revisions`` of all deployments stand before ``NOT_RUNNING``, and that before ``main``.
    """

    revisions: list[dict[str, Any]]
    main: list[dict[str, Any]]
    grpc: list[dict[str, Any]]


def too_large(limit: int, base: str = "") -> dict[str, Any]:
    """Return the refusal of requests that announce a longer body than ``limit``, before any of it is sent.

    A body without a length is counted by the replica.
    """
    length = {"name": "content-length", "range_match": {"start": limit + 1, "end": 1 << 62}}
    match = {"path_separated_prefix": base} if base else {"prefix": "/"}
    return {"match": {**match, "headers": [length]}, **answers.TOO_LARGE}


NOT_RUNNING = {
    "match": {"safe_regex": {"regex": "/(deployment/[^/]+|api/[^/]+/[^/]+)/revision(/.*)?"}},
    **answers.NOT_RUNNING,
}
"""What is left of the paths under ``/revision`` once the live revisions have been matched."""


def path_entries(route: Route, side: Side) -> Entries:
    """Return the routes of one deployment by path, under its id and, with the same rights, under its API name."""
    bases = [f"/deployment/{route.id}", *([f"/api/{route.group}/{route.api_name}"] if route.api_name else [])]
    small = []
    if route.max_payload < PAYLOAD:
        small = [{**too_large(route.max_payload, base), "name": route.id} for base in bases]
    revisions = [entry for base in bases for entry in _revisions(route, base)]
    main = [*(_route(route, base, _serving(route)) for base in bases), _foundry(route)]
    access = {"typed_per_filter_config": _access(route, side)}
    named = {"name": DEPLOYMENT_HEADER, "string_match": {"exact": route.id}}
    grpc = _grpc(route, [named], _access(route, side)) if side == "public" else []
    return Entries([{**e, **access} for e in (*small, *revisions)], [{**e, **access} for e in main], grpc)


def host_entry(route: Route, suffix: str) -> dict[str, Any]:
    """Return the public virtual host ``<id>.<suffix>``, which serves the deployment at its root."""
    return {
        "name": route.id,
        "domains": [f"{route.id}.{suffix}"],
        "routes": [
            too_large(route.max_payload),
            *_grpc(route, [], {}),
            *_revisions(route, ""),
            _route(route, "", _serving(route)),
        ],
        "typed_per_filter_config": _access(route, "public"),
    }


def _revisions(route: Route, base: str) -> list[dict[str, Any]]:
    return [
        _route(route, f"{base}/revision/{backend.revision}", _to(route, cluster_name(route.uid, backend.revision)))
        for backend in route.backends
    ]


NO_GRPC = {"match": {"prefix": "/", "grpc": {}}, **answers.as_grpc(answers.UNNAMED)}
"""What is left of the gRPC calls once those that name a deployment have been matched."""


def _grpc(route: Route, named: list[dict[str, Any]], access: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the routes of gRPC calls, of any service: the replica knows which it offers.

    Revisions have routes only when there are several: a replica refuses a call for a revision that it is not.
    """
    found: list[tuple[list[dict[str, Any]], dict[str, Any]]] = []
    if [backend.weight for backend in route.backends] != [100]:
        for backend in route.backends:
            wanted = {"name": REVISION_HEADER, "string_match": {"exact": str(backend.revision)}}
            found.append(([wanted], _to(route, cluster_name(route.uid, backend.revision))))
    entries = []
    for headers, action in (*found, ([], _serving(route))):
        entry: dict[str, Any] = {"name": route.id, "match": {"prefix": "/", "grpc": {}}}
        if named or headers:
            entry["match"]["headers"] = [*named, *headers]
        if "route" in action:
            limit = {"grpc_timeout_header_max": f"{route.timeout:.3f}s"}
            entry |= {"route": {**action["route"], "max_stream_duration": limit}}
            entry["typed_per_filter_config"] = {**access, GRPC: _BRIDGED}
        else:
            entry |= answers.as_grpc(action)
            entry["typed_per_filter_config"] = access
        entries.append(entry)
    return entries


_BRIDGED: dict[str, Any] = {
    "@type": f"{_TYPE}.extensions.filters.http.grpc_http1_reverse_bridge.v3.FilterConfigPerRoute",
    "disabled": False,
}


def _serving(route: Route) -> dict[str, Any]:
    carrying = [backend for backend in route.backends if backend.weight]
    if route.unavailable is not None:
        return answers.unavailable(route.id, route.unavailable)
    if not carrying:
        return answers.NO_TRAFFIC
    if len(carrying) == 1:
        return _to(route, cluster_name(route.uid, carrying[0].revision))
    weights = [{"name": cluster_name(route.uid, b.revision), "weight": b.weight} for b in carrying]
    action = _to(route, "")
    del action["route"]["cluster"]
    action["route"]["weighted_clusters"] = {"clusters": weights}
    return action


def _to(route: Route, cluster: str) -> dict[str, Any]:
    action: dict[str, Any] = {"cluster": cluster, "timeout": f"{route.timeout:.3f}s"}
    if route.timeout > STREAM_IDLE - 30:
        action["idle_timeout"] = f"{route.timeout + 30:.3f}s"
    return {"route": action}


def _route(route: Route, base: str, action: dict[str, Any]) -> dict[str, Any]:
    """Return one entry; its name tells the access log whose it is."""
    match = {"path_separated_prefix": base} if base else {"prefix": "/"}
    entry = {"name": route.id, "match": match, **action}
    if "route" in action and base:
        entry["route"] = {
            **action["route"],
            "regex_rewrite": {"pattern": {"regex": f"^{re.escape(base)}/?"}, "substitution": "/"},
        }
    return entry


def _foundry(route: Route) -> dict[str, Any]:
    """Return the path at which Foundry's clients look for a deployment, at the root of the server."""
    base = f"{FOUNDRY}/{route.id}"
    entry = _route(route, base, _serving(route))
    if "route" in entry:
        rewrite = {"pattern": {"regex": f"^{re.escape(base)}"}, "substitution": "/transform"}
        entry["route"] = {**entry["route"], "regex_rewrite": rewrite}
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
