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
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any

from mdeploy_lab.runtime.batching import Question, together
from mdeploy_lab.runtime.context import RequestContext, enter
from mdeploy_lab.runtime.dialect import Dialect, Request, Response, Route, Streamed
from mdeploy_lab.runtime.endpoints import CoreDialect, nearest
from mdeploy_lab.runtime.loader import ServedModel
from mdeploy_lab.runtime.logs import JsonLog
from mdeploy_lab.runtime.metrics import Metrics
from mdeploy_lab.runtime.prediction import Job, Worker
from mdeploy_lab.runtime.problems import (
    BodyTooLarge,
    BodyTooSlow,
    Draining,
    MethodWrong,
    ModelRaised,
    Overloaded,
    PathUnknown,
    PredictionTimedOut,
    RequestProblem,
    SecretWrong,
    Wedged,
)

log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

WATCH_AFTER = 0.05
"""Seconds of waiting after which the server begins to look whether the caller has gone."""

READ_ON = 100_000_000
"""Bytes beyond the limit that are read and thrown away."""

_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")


class Gone(Exception):
    """Raised when the caller closed the connection."""


class Waiting:
    """A request that waits for its answer."""

    __slots__ = ("deadline", "job", "receive", "since", "watcher")

    def __init__(self, job: Job, receive: Receive, deadline: float) -> None:
        self.job = job
        self.receive = receive
        self.deadline = deadline
        self.since = time.monotonic()
        self.watcher: asyncio.Future[None] | None = None


