"""The model's one worker thread: work waits in a bounded queue, whoever waits may leave, a stuck model is noticed.

Libraries are used from one thread only (many are not safe from two), and always the same one, which also loads the model.
What waits is taken all at once, and may be answered together (``batching``); the event loop is woken once for all of it.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any

from mdeploy_lab.runtime.problems import Overloaded
from mdeploy_lab.runtime.whereabouts import where

QUEUE_LIMIT = 256
"""Requests that may wait for the worker, however slow the model is."""
QUEUE_SECONDS = 10.0
"""More of them may wait as long as the last will have its answer in this time: a busy second is no reason to refuse one."""
QUEUE_MOST = 4096
BATCH_MOST = 128
"""Jobs that are taken together."""
_WEIGHT = 0.1
"""What the newest job counts in the average of how long one takes."""


class Job:
    """One piece of work and the future that waits for it."""

    __slots__ = ("abandoned", "context", "ended", "future", "loop", "on_end", "request", "run", "started")

    def __init__(self, run: Callable[[], Any], loop: asyncio.AbstractEventLoop, *, request: bool) -> None:
        self.run = run
        self.request = request
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()
        self.context = contextvars.copy_context()
        self.abandoned = False
        self.started: float | None = None
        self.ended = False
        self.on_end: Callable[[], None] | None = None
        """Called on the event loop when the worker is done with it, also when nobody waits any more."""

    def abandon(self) -> None:
        """Say that nobody waits any more; work that has not begun is dropped."""
        self.abandoned = True


Outcome = tuple[Any, BaseException | None]


class Worker:
    """Runs jobs in a daemon thread, so that a stuck model never holds up the end of the process.

    Parameters
    ----------
    limit
        Jobs that may wait, however slow they are.
    clock
        Seconds that only go forward.
    """

    def __init__(self, limit: int = QUEUE_LIMIT, clock: Callable[[], float] = time.monotonic) -> None:
        self.together: Callable[[Sequence[Job]], list[Outcome | None]] | None = None
        """Answers requests that wait together, None for those that must be asked alone; no function: one after the other."""
        self.on_done: Callable[[int, float], None] | None = None
        """Told how many requests were answered together, and in how many seconds; in the worker's thread."""
        self._limit = limit
        self._clock = clock
        self._queue: SimpleQueue[Job] = SimpleQueue()
        self._next: Job | None = None
        """Taken from the queue, and not yet worked on."""
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

    def where(self) -> str:
        """Return the line that the present job is at."""
        return where(self._thread)

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

    def _work(self) -> None:
        while True:
            self._execute(self._take())

    def _take(self) -> list[Job]:
        """Return the next job, with the requests behind it when they may be answered together."""
        jobs = [self._next if self._next is not None else self._queue.get()]
        self._next = None
        if self.together is None or not jobs[0].request:
            return jobs
        while len(jobs) < BATCH_MOST and self._next is None:
            try:
                job = self._queue.get_nowait()
            except Empty:
                break
            if job.request:
                jobs.append(job)
            else:
                self._next = job
        return jobs

    def _execute(self, jobs: list[Job]) -> None:
        """Answer together what can be, then the rest one by one; each is delivered as soon as it is done."""
        if len(jobs) > 1:
            jobs = self._answer_together(jobs)
        for job in jobs:
            if job.abandoned:
                self._finish([(job, (None, None))])
                continue
            began = self._begin([job])
            outcome = _run(job)
            self._end([job], began)
            self._finish([(job, outcome)])

    def _answer_together(self, jobs: list[Job]) -> list[Job]:
        """Return those that must be asked alone: they have not begun, whatever time the others took."""
        wanted = [job for job in jobs if not job.abandoned]
        if self.together is None or len(wanted) < 2:  # noqa: PLR2004  # a company
            return jobs
        began = self._begin(wanted)
        outcomes: list[Outcome | None]
        try:
            outcomes = self.together(wanted)
        except BaseException as error:  # noqa: BLE001  # a fault of ours is each request's, and the thread goes on
            outcomes = [(None, error)] * len(wanted)
        finished, alone = [], [job for job in jobs if job.abandoned and job.started is None]
        for job, outcome in zip(wanted, outcomes, strict=True):
            if outcome is None:
                job.started = None
                alone.append(job)
            else:
                finished.append((job, outcome))
        self._end([job for job, _ in finished], began)
        if finished:
            self._finish(finished)
        return alone

    def _begin(self, jobs: Sequence[Job]) -> float:
        began = self._clock()
        for job in jobs:
            job.started = began
        self._current = jobs[0]
        return began

    def _end(self, jobs: Sequence[Job], began: float) -> None:
        self._current = None
        if not jobs or not jobs[0].request:
            return
        seconds = self._clock() - began
        if self.on_done is not None:
            self.on_done(len(jobs), seconds)
        taken = seconds / len(jobs)
        self._pace = taken if not self._pace else self._pace + _WEIGHT * (taken - self._pace)

    def _finish(self, finished: Sequence[tuple[Job, Outcome]]) -> None:
        finished[0][0].loop.call_soon_threadsafe(self._deliver, finished)

    def _deliver(self, finished: Sequence[tuple[Job, Outcome]]) -> None:
        self._waiting -= len(finished)
        for job, (result, error) in finished:
            job.ended = True
            if job.on_end is not None:
                job.on_end()
            if job.future.done():
                continue
            if job.abandoned:
                job.future.cancel()
            elif isinstance(error, Exception):
                job.future.set_exception(error)
            elif error is not None:
                job.future.set_exception(RuntimeError(f"the model raised {type(error).__name__}"))
            else:
                job.future.set_result(result)


def _run(job: Job) -> Outcome:
    try:
        return job.context.run(job.run), None
    except BaseException as raised:  # noqa: BLE001  # the model's code may raise anything, SystemExit included
        return None, raised
