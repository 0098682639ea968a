"""What widgets follow: one stream to the engine per topic, shared by this kernel's widgets, in the words of the WebSocket.

Everything here runs on the client's background loop, so a widget is live while a cell runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qsl

import mdeploy_lab
from mdeploy_lab.client.core import AsyncClient
from mdeploy_lab.client.transport import actor, segment
from mdeploy_lab.errors import InvalidInput, MDeployError

DEPLOYMENTS = "deployments"
LOG_TAIL = 2000
LINES_AT_ONCE = 200
FIRST_RETRY = 0.5
LAST_RETRY = 10.0

Message = dict[str, Any]
Listener = Callable[[Message], None]


class Channel:
    """One topic: its listeners, and the task that reads it while there are any."""

    def __init__(self, client: AsyncClient, topic: str) -> None:
        self._client = client
        self._topic = topic
        self._path, self._params = _source(topic)
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def join(self, listener: Listener) -> None:
        """Let somebody listen; what a newcomer has to know is said again to all, which costs a fetch and loses nothing."""
        self._listeners.add(listener)
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.create_task(self._follow(), name=f"mdeploy widget {self._topic}")

    def leave(self, listener: Listener) -> None:
        """Stop listening; with the last one the stream ends."""
        self._listeners.discard(listener)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    def _say(self, message: Message) -> None:
        for listener in tuple(self._listeners):
            listener(message)

    async def _follow(self) -> None:
        delay = FIRST_RETRY
        while True:
            try:
                async for message in self._messages():
                    delay = FIRST_RETRY
                    self._say(message)
                error: MDeployError | None = None
            except MDeployError as raised:
                error = raised
            lost: Message = {"topic": "engine", "connected": False, "subscription": self._topic}
            self._say({**lost, "error": error.to_body()} if error is not None else lost)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LAST_RETRY)

    async def _messages(self) -> AsyncIterator[Message]:
        lines = self._client.transport.lines(self._path, self._params)
        connected = {"topic": "engine", "connected": True, "subscription": self._topic}
        if self._topic == DEPLOYMENTS:
            async for change in lines:
                if change["topic"] == "hello":
                    yield connected
                yield change
            return
        yield connected
        yield {"topic": "hello", "subscription": self._topic}
        async for block in _blocks(lines):
            yield {"topic": "log", "id": log_id(self._topic), "lines": block, "subscription": self._topic}


async def _blocks(lines: AsyncIterator[Any]) -> AsyncIterator[list[Any]]:
    """Put lines that are there together into one message; a lone one waits for nothing."""
    queue: asyncio.Queue[Any] = asyncio.Queue(maxsize=LINES_AT_ONCE)
    end = object()

    async def pump() -> None:
        try:
            async for line in lines:
                await queue.put(line)
        finally:
            await queue.put(end)

    task = asyncio.create_task(pump())
    try:
        while True:
            block = [await queue.get()]
            while not queue.empty() and len(block) < LINES_AT_ONCE:
                block.append(queue.get_nowait())
            found = [line for line in block if line is not end]
            if found:
                yield found
            if len(found) < len(block):
                await task
                return
    finally:
        task.cancel()


class Channels:
    """All topics of one client."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self._channels: dict[str, Channel] = {}

    def greeting(self) -> list[Message]:
        """Return what a front end is told first: who it is here, and that there is a connection."""
        server = {"topic": "server", "version": mdeploy_lab.__version__, "actor": actor(), "can_write": True}
        return [{"topic": "connection", "open": True}, server]

    def join(self, topic: str, listener: Listener) -> None:
        """Follow ``deployments`` or ``log/<id>[?replica=…&revision=…]``.

        Raises
        ------
        InvalidInput
            When there is no such topic.
        """
        channel = self._channels.get(topic)
        if channel is None:
            channel = self._channels[topic] = Channel(self.client, topic)
        channel.join(listener)

    def leave(self, topic: str, listener: Listener) -> None:
        """Stop following."""
        channel = self._channels.get(topic)
        if channel is not None:
            channel.leave(listener)
            if not channel:
                del self._channels[topic]


def log_id(topic: str) -> str:
    """Return whose log a topic is."""
    return topic.removeprefix("log/").partition("?")[0]


def _source(topic: str) -> tuple[str, dict[str, Any]]:
    if topic == DEPLOYMENTS:
        return "/events", {}
    if not topic.startswith("log/"):
        raise InvalidInput(f"there is no topic {topic[:200]!r}", hint="topics are deployments and log/<id>")
    filters = dict(parse_qsl(topic.partition("?")[2]))
    return f"/deployments/{segment(log_id(topic))}/logs", {**filters, "follow": True, "tail": LOG_TAIL}


_channels: dict[int, Channels] = {}


def channels_of(client: AsyncClient) -> Channels:
    """Return the channels of a client; one for all its widgets."""
    found = _channels.get(id(client))
    if found is None or found.client is not client:
        found = _channels[id(client)] = Channels(client)
    return found
