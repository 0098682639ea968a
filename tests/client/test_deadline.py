"""No cancellation is lost, and no wait outlives its limit."""

from __future__ import annotations

import asyncio

import pytest

from mdeploy_lab.client.deadline import end, within


async def test_what_is_done_in_time_is_returned():
    assert await within(asyncio.sleep(0, "done"), 5) == "done"
    assert await within(asyncio.sleep(0, "done"), None) == "done"


async def test_what_is_not_is_cancelled():
    ended = asyncio.Event()

    async def long():
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    with pytest.raises(asyncio.TimeoutError):
        await within(long(), 0.01)
    assert ended.is_set()


async def test_a_cancellation_in_the_moment_of_the_result_is_kept():
    result = asyncio.get_running_loop().create_future()
    dropped = []
    waiting = asyncio.create_task(within(result, 60, drop=dropped.append))
    await asyncio.sleep(0)
    result.set_result("late")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert dropped == ["late"]


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again():
    async def stubborn():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await asyncio.wait_for(end(task), 5)
    assert task.cancelled()
