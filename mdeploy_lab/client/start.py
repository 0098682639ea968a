"""Makes sure that an engine runs for a home: the newest installed mdeploy wins."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable

import httpx
from pydantic import ValidationError

import mdeploy_lab
from mdeploy_lab.client.deadline import within
from mdeploy_lab.client.unix import unix_transport
from mdeploy_lab.errors import EngineUnavailable
from mdeploy_lab.models.requests import Info
from mdeploy_lab.paths import Home

START_SECONDS = 90.0
HANDOVER_SECONDS = 30.0
Say = Callable[[str], None]


def version_key(version: str) -> tuple[tuple[int, ...], bool]:
    """Return a sortable form of a version: its numbers, then whether it is a final release."""
    match = re.match(r"(\d+(?:\.\d+)*)(.*)", version)
    if match is None:
        return ((0,), False)
    return (tuple(int(part) for part in match[1].split(".")), not re.match(r"\.?(a|b|rc|dev)", match[2]))


async def ask(home: Home, *, seconds: float = 5.0) -> Info | None:
    """Return what the engine of this home says of itself, or None when none answers."""
    transport = unix_transport(str(home.socket))
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://mdeploy", timeout=seconds) as http:
            answer = await http.get("/info")
            return Info.model_validate_json(answer.content) if answer.is_success else None
    except (httpx.HTTPError, ValidationError):
        return None


class Starter:
    """Starts the engine once; after ``forget`` it looks again."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._ready = False
        self._starting: asyncio.Lock | None = None

    def forget(self) -> None:
        """Say that the engine did not answer."""
        self._ready = False

    async def ensure(self, say: Say | None = None) -> None:
        """Return when an engine of this home answers, of this version or a newer one.

        Raises
        ------
        EngineUnavailable
            When it does not come up within ``START_SECONDS``; the hint is the engine's own.
        """
        if self._ready:
            return
        if self._starting is None:
            self._starting = asyncio.Lock()
        async with self._starting:
            if self._ready:
                return
            info = await ask(self._home)
            if info is not None and version_key(info.version) < version_key(mdeploy_lab.__version__):
                await self._take_over(info, say)
                info = None
            if info is None:
                await self._start(say)
            self._ready = True

    async def _take_over(self, old: Info, say: Say | None) -> None:
        if say is not None:
            say(f"the engine is mdeploy {old.version}: handing over to {mdeploy_lab.__version__}")
        transport = unix_transport(str(self._home.socket))
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://mdeploy", timeout=10) as http:
                await http.post("/engine/handover")
        except httpx.HTTPError:
            pass  # it may close the socket before it has answered
        deadline = time.monotonic() + HANDOVER_SECONDS
        while (info := await ask(self._home)) is not None and info.pid == old.pid:
            if time.monotonic() > deadline:
                raise EngineUnavailable(
                    f"the engine of mdeploy {old.version} did not hand over within {HANDOVER_SECONDS:.0f} s",
                    hint="`mdeploy engine stop` with that version, then try again",
                )
            await asyncio.sleep(0.1)

    async def _start(self, say: Say | None) -> None:
        if say is not None:
            say("starting the engine")
        with tempfile.TemporaryFile() as words:  # a pipe would stay open in the engine that this leaves behind
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "mdeploy_lab.daemon",
                "start",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=words,
                env={**os.environ, "MDEPLOY_HOME": str(self._home.root)},
                cwd="/",
                start_new_session=True,
            )
            try:
                code = await within(process.wait(), START_SECONDS)
            except asyncio.TimeoutError as error:
                raise EngineUnavailable(
                    f"the engine did not come up within {START_SECONDS:.0f} s",
                    hint=f"its log is {self._home.engine_log}; `mdeploy doctor` checks the machine",
                ) from error
            if code != 0:
                words.seek(0)
                raise refusal(words.read().decode(errors="replace"), self._home)
        if await ask(self._home) is None:
            raise EngineUnavailable("the engine started and does not answer", hint=f"its log is {self._home.engine_log}")


def refusal(stderr: str, home: Home) -> EngineUnavailable:
    """Return what the engine's starter said as an error: its ``error:`` line and its ``hint:``."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    hint = next((line[5:].strip() for line in lines if line.startswith("hint:")), "")
    said = [line for line in lines if not line.startswith("hint:")]
    message = next((line for line in said if line.startswith("error:")), said[-1] if said else "")
    return EngineUnavailable(
        message.removeprefix("error:").strip() or "the engine could not be started",
        hint=hint or f"its log is {home.engine_log}; `mdeploy doctor` checks the machine",
    )
