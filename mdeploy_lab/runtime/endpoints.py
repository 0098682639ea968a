"""The paths that belong to no dialect: ``/`` (what this model is), ``/ping``, ``/health`` and ``/metrics``."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from mdeploy_lab.models.metrics import CONTENT_TYPE, prometheus
from mdeploy_lab.runtime.describing import describe
from mdeploy_lab.runtime.dialect import JSON, Dialect, Example, Request, Response, Route, json_response

if TYPE_CHECKING:
    from mdeploy_lab.runtime.loader import ServedModel
    from mdeploy_lab.runtime.metrics import Metrics


class Condition(Protocol):
    """What the health paths ask the server."""

    draining: bool
    wedged: bool
    metrics: Metrics


class CoreDialect(Dialect):
    """Description and health."""

    name = "core"
    title = "description and health"

    def __init__(self, condition: Condition, dialects: Sequence[Dialect]) -> None:
        self._condition = condition
        self._dialects = dialects
        self._description: bytes | None = None

    def routes(self) -> tuple[Route, ...]:
        """Return the four paths."""
        return (
            Route("GET", "/", answer=self._about),
            Route("GET", "/ping", answer=self._ping),
            Route("GET", "/health", answer=self._health),
            Route("GET", "/metrics", answer=self._metrics),
        )

    def describe(self, model: ServedModel) -> Example:  # noqa: ARG002  # the same for every model
        """Return the description's path."""
        return Example("/", None, method="GET")

    def _ready(self) -> bool:
        return not (self._condition.draining or self._condition.wedged)

    def _ping(self, _request: Request, _model: ServedModel) -> Response:
        return Response(b"\n", 200 if self._ready() else 503)

    def _health(self, _request: Request, model: ServedModel) -> Response:
        spec = model.spec
        body = {
            "live": not self._condition.wedged,
            "ready": self._ready(),
            "deployment": spec.deployment,
            "revision": spec.revision,
            "replica": spec.replica,
            "model": spec.template.model.uri,
        }
        return json_response(body, 200 if self._ready() else 503)

    def _metrics(self, request: Request, model: ServedModel) -> Response:
        """Return this replica's numbers for Prometheus, or as JSON to who asks for that."""
        told = self._condition.metrics.told()
        if JSON in request.header(b"accept"):
            return Response(told.model_dump_json().encode())
        return Response(prometheus([(model.spec.deployment, told)]).encode(), content_type=CONTENT_TYPE)

    def _about(self, _request: Request, model: ServedModel) -> Response:
        if self._description is None:
            self._description = describe(model, self._dialects).model_dump_json().encode()
        return Response(self._description)


def nearest(path: str, dialects: Sequence[Dialect]) -> Dialect:
    """Return the dialect that a path was probably meant for; MLflow's when nothing is near."""
    best, score = next((d for d in dialects if d.name == "invocations"), dialects[0]), 0.45
    for dialect in dialects:
        for route in dialect.routes():
            ratio = difflib.SequenceMatcher(None, path.lower()[:200], route.path.lower()).ratio()
            if path.startswith(f"/{route.path.split('/')[1]}/"):
                ratio += 0.5
            if ratio > score:
                best, score = dialect, ratio
    return best
