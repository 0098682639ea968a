"""What waits to be sent to one browser: bounded, newest state wins, and what was left out is counted. No I/O."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

LIMIT = 5000

Message = dict[str, Any]


class Outbox:
    """Messages for one browser. ``put`` never waits, so one slow browser holds up nobody else.

    Of one deployment only the newest state is kept: a browser that was slow sees the present, not the past. Lines and events
    beyond the limit are dropped and counted, and the count is said by a ``skipped`` message where the gap is.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._queue: deque[tuple[str, Message]] = deque()
        self._latest: dict[str, Message] = {}
        self._skipped: dict[str, Message] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, message: Message) -> None:
        """Queue a message."""
        topic, name = str(message.get("topic", "")), str(message.get("id", ""))
        if topic in {"deployment", "deleted"}:
            self._put_latest(name, message)
        elif len(self._queue) >= self._limit:
            self._skip(topic, name, message)
        else:
            self._queue.append(("", message))
        self._wake.set()

    def _put_latest(self, key: str, message: Message) -> None:
        if key not in self._latest:
            self._queue.append((key, {}))
        self._latest[key] = message

    def _skip(self, topic: str, name: str, message: Message) -> None:
        count = int(message.get("count", 0)) if topic == "skipped" else 1
        known = self._skipped.setdefault(name, {"topic": "skipped", "id": name, "count": 0})
        known["count"] += max(count, 1)

    async def get(self) -> Message:
        """Return the next message, waiting for one."""
        while True:
            if self._queue:
                key, message = self._queue.popleft()
                return self._latest.pop(key) if key else message
            if self._skipped:
                return self._skipped.pop(next(iter(self._skipped)))
            self._wake.clear()
            await self._wake.wait()
