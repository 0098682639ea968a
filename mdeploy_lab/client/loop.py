"""One background event loop for every synchronous caller of this process.

A notebook's own loop is running while a cell runs, so synchronous verbs cannot use it. They send their coroutine to one
background thread and wait here. While a thread waits, the coroutine may ask it to run something (``in_caller``, ``tell``):
what touches a user's objects or writes into a cell must happen in the thread that called.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import functools
import os
import queue
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextvars import ContextVar
from typing import Any, Protocol, TypeVar
from weakref import WeakSet

T = TypeVar("T")
Job = Callable[[], None]

EXIT_GRACE = 1.0
INTERRUPT_GRACE = 5.0
"""Seconds that a cancelled coroutine gets to tidy up after Ctrl-C."""


class Closes(Protocol):
    """What is closed on the loop when the interpreter ends."""

    async def close(self) -> None:
        """Close connections."""
        ...


class Caller:
    """A thread that waits for a coroutine: it runs the jobs that the coroutine sends to it."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self.interrupted = ""

    def send(self, job: Job | None) -> None:
        """Ask the waiting thread to run ``job``; None ends its wait."""
        self._jobs.put(job)

    def serve(self) -> None:
        """Run jobs until the coroutine is done."""
        while (job := self._jobs.get()) is not None:
            job()


_CALLER: ContextVar[Caller | None] = ContextVar("mdeploy_caller", default=None)


async def in_caller(function: Callable[[], T]) -> T:
    """Run ``function`` in the thread that called the synchronous face, else in a worker thread."""
    caller = _CALLER.get()
    if caller is None:
        return await asyncio.to_thread(function)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(error: Exception | None, value: Any) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(value)

    def job() -> None:
        error, value = None, None
        try:
            value = function()
        except Exception as raised:  # noqa: BLE001  # whatever it is belongs to the awaiting coroutine
            error = raised
        loop.call_soon_threadsafe(settle, error, value)

    caller.send(job)
    return await answer


def tell(function: Callable[..., None], *args: Any) -> None:
    """Run ``function`` soon in the thread that waits, without waiting for it; at once where nobody waits."""
    caller = _CALLER.get()
    if caller is None:
        function(*args)
    else:
        caller.send(lambda: function(*args))


def on_interrupt(line: str) -> None:
    """Set the line that Ctrl-C prints from now on: what goes on, and how to stop it."""
    caller = _CALLER.get()
    if caller is not None:
        caller.interrupted = line


class Loop:
    """The background thread with its event loop, started when it is first needed, anew in a forked child."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._closers: WeakSet[Closes] = WeakSet()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._pid != os.getpid():
                ready = threading.Event()
                loop = asyncio.new_event_loop()
                loop.call_soon(ready.set)
                self._thread = threading.Thread(target=loop.run_forever, name="mdeploy-client", daemon=True)
                self._thread.start()
                ready.wait()
                self._loop, self._pid = loop, os.getpid()
            return self._loop

    def close_at_exit(self, closes: Closes) -> None:
        """Close something that lives on the loop when the interpreter ends."""
        if not self._closers:
            atexit.register(self._close)
        self._closers.add(closes)

    def _close(self) -> None:
        """Close connections and end the thread; what takes longer than a moment is left to the end of the process."""
        if self._loop is None or self._thread is None or self._pid != os.getpid():
            return

        async def close() -> None:
            await asyncio.gather(*(c.close() for c in list(self._closers)), return_exceptions=True)

        with contextlib.suppress(concurrent.futures.TimeoutError):
            asyncio.run_coroutine_threadsafe(close(), self._loop).result(EXIT_GRACE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(EXIT_GRACE)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the background loop and wait for it; works inside a running loop.

        Ctrl-C cancels the coroutine, prints the line that ``on_interrupt`` left, and goes on as KeyboardInterrupt.
        """
        loop = self._running()
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("a synchronous verb was called on the client's own loop; use mdeploy_lab.aio there")
        caller = Caller()
        future = asyncio.run_coroutine_threadsafe(_as_caller(caller, coroutine), loop)
        future.add_done_callback(lambda _: caller.send(None))
        try:
            caller.serve()
        except BaseException as error:
            future.cancel()
            concurrent.futures.wait([future], INTERRUPT_GRACE)
            if isinstance(error, KeyboardInterrupt) and caller.interrupted:
                print(f"\n{caller.interrupted}", file=sys.stderr)  # noqa: T201  # the answer to Ctrl-C
            raise
        return future.result()

    def soon(self, function: Callable[..., object], *args: Any) -> None:
        """Call a function on the background loop, without waiting for it."""
        self._running().call_soon_threadsafe(functools.partial(function, *args))

    def iterate(self, items: AsyncIterator[T]) -> Iterator[T]:
        """Iterate over an async iterator; closing the iterator ends it on the loop as well."""
        loop = self._running()
        received: queue.Queue[tuple[bool, Any]] = queue.Queue()
        room = threading.Semaphore(1000)

        async def pump() -> None:
            try:
                async for item in items:
                    while not room.acquire(blocking=False):  # noqa: ASYNC110  # the reader is another thread
                        await asyncio.sleep(0.01)  # it is slow: let the server feel it
                    received.put((True, item))
                received.put((False, None))
            except Exception as error:  # noqa: BLE001  # raised again in the thread that iterates
                received.put((False, error))
            finally:
                close = getattr(items, "aclose", None)
                if close is not None:
                    with contextlib.suppress(Exception):
                        await close()

        future = asyncio.run_coroutine_threadsafe(pump(), loop)
        try:
            while True:
                more, item = received.get()
                if more:
                    room.release()
                    yield item
                elif item is not None:
                    raise item
                else:
                    return
        finally:
            future.cancel()


async def _as_caller(caller: Caller, coroutine: Coroutine[Any, Any, T]) -> T:
    _CALLER.set(caller)
    return await coroutine


LOOP = Loop()
