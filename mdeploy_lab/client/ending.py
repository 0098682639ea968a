"""Ends a home's engine on purpose, and waits until it is gone."""

from __future__ import annotations

import asyncio
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
    while _alive(info.pid):
        if time.monotonic() > deadline:
            raise EngineUnavailable(
                f"the engine (process {info.pid}) still runs after {seconds:g} s", hint=f"its log is {home.engine_log}"
            )
        await asyncio.sleep(0.05)
    return True


def _alive(pid: int | None) -> bool:
    import psutil

    try:
        return pid is not None and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
