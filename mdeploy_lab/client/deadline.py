"""Waiting with a limit and ending tasks, so that no cancellation is lost.

Before Python 3.12 ``asyncio.wait_for`` forgets a cancellation that comes in the moment in which its work is done; a wait
that was given up then goes on for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")
AGAIN_SECONDS = 0.2


async def within(work: Awaitable[T], seconds: float | None, *, drop: Callable[[T], None] | None = None) -> T:
    """Return what ``work`` returns.

    Parameters
    ----------
    seconds
        The limit; None for none.
    drop
        Called with a result that came although nobody wants it any more.

    Raises
    ------
    asyncio.TimeoutError
        When it takes longer.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        await _give_up(task, drop)
        raise
    if not task.done():
        await _give_up(task, drop)
        raise asyncio.TimeoutError
    return task.result()


async def _give_up(task: asyncio.Future[T], drop: Callable[[T], None] | None) -> None:
    await end(task)
    if drop is not None and not task.cancelled() and task.exception() is None:
        drop(task.result())


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and wait until they have ended, again where one went on."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN_SECONDS)
    for task in tasks:
        if not task.cancelled():
            with contextlib.suppress(Exception):
                task.exception()  # looked at, so that asyncio does not call it forgotten
