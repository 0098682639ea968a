"""Counts what a replica does: plain numbers, written by the event loop and the worker, read when somebody asks.

A request costs a look into a dict and two searches among a dozen bounds. The worker's numbers are written by its thread alone,
and those of requests by the event loop alone, so that no lock is needed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime, timezone

from mdeploy_lab.models.metrics import Histogram, ReplicaMetrics, RequestCount
from mdeploy_lab.runtime.feedback import Rewards
from mdeploy_lab.runtime.spec import ReplicaSpec

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)


class Observations:
    """A histogram that is being filled by one thread."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Count one."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def told(self) -> Histogram:
        """Return what was counted so far."""
        return Histogram(bounds=self.bounds, counts=tuple(self.counts), sum=self.sum)


class Metrics:
    """Everything that is counted of one replica."""

    def __init__(self, spec: ReplicaSpec, rewards: Rewards) -> None:
        self.in_flight: Callable[[], int] = lambda: 0
        self.waiting: Callable[[], int] = lambda: 0
        self._spec = spec
        self._rewards = rewards
        self._started = datetime.now(timezone.utc)
        self._requests: dict[tuple[str, int], int] = {}
        self._seconds = Observations(SECONDS)
        self._predicting = Observations(SECONDS)
        self._sizes = Observations(SIZES)
        self._received = 0
        self._sent = 0

    def answered(self, dialect: str, status: int, seconds: float, received: int, sent: int) -> None:
        """Count a request; on the event loop."""
        key = (dialect, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        self._seconds.add(seconds)
        self._received += received
        self._sent += sent

    def predicted(self, requests: int, seconds: float) -> None:
        """Count requests that were answered together; in the worker."""
        self._predicting.add(seconds)
        self._sizes.add(requests)

    def told(self) -> ReplicaMetrics:
        """Return what was counted so far."""
        spec = self._spec
        return ReplicaMetrics(
            replica=spec.replica,
            revision=spec.revision,
            model=spec.template.model.name or spec.template.model.uri,
            version=spec.template.model.version,
            started_at=self._started,
            requests=tuple(RequestCount(dialect=d, status=s, count=n) for (d, s), n in sorted(self._requests.items())),
            request_seconds=self._seconds.told(),
            predict_seconds=self._predicting.told(),
            batch_size=self._sizes.told(),
            received_bytes=self._received,
            sent_bytes=self._sent,
            in_flight=self.in_flight(),
            waiting=self.waiting(),
            feedback=self._rewards.count,
            reward=self._rewards.sum,
        )
