"""The whole of Envoy's configuration as documents for filesystem xDS; pure, compared with golden files in the tests.

Each document carries the digest of what is in it as its version, so that equal content is the same version, and "does Envoy
serve this" is a comparison of two strings. ``Tables`` keeps the text of every route that did not change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mdeploy_lab.gateway import envoy_answers as answers
from mdeploy_lab.gateway.base import Route
from mdeploy_lab.gateway.envoy_clusters import clusters
from mdeploy_lab.gateway.envoy_listeners import listeners
from mdeploy_lab.gateway.envoy_routes import (
    NO_GRPC,
    NOT_RUNNING,
    OPEN,
    PAYLOAD,
    REMOVED,
    Side,
    host_entry,
    path_entries,
    too_large,
)
from mdeploy_lab.gateway.envoy_settings import EnvoySettings

__all__ = ["PROBE_PATH", "PROOF_PATH", "Document", "Tables", "bootstrap", "listener_document", "probe_document"]

PROOF_PATH = "/.mdeploy/proof"
PROBE_PATH = "/.mdeploy/version"
_ROUTES = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"


class Document(NamedTuple):
    """One xDS file: its version (a digest) and its text."""

    version: str
    text: str


def bootstrap(settings: EnvoySettings) -> str:
    """Return Envoy's bootstrap: who it is, its admin socket, and where the rest is read from."""

    def source(name: str) -> dict[str, Any]:
        return {"resource_api_version": "V3", "path_config_source": {"path": f"{settings.directory}/{name}.json"}}

    document = {
        "node": {"id": settings.node, "cluster": "mdeploy"},
        "admin": {"address": {"pipe": {"path": settings.admin_socket, "mode": 0o600}}},
        "dynamic_resources": {"lds_config": source("listeners"), "cds_config": source("clusters")},
        "stats_config": {"use_all_default_tags": False, "stats_matcher": {"inclusion_list": {"patterns": _STATS}}},
        "layered_runtime": {"layers": [{"name": "static", "static_layer": {}}]},
    }
    return json.dumps(document, indent=1) + "\n"


_STATS = [
    {"prefix": "cluster_manager."},
    {"prefix": "listener_manager."},
    {"prefix": "server."},
    {"safe_regex": {"regex": r"http\..*\.rds\..*"}},
    {"safe_regex": {"regex": r"http\.(public|private)\.downstream_rq_.*"}},
    {"safe_regex": {"regex": r"cluster\..*\.upstream_rq_(total|[1-5]xx|retry|timeout|active|time)"}},
    {"safe_regex": {"regex": r"cluster\..*\.membership_(healthy|total)"}},
]
"""Few, because Envoy looks at all of them whenever it is asked for one, and it is asked at every change."""


def listener_document(settings: EnvoySettings) -> Document:
    """Return the LDS document."""
    return _document(json.dumps(resource) for resource in listeners(settings))


def probe_document(*documents: Document) -> Document:
    """Return the RDS document of the probe listener, which answers with its own version: a mark of all the others."""
    mark = hashlib.sha256("".join(document.version for document in documents).encode()).hexdigest()[:16]
    table = {
        "@type": _ROUTES,
        "name": "probe",
        "virtual_hosts": [{"name": "probe", "domains": ["*"], "routes": [{"match": {"path": PROBE_PATH}, **_text(mark)}]}],
    }
    text = json.dumps(table)
    return Document(mark, f'{{"version_info": "{mark}", "resources": [{text}]}}\n')


