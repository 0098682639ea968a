"""The background loop: who runs what, and what Ctrl-C does."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest

from mdeploy_lab.client.loop import LOOP, in_caller, on_interrupt, tell


async def test_a_synchronous_verb_works_inside_a_running_loop():
    async def answer():
        await asyncio.sleep(0)
        return asyncio.get_running_loop()

    assert LOOP.run(answer()) is not asyncio.get_running_loop()


def test_what_touches_the_users_objects_runs_in_the_users_thread():
    async def ask():
        assert threading.current_thread() is not threading.main_thread()
        seen = []
        tell(lambda: seen.append(threading.current_thread()))
        return await in_caller(threading.current_thread), seen

    thread, seen = LOOP.run(ask())
    assert thread is threading.current_thread()
    assert seen == [threading.current_thread()]


async def test_without_a_waiting_thread_it_runs_beside_the_loop():
    assert await in_caller(threading.current_thread) is not threading.current_thread()


def test_an_error_in_the_users_thread_comes_back_to_the_coroutine():
    async def ask():
        try:
            await in_caller(lambda: 1 / 0)
        except ZeroDivisionError:
            return "caught"

    assert LOOP.run(ask()) == "caught"


def test_interrupting_cancels_and_says_what_goes_on(capsys):
    cancelled = threading.Event()

    async def wait():
        on_interrupt("interrupted: churn goes on deploying; `%deploy stop churn` stops it")
        tell(lambda: signal.raise_signal(signal.SIGINT))
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(KeyboardInterrupt):
        LOOP.run(wait())
    assert cancelled.wait(5)
    assert "`%deploy stop churn` stops it" in capsys.readouterr().err


def test_calling_from_its_own_thread_is_refused_rather_than_hanging():
    async def again():
        LOOP.run(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match=r"mdeploy_lab\.aio"):
        LOOP.run(again())


def test_an_iterator_ends_on_the_loop_when_it_is_closed():
    ended = threading.Event()

    async def numbers():
        try:
            for n in range(1_000_000):
                yield n
                await asyncio.sleep(0)
        finally:
            ended.set()

    items = LOOP.iterate(numbers())
    assert [next(items), next(items)] == [0, 1]
    items.close()
    assert ended.wait(5)


def test_an_iterator_passes_on_the_error_that_ended_it():
    async def one():
        yield 1
        raise ValueError("broken")

    items = LOOP.iterate(one())
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)
