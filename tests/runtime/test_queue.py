"""The queue before the model: bounded by how long its last request would wait, and by a number for slow models."""

from __future__ import annotations

import asyncio
import threading

from mdeploy_lab.runtime.prediction import QUEUE_LIMIT, QUEUE_MOST, Worker
from mdeploy_lab.runtime.problems import Overloaded


class Clock:
    """A time that only jobs move on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def take(self, seconds: float) -> None:
        self.now += seconds


async def taken(seconds: float, count: int, held_up: float = 0.0) -> int:
    """Return how many of ``count`` requests are queued at once, when one took so many seconds until now.

    They wait behind one that began ``held_up`` seconds ago; in the end all that were taken are answered.
    """
    clock = Clock()
    worker = Worker(clock=clock)
    await worker.call(lambda: clock.take(20))  # loading the model says nothing of its requests
    for _ in range(3):
        await worker.submit(lambda: clock.take(seconds)).future
    go, begun = threading.Event(), threading.Event()

    def first() -> None:
        begun.set()
        go.wait(30)

    jobs = [worker.submit(first)]
    await asyncio.to_thread(begun.wait, 30)
    clock.take(held_up)
    for _ in range(count):
        try:
            jobs.append(worker.submit(int))
        except Overloaded:
            break
    go.set()
    await asyncio.gather(*(job.future for job in jobs))
    return len(jobs) - 1


async def test_a_burst_that_is_soon_worked_off_is_taken_whole():
    assert await taken(0.004, 1000) == 1000


async def test_as_many_wait_as_have_their_answer_in_ten_seconds():
    assert abs(await taken(0.01, 2000) - 1000) <= 1


async def test_there_is_an_end_to_it_all_the_same():
    assert await taken(0.0, 2 * QUEUE_MOST) == QUEUE_MOST - 1


async def test_of_a_slow_model_only_the_fixed_number_waits():
    assert await taken(0.1, 1000) == QUEUE_LIMIT - 1


async def test_a_model_that_is_stuck_now_counts_as_slow_whatever_it_was():
    assert await taken(0.001, 1000, held_up=3.0) == QUEUE_LIMIT - 1


async def test_what_must_be_asked_alone_is_answered_as_soon_as_it_is_done():
    worker = Worker()
    worker.together = lambda jobs: [("together", None) if i < 3 else None for i in range(len(jobs))]
    go, begun, hold = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        begun.set()
        go.wait(30)

    worker.submit(first)
    await asyncio.to_thread(begun.wait, 30)
    jobs = [worker.submit(lambda: "alone") for _ in range(4)]
    stuck = worker.submit(lambda: hold.wait(30) and "late")
    last = worker.submit(lambda: "last")
    go.set()
    assert await asyncio.gather(*(job.future for job in jobs)) == ["together"] * 3 + ["alone"]
    assert not stuck.future.done()
    assert last.started is None  # it waits: nothing of it can be stuck
    last.abandon()
    hold.set()
    assert await stuck.future == "late"
    assert (await asyncio.gather(last.future, return_exceptions=True))[0].__class__ is asyncio.CancelledError
    assert last.started is None