class _Clock:
    """Ends a task's wait when it rings; ``wait_for`` would need a task of its own for each request."""

    __slots__ = ("_task", "rang")

    def __init__(self, task: asyncio.Task[Any] | None) -> None:
        self._task = task
        self.rang = False

    def ring(self) -> None:
        self.rang = True
        if self._task is not None:
            self._task.cancel()

    def forget(self) -> None:
        """Take the cancellation back, where Python counts them (3.11)."""
        if self._task is not None and hasattr(self._task, "uncancel"):
            self._task.uncancel()


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
        self._waiting: dict[Waiting, None] = {}
        self._warden: asyncio.TimerHandle | None = None
        if model.plan is not None and model.plan.rowwise:
            worker.together = together
        self.metrics = Metrics(spec, model.rewards)
        self.metrics.in_flight = lambda: self.in_flight
        self.metrics.waiting = lambda: worker.depth
        worker.on_done = self.metrics.predicted
        self._core = CoreDialect(self, dialects)
        self._dialects = dialects
        self._exact: dict[str, dict[str, tuple[Dialect, Route]]] = {}
        self._patterns: list[tuple[re.Pattern[str], dict[str, tuple[Dialect, Route]]]] = []
        for dialect in (self._core, *dialects):
            for route in dialect.routes():
                self._add(dialect, route)

    def _add(self, dialect: Dialect, route: Route) -> None:
        if "{" not in route.path:
            self._exact.setdefault(route.path, {})[route.method] = (dialect, route)
            return
        pattern = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(route.path)))
        for known, methods in self._patterns:
            if known.pattern == pattern.pattern:
                methods[route.method] = (dialect, route)
                return
        self._patterns.append((pattern, {route.method: (dialect, route)}))

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
        gone = asyncio.ensure_future(_disconnected(receive))
        sent = 0
        try:
            while not gone.done():
                job = self._worker.submit(lambda: next(pieces, b""), request=False)
                part = await self._wait(job, receive, time.monotonic() + self._timeout)
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
            dialect, route = self._find(request)
            context.dialect = dialect.name
            if route.answer is not None:
                if route.reads:
                    request.body = await self._whole_body(request, receive)
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

    def _find(self, request: Request) -> tuple[Dialect, Route]:
        path = request.path.rstrip("/") or "/"
        methods = self._exact.get(path)
        if methods is None:
            for pattern, known in self._patterns:
                if match := pattern.fullmatch(path):
                    request.values = match.groupdict()
                    methods = known
                    break
        if methods is None:
            dialect = nearest(path, self._dialects)
            raise PathUnknown(
                f"no dialect answers here; the nearest is {dialect.title}",
                hint=f"send {dialect.describe(self.model).method} {dialect.describe(self.model).path}; GET / lists all",
                details={"dialect": dialect.name, "example": dialect.describe(self.model).wire()},
            )
        method = "GET" if request.method == "HEAD" else request.method
        found = methods.get(method)
        if found is None:
            allow = sorted(methods)
            raise MethodWrong("this path has other methods", allow=allow, hint=f"use {' or '.join(allow)}")
        return found

    async def _predict(self, route: Route, request: Request, receive: Receive) -> Response:
        self._admit()
        deadline = time.monotonic() + self._timeout
        request.body = await self._whole_body(request, receive)
        self._admit()
        self._buffered += len(request.body)
        try:
            job = self._worker.submit(Question(route, request, self.model))
            answer: Response = await self._wait(job, receive, deadline)
            return answer
        finally:
            self._buffered -= len(request.body)

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

    async def _whole_body(self, request: Request, receive: Receive) -> bytes:
        clock = _Clock(asyncio.current_task())
        timer = asyncio.get_running_loop().call_later(self._timeout, clock.ring)
        try:
            return await self._body(request.headers, receive)
        except asyncio.CancelledError:
            if not clock.rang:
                raise
            clock.forget()
            raise BodyTooSlow(
                f"the body did not arrive within {self._timeout:g} s", hint="send it faster or in smaller parts"
            ) from None
        finally:
            timer.cancel()

    async def _body(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        announced = headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self._limit:
            raise self._too_large()
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise Gone
            part = message.get("body", b"")
            size += len(part)
            more = message.get("more_body", False)
            if size > self._limit:  # read on, or the caller's sending breaks before the refusal arrives
                parts.clear()
                if not more or size > self._limit + READ_ON:
                    raise self._too_large()
                continue
            parts.append(part)
            if not more:
                return parts[0] if len(parts) == 1 else b"".join(parts)

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(
            f"the body has more than {self._limit} bytes",
            hint="send fewer rows at a time, or raise max_payload",
            details={"max_payload": self._limit},
        )

    async def _wait(self, job: Job, receive: Receive, deadline: float) -> Any:
        """Wait for a job, not longer than the deadline, and drop it when the caller leaves: both are the warden's to notice."""
        waiting = Waiting(job, receive, deadline)
        self._waiting[waiting] = None
        if self._warden is None:
            self._warden = asyncio.get_running_loop().call_later(WATCH_AFTER, self._look_round)
        try:
            return await job.future
        finally:
            del self._waiting[waiting]
            if waiting.watcher is not None:
                waiting.watcher.cancel()

    def _look_round(self) -> None:
        """Give up what is late, and begin to watch the callers of what takes long."""
        now = time.monotonic()
        for waiting in self._waiting:
            if now >= waiting.deadline:
                self._give_up(waiting)
            elif waiting.watcher is None and now - waiting.since >= WATCH_AFTER:
                waiting.watcher = asyncio.ensure_future(self._leave_with(waiting))
        again = bool(self._waiting)
        self._warden = asyncio.get_running_loop().call_later(WATCH_AFTER, self._look_round) if again else None

    def _give_up(self, waiting: Waiting) -> None:
        if waiting.job.future.done():
            return
        waiting.job.abandon()
        self._watch_wedge(waiting.job)
        waiting.job.future.set_exception(
            PredictionTimedOut(
                f"the prediction took longer than {self._timeout:g} s",
                hint="send fewer rows at a time, or raise predict_timeout",
            )
        )

    async def _leave_with(self, waiting: Waiting) -> None:
        await _disconnected(waiting.receive)
        if not waiting.job.future.done():
            waiting.job.abandon()
            waiting.job.future.set_exception(Gone())

    def _watch_wedge(self, job: Job) -> None:
        """Look again after a grace: a worker that is still in the same job is stuck."""
        if job.started is None:
            return
        grace = min(5.0, max(0.5, self._timeout / 2))
        asyncio.get_running_loop().call_later(grace, self._check_wedge, job)

    def _check_wedge(self, job: Job) -> None:
        if job.ended or job.started is None or self.wedged:
            return
        self.wedged = True
        job.on_end = self._unwedge
        log.error("the model is stuck: one prediction has run for %.1f s, at %s", self._worker.busy_for(), self._worker.where())
        self._on_wedged(True)

    def _unwedge(self) -> None:
        self.wedged = False
        log.warning("the model answers again")
        self._on_wedged(False)


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


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, response: Response, headers: list[tuple[bytes, bytes]], *, head: bool) -> None:
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else response.body})