class Tables:
    """The documents that follow the routes.

    Parameters
    ----------
    settings
        The gateway's settings; a change of them needs new tables.
    """

    def __init__(self, settings: EnvoySettings) -> None:
        self._settings = settings
        self._texts: dict[str, tuple[Route, _Texts]] = {}

    def clusters(self, routes: Mapping[str, Route], *also: Mapping[str, Route]) -> Document:
        """Return the CDS document for these routes, and for what only the other ones have (on the way out)."""
        found: dict[str, str] = {}
        for table in (*also, routes):
            for route in table.values():
                found.update(self._of(route).clusters if table is routes else _cluster_texts(route))
        return _document(found[name] for name in sorted(found))

    def routes(self, routes: Mapping[str, Route], side: Side) -> Document:
        """Return the RDS document of one side."""
        # Envoy looks at one route after the other: those that answer stand before those that are stopped.
        order = sorted(routes.values(), key=lambda route: (not route.backends, route.uid))
        parts = [self._of(route) for route in order]
        limit = max((route.max_payload for route in routes.values()), default=PAYLOAD)
        return _document([_table(self._settings, side, parts, max(limit, PAYLOAD))])

    def forget(self, keep: Iterable[str]) -> None:
        """Drop the texts of deployments that are gone."""
        kept = set(keep)
        self._texts = {uid: entry for uid, entry in self._texts.items() if uid in kept}

    def _of(self, route: Route) -> _Texts:
        cached = self._texts.get(route.uid)
        if cached is None or cached[0] != route:
            cached = (route, _texts(route, self._settings.suffix))
            self._texts[route.uid] = cached
        return cached[1]


class _Texts(NamedTuple):
    """The parts of the documents that come from one route."""

    clusters: dict[str, str]
    revisions: dict[Side, list[str]]
    main: dict[Side, list[str]]
    grpc: dict[Side, list[str]]
    host: str


def _cluster_texts(route: Route) -> dict[str, str]:
    return {resource["name"]: json.dumps(resource) for resource in clusters(route)}


def _texts(route: Route, suffix: str) -> _Texts:
    sides: tuple[Side, Side] = ("public", "private")
    entries = {side: path_entries(route, side) for side in sides}
    return _Texts(
        _cluster_texts(route),
        {side: [json.dumps(entry) for entry in entries[side].revisions] for side in sides},
        {side: [json.dumps(entry) for entry in entries[side].main] for side in sides},
        {side: [json.dumps(entry) for entry in entries[side].grpc] for side in sides},
        json.dumps(host_entry(route, suffix)),
    )


def _document(resources: Iterable[str]) -> Document:
    text = ",\n".join(resources)
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Document(version, f'{{"version_info": "{version}", "resources": [\n{text}\n]}}\n')


def _table(settings: EnvoySettings, side: Side, parts: list[_Texts], limit: int) -> str:
    """Return a RouteConfiguration's text, made of the routes' own texts."""
    proof = [_fixed(side, {"path": PROOF_PATH}, _text(settings.proof))] if side == "public" else []
    entries = [
        *map(json.dumps, proof),
        json.dumps({**too_large(limit), "typed_per_filter_config": OPEN[side]}),
        *(text for part in parts for text in part.revisions[side]),
        json.dumps({**NOT_RUNNING, "typed_per_filter_config": OPEN[side]}),
        *(text for part in parts for text in part.main[side]),
        *(text for part in parts for text in part.grpc[side]),
        *([json.dumps({**NO_GRPC, "typed_per_filter_config": OPEN[side]})] if side == "public" else []),
        json.dumps(_fixed(side, {"prefix": "/"}, answers.UNKNOWN)),
    ]
    domains = json.dumps(list(settings.hosts) if side == "public" else ["*"])
    tables = [f'{{"name": "gateway", "domains": {domains}, "routes": [\n' + ",\n".join(entries) + "\n]}"]
    if side == "public":
        foreign = [
            _fixed(side, {"prefix": "/", "grpc": {}}, answers.as_grpc(answers.FOREIGN_HOST)),
            _fixed(side, {"prefix": "/"}, answers.FOREIGN_HOST),
        ]
        tables += [part.host for part in parts]
        tables.append(json.dumps({"name": "foreign", "domains": ["*"], "routes": foreign}))
    head = json.dumps(
        {
            "@type": _ROUTES,
            "name": side,
            "ignore_port_in_host_matching": True,
            "max_direct_response_body_size_bytes": 65536,
            "request_headers_to_remove": REMOVED,
        }
    )
    return head[:-1] + ', "virtual_hosts": [\n' + ",\n".join(tables) + "\n]}"


def _text(body: str) -> dict[str, Any]:
    return {"direct_response": {"status": 200, "body": {"inline_string": body}}}


def _fixed(side: Side, match: dict[str, Any], action: dict[str, Any]) -> dict[str, Any]:
    return {"match": match, "typed_per_filter_config": OPEN[side], **action}
