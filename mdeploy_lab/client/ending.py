"""Ends a home's engine on purpose, and waits until it is gone."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time

import httpx

from mdeploy_lab.client.start import ask
from mdeploy_lab.client.unix import unix_transport
from mdeploy_lab.errors import EngineUnavailable
from mdeploy_lab.paths import Home


async def end_engine(home: Home, *, everything: bool, seconds: float) -> bool:
    """End the engine, with ``everything`` its replicas and gateway too; return whether one ran.

    Raises
    ------
    EngineUnavailable
        When it still answers after ``seconds``.
    """
    info = await ask(home)
    if info is None:
        return False
    transport = unix_transport(str(home.socket))
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://mdeploy", timeout=seconds) as http:
            await http.post("/engine/stop" if everything else "/engine/handover")
    except httpx.HTTPError:
        pass  # it may be gone before it has answered
    deadline = time.monotonic() + seconds
    while _alive(info.pid) or (everything and _supervised(home)):
        if time.monotonic() > deadline:
            raise EngineUnavailable(
                f"the engine (process {info.pid}) still runs after {seconds:g} s", hint=f"its log is {home.engine_log}"
            )
        await asyncio.sleep(0.05)
    return True


def _supervised(home: Home) -> bool:
    """Return whether the supervisor still lives: it would be in the way of the next one, which leaves when it meets another."""
    try:
        descriptor = os.open(home.supervisor_alive, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _alive(pid: int | None) -> bool:
    import psutil

    try:
        return pid is not None and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
