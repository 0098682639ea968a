"""The server core: a bare ASGI application that knows routes, limits, deadlines and queues, and no dialect."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mdeploy_lab.runtime.asgi import Gone, Message, Receive, Send, disconnected
from mdeploy_lab.runtime.batching import Question, together
from mdeploy_lab.runtime.bodies import Bodies
from mdeploy_lab.runtime.context import RequestContext, enter
from mdeploy_lab.runtime.dialect import Dialect, Request, Response, Route, Streamed
from mdeploy_lab.runtime.endpoints import CoreDialect
from mdeploy_lab.runtime.loader import ServedModel
from mdeploy_lab.runtime.logs import JsonLog
from mdeploy_lab.runtime.metrics import Metrics
from mdeploy_lab.runtime.prediction import Worker
from mdeploy_lab.runtime.problems import (
    Draining,
    ModelRaised,
    Overloaded,
    PredictionTimedOut,
    RequestProblem,
    SecretWrong,
    Wedged,
)
from mdeploy_lab.runtime.routing import Routes
from mdeploy_lab.runtime.warden import Warden

log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")


class Application:
    """Answers requests for one loaded model."""

    def __init__(
        self,
        model: ServedModel,
        worker: Worker,
        dialects: Sequence[Dialect],
        access: JsonLog,
        *,
        secret: str = "",
        on_wedged: Callable[[bool], None] = lambda _wedged: None,
    ) -> None:
        spec = model.spec
        options = spec.template.runtime
        self.model = model
        self.leaving = False
        self.draining = False
        self.wedged = False
        self.in_flight = 0
        self.idle = asyncio.Event()
        self.idle.set()
        self._worker = worker
        self._access = access
        self._secret = secret.encode()
        self._on_wedged = on_wedged
        self._timeout = options.predict_timeout
        self._limit = options.max_payload
        self._buffered = 0
        self._buffer_limit = max(2 * options.max_payload, 256_000_000)
        self._fixed = (
            (b"x-mdeploy-revision", str(spec.revision).encode()),
            (b"x-mdeploy-replica-id", spec.replica.encode()),
        )
        if model.plan is not None and model.plan.rowwise:
            worker.together = together
        self.metrics = Metrics(spec, model.rewards)
        self.metrics.in_flight = lambda: self.in_flight
        self.metrics.waiting = lambda: worker.depth
        worker.on_done = self.metrics.predicted
        self._core = CoreDialect(self, dialects)
        self._dialects = dialects
        self._routes = Routes((self._core, *dialects), dialects, model)
        self._bodies = Bodies(self._timeout, self._limit)
        self._warden = Warden(worker, self._timeout, self._stuck)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        if scope["type"] != "http":
            return
        begun = time.perf_counter()
        headers = dict(scope["headers"])
        request = Request(scope["method"], scope["path"], scope["query_string"], headers)
        request.request_id = _request_id(headers)
        user = headers.get(b"x-forwarded-user", b"").decode("latin-1")
        spec = self.model.spec
        context = RequestContext(request.request_id, user, spec.deployment, spec.revision, spec.replica, "", headers)
        enter(context)
        self.in_flight += 1
        self.idle.clear()
        sent = 0
        try:
            response = await self._respond(request, receive, context)
            if isinstance(response, Streamed):
                sent = await self._stream(request, response, receive, send)
            else:
                await _send(send, response, self._headers(request, response), head=request.method == "HEAD")
                sent = len(response.body)
            status = response.means or response.status
        except Gone:
            status = 499
        finally:
            self.in_flight -= 1
            if not self.in_flight:
                self.idle.set()
        took = time.perf_counter() - begun
        self.metrics.answered(context.dialect, status, took, len(request.body), sent)
        self._access.later(lambda: _access(request, status, took, user), now=not self.in_flight)

    def _headers(self, request: Request, response: Response) -> list[tuple[bytes, bytes]]:
        found = [
            (b"content-type", response.content_type.encode()),
            (b"x-request-id", request.request_id.encode()),
            *self._fixed,
            *response.headers,
        ]
        if isinstance(response, Streamed):
            found.append((b"cache-control", b"no-cache"))
        else:
            found.append((b"content-length", str(len(response.body)).encode()))
        if self.leaving and not any(name == b"connection" for name, _ in response.headers):
            found.append((b"connection", b"close"))
        return found

    async def _stream(self, request: Request, response: Streamed, receive: Receive, send: Send) -> int:
        """Send an answer piece by piece, each asked of the worker when the one before is out; return the bytes sent."""
        pieces = response.pieces
        assert pieces is not None
        await send({"type": "http.response.start", "status": response.status, "headers": self._headers(request, response)})
        gone = asyncio.ensure_future(disconnected(receive))
        sent = 0
        try:
            while not gone.done():
                job = self._worker.submit(lambda: next(pieces, b""), request=False)
                part = await self._warden.wait(job, receive, time.monotonic() + self._timeout)
                if not part:
                    break
                sent += len(part)
                await send({"type": "http.response.body", "body": part, "more_body": True})
        except RequestProblem as problem:  # too late for a status
            body = json.dumps(problem.to_body()).encode()
            await send({"type": "http.response.body", "body": b"event: error\ndata: " + body + b"\n\n", "more_body": True})
        finally:
            left = gone.done()
            gone.cancel()
            with contextlib.suppress(Overloaded):
                self._worker.submit(pieces.close, request=False)
        if left:
            raise Gone
        await send({"type": "http.response.body", "body": b""})
        return sent

    async def _respond(self, request: Request, receive: Receive, context: RequestContext) -> Response:
        dialect: Dialect = self._core
        try:
            self._check_secret(request.headers)
            dialect, route = self._routes.find(request)
            context.dialect = dialect.name
            if route.answer is not None:
                if route.reads:
                    request.body = await self._bodies.whole(request, receive)
                    if self.model.hooks:
                        return await self._by_worker(route.answer, request)
                return route.answer(request, self.model)
            return await self._predict(route, request, receive)
        except RequestProblem as problem:
            problem.details.setdefault("request_id", request.request_id)
            return (self._speaker(request) if dialect is self._core else dialect).refuse(problem)
        except Gone:
            raise
        except Exception:  # a fault of ours: the caller gets a body, the log the trace
            log.exception("unhandled error")
            fault = ModelRaised("unhandled error", hint="the deployment's log has the traceback")
            fault.details["request_id"] = request.request_id
            return dialect.refuse(fault)

    async def _by_worker(self, reply: Callable[[Request, ServedModel], Response], request: Request) -> Response:
        """Reply in the model's thread: a script may have a say in it, whose code runs nowhere else."""
        try:
            response: Response = await asyncio.wait_for(self._worker.call(lambda: reply(request, self.model)), self._timeout)
        except asyncio.TimeoutError:
            raise PredictionTimedOut(f"the script took longer than {self._timeout:g} s", hint="raise predict_timeout") from None
        return response

    def _check_secret(self, headers: Mapping[bytes, bytes]) -> None:
        if self._secret and not hmac.compare_digest(headers.get(b"x-mdeploy-replica", b""), self._secret):
            raise SecretWrong("this port belongs to the gateway", hint="call the deployment's URL instead")

    def _speaker(self, request: Request) -> Dialect:
        """Return the dialect that a request without a known path is answered in."""
        kind = request.media_type.partition("+")[0]
        return next((d for d in self._dialects if d.binary and kind in d.content_types), self._core)

    async def _predict(self, route: Route, request: Request, receive: Receive) -> Response:
        self._admit()
        deadline = time.monotonic() + self._timeout
        request.body = await self._bodies.whole(request, receive)
        self._admit()
        self._buffered += len(request.body)
        try:
            job = self._worker.submit(Question(route, request, self.model))
            answer: Response = await self._warden.wait(job, receive, deadline)
            return answer
        finally:
            self._buffered -= len(request.body)

    def _stuck(self, wedged: bool) -> None:  # noqa: FBT001  # a callback with one fact
        self.wedged = wedged
        self._on_wedged(wedged)

    def _admit(self) -> None:
        if self.draining:
            raise Draining("this replica is about to end", hint="send the request again")
        if self.wedged:
            raise Wedged("the model is stuck in an earlier prediction", hint="it is being restarted; try again soon")
        if self._worker.full or self._buffered > self._buffer_limit:
            raise Overloaded(
                "too many requests are waiting for this model",
                hint="try again in a moment, or give the deployment more replicas",
            )


def _access(request: Request, status: int, took: float, user: str) -> dict[str, Any]:
    """Return the line of the access log."""
    ms = round(took * 1000, 2)
    return {
        "message": f"{request.method} {request.path[:300]} {status} {ms} ms",
        "stream": "access",
        "request_id": request.request_id,
        "status": status,
        "ms": ms,
        "bytes": len(request.body),
        "user": user,
    }


def _request_id(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"")
    return given.decode("ascii") if _REQUEST_ID.fullmatch(given) else os.urandom(16).hex()


async def _send(send: Send, response: Response, headers: list[tuple[bytes, bytes]], *, head: bool) -> None:
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else response.body})
