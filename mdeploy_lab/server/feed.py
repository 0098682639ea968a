"""One subscription to the engine, shared by every browser that follows the same thing, and made again when it breaks."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tornado.httputil import HTTPHeaders

from mdeploy_lab.errors import MDeployError, from_body
from mdeploy_lab.server.engine import EngineLink
from mdeploy_lab.server.outbox import Message, Outbox
from mdeploy_lab.server.upstream import UpstreamGone, plain_headers

FIRST_RETRY_SECONDS = 0.25
LAST_RETRY_SECONDS = 5.0
LINE_LIMIT = 32 * 1024 * 1024
OK = 200
SERVER_ERROR = 500

Wrap = Callable[[Message], Message]


class Feed:
    """Follows one path of the engine as long as somebody listens.

    ``wrap`` makes a message of each line. ``keep`` is how many of the newest messages somebody who joins later gets to see.
    """

    def __init__(self, engine: EngineLink, path: str, wrap: Wrap, log: logging.Logger, *, keep: int = 0) -> None:
        self._engine = engine
        self._path = path
        self._wrap = wrap
        self._log = log
        self._kept: deque[Message] = deque(maxlen=keep)
        self._listeners: set[Outbox] = set()
        self._task: asyncio.Task[None] | None = None
        self._state: Message | None = None
        self._greeting: Message | None = None

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def join(self, outbox: Outbox) -> None:
        """Let a browser listen: it is told at once how things stand, and everything from now on."""
        if outbox in self._listeners:
            return
        self._listeners.add(outbox)
        if self._state is not None:
            outbox.put(self._state)
        if self._greeting is not None:
            outbox.put(self._greeting)
        for message in self._kept:
            outbox.put(message)
        if self._task is None:
            self._task = asyncio.create_task(self._follow(), name=f"mdeploy feed {self._path}")

    async def leave(self, outbox: Outbox) -> None:
        """Stop listening; with the last one the subscription ends."""
        self._listeners.discard(outbox)
        if not self._listeners:
            await self.close()

    async def close(self) -> None:
        """End the subscription."""
        task, self._task = self._task, None
        self._state = self._greeting = None
        self._kept.clear()
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _say(self, message: Message) -> None:
        for outbox in tuple(self._listeners):
            outbox.put(message)

    def _say_state(self, *, connected: bool, error: MDeployError | None = None) -> None:
        state = self._wrap({"topic": "engine", "connected": connected})
        if error is not None:
            state["error"] = error.to_body()
        if state != self._state:
            self._state = state
            self._say(state)

    async def _follow(self) -> None:
        delay = FIRST_RETRY_SECONDS
        while True:
            error: MDeployError = self._engine.away()
            try:
                await self._read()
            except UpstreamGone:
                self._log.debug("mdeploy: the stream %s ended", self._path)
            except MDeployError as refusal:
                error = refusal
            except Exception:  # noqa: BLE001  # a feed that dies would show old things as new; it tries again
                self._log.exception("mdeploy: reading %s failed", self._path)
            if self._greeting is not None:
                delay = FIRST_RETRY_SECONDS
            self._greeting = None
            self._say_state(connected=False, error=error)
            if error.http_status < SERVER_ERROR:
                return  # what is followed does not exist: asking again changes nothing
            await asyncio.sleep(delay)
            delay = min(delay * 2, LAST_RETRY_SECONDS)

    async def _read(self) -> None:
        headers = plain_headers({"Accept": "application/x-ndjson"})
        exchange = await self._engine.open("GET", self._path, headers, asked=False)
        lines = _Lines(self._take, self._connected)
        try:
            await exchange.answer(lines.head, lines.chunk)
        finally:
            exchange.close()
        lines.check()

    def _connected(self) -> None:
        self._kept.clear()
        self._say_state(connected=True)
        self._greeting = self._wrap({"topic": "hello"})
        self._say(self._greeting)

    def _take(self, value: Message) -> None:
        if value.get("topic") == "hello":
            return  # said when the connection was made; later ones only keep it alive
        message = self._wrap(value)
        if self._kept.maxlen:
            self._kept.append(message)
        self._say(message)


class _Lines:
    """Cuts a streamed answer into JSON lines."""

    def __init__(self, take: Callable[[Message], None], connected: Callable[[], None]) -> None:
        self._take = take
        self._connected = connected
        self._rest = bytearray()
        self._status = 0

    async def head(self, status: int, reason: str, headers: HTTPHeaders) -> None:
        del reason, headers
        self._status = status
        if status == OK:
            self._connected()

    async def chunk(self, data: bytes) -> None:
        self._rest.extend(data)
        if len(self._rest) > LINE_LIMIT:
            raise UpstreamGone("a line is too long")
        if self._status != OK:
            return
        *lines, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        for line in lines:
            if line.strip():
                self._take(json.loads(line))

    def check(self) -> None:
        """Raise what the engine answered instead of a stream."""
        if self._status == OK:
            return
        body: Any = {}
        with suppress(ValueError):
            body = json.loads(bytes(self._rest))
        raise from_body(body if isinstance(body, dict) else {}, self._status)
