"""Envoy clusters: one for each live revision, with its replicas inline; pure.

The endpoints are inline, not EDS: every EDS subscription of a filesystem source takes an inotify instance, of which a user has
128 on Linux by default, and Envoy aborts when there is none left. A cluster that did not change is kept as it is by Envoy.
"""

from __future__ import annotations

from typing import Any

from mdeploy_lab.gateway.base import Backend, Route
from mdeploy_lab.models.deployment import Address

__all__ = ["cluster", "cluster_name", "clusters"]

REPLICA_HEADER = "x-mdeploy-replica"
UPSTREAM_IDLE = "4s"
"""Below the 5 s after which uvicorn closes an idle connection, so that Envoy never sends into a closing one."""

_PLENTY = 100_000


_TWICE = (
    {"prefix": "/invocations"},
    {"prefix": "/transform"},
    {"prefix": "/api/v1.0/predictions"},
    {"prefix": "/api/v0.1/predictions"},
    {"suffix": "/infer"},
    {"suffix": "/ModelInfer"},
    {"suffix": ":predict"},
    {"suffix": ":classify"},
    {"suffix": ":regress"},
)
"""Paths (after the deployment's prefix) of requests that may be sent twice; feedback and streams may not.

No regular expressions: Envoy compiles them for every cluster, and refuses large ones.
"""

_RETRY = {
    "retry_on": "connect-failure,refused-stream,reset",
    "num_retries": 1,
    "retry_host_predicate": [
        {
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
            },
        }
    ],
    # An idle, dead replica looks like the least busy one, so it is drawn often until it is put aside.
    "host_selection_retry_max_attempts": 50,
    "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.01s"},
    "retriable_request_headers": [
        *({"name": ":path", "string_match": match} for match in _TWICE),
        *({"name": ":method", "string_match": {"exact": method}} for method in ("GET", "HEAD")),
    ],
}


def cluster_name(uid: str, revision: int) -> str:
    """Return the name of a revision's cluster."""
    return f"{uid}/{revision}"


def clusters(route: Route) -> list[dict[str, Any]]:
    """Return the clusters of one deployment."""
    return [cluster(route, backend) for backend in route.backends]


def cluster(route: Route, backend: Backend) -> dict[str, Any]:
    """Return one revision's cluster.

    A replica that refuses a connection or resets one gets no traffic for half a second; the last one always does, and when all
    are out, all are tried. Replicas that are gone for longer are taken out by the engine.
    """
    name = cluster_name(route.uid, backend.revision)
    return {
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "common_lb_config": {"healthy_panic_threshold": {"value": 1}},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [_endpoint(address) for address in backend.addresses]}],
        },
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": _PLENTY,
                    "max_pending_requests": _PLENTY,
                    "max_requests": _PLENTY,
                    "max_retries": _PLENTY,
                }
            ]
        },
        "outlier_detection": {
            "split_external_local_origin_errors": True,
            "consecutive_local_origin_failure": 1,
            "enforcing_consecutive_local_origin_failure": 100,
            "enforcing_local_origin_success_rate": 0,
            "enforcing_consecutive_5xx": 0,
            "enforcing_consecutive_gateway_failure": 0,
            "enforcing_success_rate": 0,
            "interval": "0.25s",
            "base_ejection_time": "0.5s",
            "max_ejection_time": "0.5s",
            "max_ejection_time_jitter": "0s",
            "max_ejection_percent": 100,
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _protocol(route, backend)
        },
    }


def _endpoint(address: Address) -> dict[str, Any]:
    kind, _, rest = address.target.partition(":")
    if kind == "unix":
        where: dict[str, Any] = {"pipe": {"path": rest}}
    else:
        host, _, port = rest.rpartition(":")
        where = {"socket_address": {"address": host.strip("[]"), "port_value": int(port)}}
    endpoint: dict[str, Any] = {"endpoint": {"address": where}}
    if address.secret:
        endpoint["metadata"] = {"filter_metadata": {"mdeploy": {"secret": address.secret}}}
    return endpoint


def _protocol(route: Route, backend: Backend) -> dict[str, Any]:
    options: dict[str, Any] = {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        "common_http_protocol_options": {"idle_timeout": UPSTREAM_IDLE},
        "explicit_http_config": {"http_protocol_options": {}},
    }
    if route.retry:
        options["retry_policy"] = _RETRY
    if any(address.secret for address in backend.addresses):
        options["http_filters"] = [_SECRET_FILTER, _CODEC]
    return options


_SECRET_FILTER = {
    "name": "mdeploy.secret",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        "mutations": {
            "request_mutations": [
                {
                    "append": {
                        "header": {"key": REPLICA_HEADER, "value": "%UPSTREAM_METADATA(mdeploy:secret)%"},
                        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                    }
                }
            ]
        },
    },
}

_CODEC = {
    "name": "envoy.filters.http.upstream_codec",
    "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"},
}
