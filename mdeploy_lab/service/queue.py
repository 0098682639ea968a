"""A work queue keyed by deployment: one key is worked on by one worker at a time, and work that comes meanwhile is not lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

log = logging.getLogger(__name__)

BACKOFF_START = 0.2
BACKOFF_LIMIT = 30.0


class WorkQueue:
    """Calls ``work(key)`` for every key that was added, with back-off after a failure of the work itself.

    Work mostly waits (for a commit, for the gateway), and changes that wait together are applied together: hence many workers.
    """

    def __init__(self, work: Callable[[str], Awaitable[None]], workers: int = 64) -> None:
        self._work = work
        self._workers = workers
        self._ready: asyncio.Queue[str] = asyncio.Queue()
        self._waiting: set[str] = set()
        self._running: set[str] = set()
        self._again: set[str] = set()
        self._delays: dict[str, float] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start the workers."""
        self._tasks = [asyncio.create_task(self._loop(), name=f"reconcile-{i}") for i in range(self._workers)]

    async def stop(self) -> None:
        """Cancel the workers and the timers."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()

    def add(self, key: str) -> None:
        """Have ``key`` worked on as soon as possible."""
        if key in self._running:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.put_nowait(key)

    def add_after(self, key: str, seconds: float) -> None:
        """Have ``key`` worked on after a while; an earlier timer of the key stays."""
        loop = asyncio.get_running_loop()
        known = self._timers.get(key)
        if known is not None and not known.cancelled() and known.when() <= loop.time() + seconds:
            return
        if known is not None:
            known.cancel()
        self._timers[key] = loop.call_later(max(0.0, seconds), self._due, key)

    def _due(self, key: str) -> None:
        self._timers.pop(key, None)
        self.add(key)

    async def _loop(self) -> None:
        while True:
            key = await self._ready.get()
            self._waiting.discard(key)
            self._running.add(key)
            try:
                await self._work(key)
                self._delays.pop(key, None)
            except Exception:  # the queue must outlive any failure of one key; it is logged and tried again
                delay = min(self._delays.get(key, BACKOFF_START / 2) * 2, BACKOFF_LIMIT)
                self._delays[key] = delay
                log.exception("reconciling %s failed, trying again in %.1f s", key, delay)
                self.add_after(key, delay)
            finally:
                self._running.discard(key)
                if key in self._again:
                    self._again.discard(key)
                    self.add(key)
