"""Watches over requests that wait for the model: gives up what is late, drops what nobody waits for, notices a stuck model."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from mdeploy_lab.runtime.asgi import Gone, Receive, disconnected
from mdeploy_lab.runtime.prediction import Job, Worker
from mdeploy_lab.runtime.problems import PredictionTimedOut

log = logging.getLogger(__name__)

WATCH_AFTER = 0.05
"""Seconds of waiting after which the server begins to look whether the caller has gone."""


class Waiting:
    """A request that waits for its answer."""

    __slots__ = ("deadline", "job", "receive", "since", "watcher")

    def __init__(self, job: Job, receive: Receive, deadline: float) -> None:
        self.job = job
        self.receive = receive
        self.deadline = deadline
        self.since = time.monotonic()
        self.watcher: asyncio.Future[None] | None = None


class Warden:
    """One look round for all that wait, instead of a timer for each.

    Parameters
    ----------
    worker
        The model's.
    seconds
        What a prediction may take.
    on_stuck
        Told whether the model is stuck, when that changes.
    """

    def __init__(self, worker: Worker, seconds: float, on_stuck: Callable[[bool], None]) -> None:
        self._worker = worker
        self._seconds = seconds
        self._on_stuck = on_stuck
        self._stuck = False
        self._waiting: dict[Waiting, None] = {}
        self._next: asyncio.TimerHandle | None = None

    async def wait(self, job: Job, receive: Receive, deadline: float) -> Any:
        """Return a job's result, not later than the deadline, and drop it when the caller leaves.

        Raises
        ------
        PredictionTimedOut, Gone
            When it took too long, or the caller left.
        """
        waiting = Waiting(job, receive, deadline)
        self._waiting[waiting] = None
        if self._next is None:
            self._next = asyncio.get_running_loop().call_later(WATCH_AFTER, self._look_round)
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
        self._next = asyncio.get_running_loop().call_later(WATCH_AFTER, self._look_round) if again else None

    def _give_up(self, waiting: Waiting) -> None:
        if waiting.job.future.done():
            return
        waiting.job.abandon()
        self._look_again(waiting.job)
        waiting.job.future.set_exception(
            PredictionTimedOut(
                f"the prediction took longer than {self._seconds:g} s",
                hint="send fewer rows at a time, or raise predict_timeout",
            )
        )

    async def _leave_with(self, waiting: Waiting) -> None:
        await disconnected(waiting.receive)
        if not waiting.job.future.done():
            waiting.job.abandon()
            waiting.job.future.set_exception(Gone())

    def _look_again(self, job: Job) -> None:
        """Look again after a grace: a worker that is still in the same job is stuck."""
        if job.started is None:
            return
        grace = min(5.0, max(0.5, self._seconds / 2))
        asyncio.get_running_loop().call_later(grace, self._check, job)

    def _check(self, job: Job) -> None:
        if job.ended or job.started is None or self._stuck:
            return
        job.on_end = self._recovered
        log.error("the model is stuck: one prediction has run for %.1f s, at %s", self._worker.busy_for(), self._worker.where())
        self._tell(stuck=True)

    def _recovered(self) -> None:
        log.warning("the model answers again")
        self._tell(stuck=False)

    def _tell(self, *, stuck: bool) -> None:
        self._stuck = stuck
        self._on_stuck(stuck)
