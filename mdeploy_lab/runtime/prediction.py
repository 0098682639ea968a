"""The model's one worker thread: work waits in a bounded queue, whoever waits may leave, a stuck model is noticed.

Libraries are used from one thread only (many are not safe from two), and always the same one, which also loads the model.
The seam for batching is ``_take``: it hands over everything that waits, and ``_execute`` may then merge what can be merged.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from mdeploy_lab.runtime.problems import Overloaded

QUEUE_LIMIT = 256
"""Requests that may wait for the worker, however slow the model is."""
QUEUE_SECONDS = 10.0
"""More of them may wait as long as the last will have its answer in this time: a busy second is no reason to refuse one."""
QUEUE_MOST = 4096
_WEIGHT = 0.1
"""What the newest job counts in the average of how long one takes."""


class Job:
    """One piece of work and the future that waits for it."""

    __slots__ = ("abandoned", "context", "future", "loop", "request", "run", "started")

    def __init__(self, run: Callable[[], Any], loop: asyncio.AbstractEventLoop, *, request: bool) -> None:
        self.run = run
        self.request = request
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.context = contextvars.copy_context()
        self.abandoned = False
        self.started: float | None = None

    def abandon(self) -> None:
        """Say that nobody waits any more; work that has not begun is dropped."""
        self.abandoned = True


class Worker:
    """Runs jobs one after the other in a daemon thread, so that a stuck model never holds up the end of the process."""

    def __init__(self, limit: int = QUEUE_LIMIT, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._current: Job | None = None
        self._waiting = 0
        self._pace = 0.0
        self._thread = threading.Thread(target=self._work, name="mdeploy-model", daemon=True)
        self._thread.start()

    @property
    def depth(self) -> int:
        """Jobs that wait or run."""
        return self._waiting

    @property
    def full(self) -> bool:
        """Whether the next job would be refused."""
        if self._waiting < self._limit:
            return False
        return self._waiting >= QUEUE_MOST or self._waiting * self._slowest() > QUEUE_SECONDS

    def _slowest(self) -> float:
        """Return the seconds that a job takes: the average, or what the present one has taken already if that is more."""
        return max(self._pace, self.busy_for())

    def busy_for(self) -> float:
        """Return the seconds that the present job has been running, 0 when idle."""
        job = self._current
        return self._clock() - job.started if job is not None and job.started is not None else 0.0

    def submit(self, run: Callable[[], Any], *, request: bool = True) -> Job:
        """Queue work from the event loop; what is no ``request`` says nothing of how long the next ones will take.

        Raises
        ------
        Overloaded
            When the queue is full.
        """
        if self.full:
            raise Overloaded(
                "too many requests are waiting for this model",
                hint="try again in a moment, or give the deployment more replicas",
                details={"waiting": self._waiting, "limit": self._limit},
            )
        job = Job(run, asyncio.get_running_loop(), request=request)
        self._waiting += 1
        self._queue.put(job)
        return job

    async def call(self, run: Callable[[], Any]) -> Any:
        """Run ``run`` in the worker and return its result, without a deadline (loading, warm-up)."""
        return await self.submit(run, request=False).future

    def _take(self) -> list[Job] | None:
        first = self._queue.get()
        return None if first is None else [first]

    def _work(self) -> None:
        while (jobs := self._take()) is not None:
            self._execute(jobs)

    def _execute(self, jobs: list[Job]) -> None:
        for job in jobs:
            if job.abandoned:
                self._finish(job, None, None)
                continue
            job.started = self._clock()
            self._current = job
            try:
                result, error = job.context.run(job.run), None
            except BaseException as raised:  # noqa: BLE001  # the model's code may raise anything, SystemExit included
                result, error = None, raised
            self._current = None
            if job.request:
                taken = self._clock() - job.started
                self._pace = taken if not self._pace else self._pace + _WEIGHT * (taken - self._pace)
            self._finish(job, result, error)

    def _finish(self, job: Job, result: Any, error: BaseException | None) -> None:
        job.loop.call_soon_threadsafe(self._deliver, job, result, error)

    def _deliver(self, job: Job, result: Any, error: BaseException | None) -> None:
        self._waiting -= 1
        if job.future.done():
            return
        if job.abandoned:
            job.future.cancel()
        elif isinstance(error, Exception):
            job.future.set_exception(error)
        elif error is not None:
            job.future.set_exception(RuntimeError(f"the model raised {type(error).__name__}"))
        else:
            job.future.set_result(result)
