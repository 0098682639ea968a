"""What waits to be sent to one browser: bounded, newest state wins, and what was left out is counted. No I/O."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

LIMIT = 5000
LINES_PER_MESSAGE = 200
CHARACTERS_PER_MESSAGE = 200_000

Message = dict[str, Any]


class Outbox:
    """Messages for one browser. ``put`` never waits, so one slow browser holds up nobody else.

    Of one deployment only the newest state is kept: a browser that was slow sees the present, not the past. Lines and events
    beyond the limit are dropped and counted until half of the queue has been sent; a ``skipped`` message with the count stands
    where the gap is. Lines of one log that follow each other go out together.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._queue: deque[tuple[str, Message]] = deque()
        self._latest: dict[str, Message] = {}
        self._gaps: dict[tuple[str, str], Message] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, message: Message) -> None:
        """Queue a message."""
        topic, name = str(message.get("topic", "")), str(message.get("id", ""))
        if topic in {"deployment", "deleted"}:
            self._put_latest(name, message)
        elif topic in {"event", "log", "skipped", "error"} and (self._gaps or len(self._queue) >= self._limit):
            self._skip(topic, name, message)
        else:
            self._queue.append(("", message))
        self._wake.set()

    def _put_latest(self, key: str, message: Message) -> None:
        if key not in self._latest:
            self._queue.append((key, {}))
        self._latest[key] = message

    def _skip(self, topic: str, name: str, message: Message) -> None:
        key = (str(message.get("subscription", "")), name)
        gap = self._gaps.get(key)
        if gap is None:
            gap = self._gaps[key] = {"topic": "skipped", "id": name, "count": 0}
            if key[0]:
                gap["subscription"] = key[0]
            self._queue.append(("", gap))
        gap["count"] += max(int(message.get("count", 0)), 1) if topic == "skipped" else 1

    async def get(self) -> Message:
        """Return the next message, waiting for one; log lines as ``lines``."""
        while not self._queue:
            self._wake.clear()
            await self._wake.wait()
        message = self._pop()
        if message.get("topic") == "log":
            message = self._with_lines(message)
        if len(self._queue) <= self._limit // 2:
            self._gaps.clear()
        return message

    def _pop(self) -> Message:
        key, message = self._queue.popleft()
        if message.get("topic") == "skipped":  # it is on its way: what is left out from now on is another gap
            self._gaps = {name: gap for name, gap in self._gaps.items() if gap is not message}
        return self._latest.pop(key) if key else message

    def _with_lines(self, first: Message) -> Message:
        whole = {name: value for name, value in first.items() if name != "line"}
        lines = whole["lines"] = [first["line"]]
        size = len(first["line"]["message"])
        while self._queue and len(lines) < LINES_PER_MESSAGE and _is_of(self._queue[0][1], whole):
            size += len(self._queue[0][1]["line"]["message"])
            if size > CHARACTERS_PER_MESSAGE:
                break
            lines.append(self._queue.popleft()[1]["line"])
        return whole


def _is_of(message: Message, log: Message) -> bool:
    return message.get("topic") == "log" and all(message.get(name) == log.get(name) for name in ("id", "subscription"))
