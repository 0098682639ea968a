"""Let the request follow a model into threads of its own, so that what they log carries its id.

A new thread starts with an empty context in the Pythons of today (3.14 can inherit it). Work that is given to a pool takes its
request along with each piece, never the one that the pool's thread happened to be started by.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import wraps
from typing import Any

from mdeploy_lab.runtime.context import current

_POOLS = ("concurrent.futures", "multiprocessing.pool", "mdeploy_lab.runtime")
"""Whose threads outlive the request that they were started in."""
_MARK = "_mdeploy_follows"


def follow() -> None:
    """Make threads and thread pools of this process follow the request; a second call changes nothing."""
    if hasattr(threading.Thread.start, _MARK):
        return
    setattr(threading.Thread, "start", _following_start(threading.Thread.start))  # noqa: B010  # a method of the library's
    setattr(ThreadPoolExecutor, "submit", _following_submit(ThreadPoolExecutor.submit))  # noqa: B010  # as above


def _following_start(original: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    @wraps(original)
    def start(self: threading.Thread) -> None:
        if current() is not None and not _of_a_pool(self):
            run = self.run
            context = copy_context()
            self.run = lambda: context.run(run)  # type: ignore[method-assign]
        original(self)

    setattr(start, _MARK, True)
    return start


def _of_a_pool(thread: threading.Thread) -> bool:
    target = getattr(thread, "_target", None)
    return str(getattr(target, "__module__", "")).startswith(_POOLS)


def _following_submit(original: Callable[..., Future[Any]]) -> Callable[..., Future[Any]]:
    @wraps(original)
    def submit(self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if current() is None:
            return original(self, fn, *args, **kwargs)
        return original(self, copy_context().run, fn, *args, **kwargs)

    return submit
