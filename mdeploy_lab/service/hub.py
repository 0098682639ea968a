"""The event hub: who listens gets every change, and a listener that is too slow is told how much it missed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mdeploy_lab.models.history import Change

QUEUE_LIMIT = 1000


class Subscription:
    """One listener's queue. Changes of one deployment overtake each other: only the newest is kept."""

    def __init__(self, ids: frozenset[str]) -> None:
        self._ids = ids
        self._queue: deque[Change] = deque()
        self._latest: dict[str, Change] = {}
        self._skipped = 0
        self._wake = asyncio.Event()

    def offer(self, change: Change) -> None:
        """Queue a change; never waits."""
        if self._ids and change.id not in self._ids:
            return
        if change.topic == "deployment":
            known = self._latest.get(change.id)
            self._latest[change.id] = change
            if known is not None:
                self._wake.set()
                return
        elif len(self._queue) >= QUEUE_LIMIT:
            self._skipped += 1
            self._wake.set()
            return
        self._queue.append(change)
        self._wake.set()

    def __aiter__(self) -> AsyncIterator[Change]:
        return self

    async def __anext__(self) -> Change:
        while True:
            if self._queue:
                change = self._queue.popleft()
                return self._latest.pop(change.id, change) if change.topic == "deployment" else change
            if self._skipped:
                count, self._skipped = self._skipped, 0
                return Change(topic="skipped", count=count)
            self._wake.clear()
            await self._wake.wait()


class Hub:
    """Hands changes to all subscriptions."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()

    def publish(self, change: Change) -> None:
        """Offer a change to everybody."""
        for subscription in tuple(self._subscriptions):
            subscription.offer(change)

    @asynccontextmanager
    async def subscribe(self, ids: frozenset[str] = frozenset()) -> AsyncIterator[Subscription]:
        """Listen to all deployments, or to those with these ids, while the context is open."""
        subscription = Subscription(ids)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
