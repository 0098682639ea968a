"""The engine's side of the registry worker: starts it when needed, asks over pipes, restarts it when it dies."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from mdeploy_lab.errors import RegistryUnavailable, from_body
from mdeploy_lab.registry.backend import QUIET

LINE_LIMIT = 64 * 2**20
"""Bytes of one answer."""
END_SECONDS = 3.0
ATTEMPTS = 2
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
"""Instead of MLflow's seven tries of two minutes each; what the user set counts."""


@dataclass
class _Running:
    """One worker process and the calls that wait for it."""

    process: asyncio.subprocess.Process
    waiting: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    progress: dict[int, Callable[[float | None, str], None]] = field(default_factory=dict)
    reader: asyncio.Task[None] | None = None


class WorkerProcess:
    """Calls into a process that has mlflow."""

    def __init__(self, python: str, *, log: Path, environ: Mapping[str, str] | None = None) -> None:
        self._python = python
        self._log = log
        self._environ = environ
        self._running: _Running | None = None
        self._starting = asyncio.Lock()
        self._numbers = count(1)
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process, when one runs."""
        return self._running.process.pid if self._running is not None else None

    async def call(
        self,
        op: str,
        arguments: Mapping[str, Any],
        *,
        deadline: float,
        progress: Callable[[float | None, str], None] | None = None,
    ) -> Any:
        """Return the worker's answer; a worker that dies meanwhile is replaced and asked once more.

        Raises
        ------
        MDeployError
            What the worker raised, as the same class.
        RegistryUnavailable
            When it does not answer within ``deadline`` seconds, or dies twice.
        """
        for _ in range(ATTEMPTS):
            running = await self._ensure()
            try:
                return await self._ask(running, op, arguments, deadline, progress)
            except ConnectionError:
                await self._end(running)
        raise RegistryUnavailable(
            "the registry worker died twice", hint=f"its last words are in {self._log}", details={"op": op}
        )

    async def _ask(
        self,
        running: _Running,
        op: str,
        arguments: Mapping[str, Any],
        deadline: float,
        progress: Callable[[float | None, str], None] | None,
    ) -> Any:
        number = next(self._numbers)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        running.waiting[number] = future
        if progress is not None:
            running.progress[number] = progress
        try:
            stdin = running.process.stdin
            if stdin is None:
                raise ConnectionError
            stdin.write(json.dumps({"id": number, "op": op, **arguments}).encode() + b"\n")
            await stdin.drain()
            return await asyncio.wait_for(future, deadline)
        except asyncio.TimeoutError:
            await self._end(running)  # what hangs in a thread of it cannot be stopped otherwise
            raise RegistryUnavailable(
                f"the model registry did not answer within {deadline:g} s",
                hint="check that it can be reached from here, then try again",
                details={"op": op},
            ) from None
        finally:
            running.waiting.pop(number, None)
            running.progress.pop(number, None)

    async def _ensure(self) -> _Running:
        async with self._starting:
            if self._closed:
                raise RegistryUnavailable("the engine is closing", hint="try again")
            if self._running is not None and self._running.process.returncode is None:
                return self._running
            self._running = await self._start()
            return self._running

    async def _start(self) -> _Running:
        given = os.environ if self._environ is None else self._environ
        environ = {**PATIENCE, **given, **QUIET}
        try:
            self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._log.open("wb") as log:
                process = await asyncio.create_subprocess_exec(
                    self._python,
                    "-m",
                    "mdeploy_lab.registry.worker",
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    env=environ,
                    limit=LINE_LIMIT,
                )
        except OSError as error:
            raise RegistryUnavailable(
                f"the registry worker cannot be started: {error.strerror or error}", hint="run mdeploy doctor"
            ) from error
        running = _Running(process)
        running.reader = asyncio.get_running_loop().create_task(self._read(running))
        return running

    async def _read(self, running: _Running) -> None:
        """Hand answers to whoever waits, until the process closes its end; then tell everybody who still waits."""
        stdout = running.process.stdout
        try:
            while stdout is not None and (line := await stdout.readline()):
                self._deliver(running, json.loads(line))
        except (ValueError, OSError):  # a line that is no answer: the process is not to be trusted any more
            pass
        finally:
            for future in running.waiting.values():
                if not future.done():
                    future.set_exception(ConnectionResetError("the worker ended"))

    @staticmethod
    def _deliver(running: _Running, answer: dict[str, Any]) -> None:
        number = int(answer["id"])
        if "progress" in answer:
            heard = running.progress.get(number)
            if heard is not None:
                heard(answer["progress"], str(answer.get("detail", "")))
            return
        future = running.waiting.get(number)
        if future is None or future.done():
            return
        if "error" in answer:
            future.set_exception(from_body(answer["error"], int(answer.get("status", 500))))
        else:
            future.set_result(answer["result"])

    async def _end(self, running: _Running) -> None:
        """End one process: close its input, wait, kill."""
        if self._running is running:
            self._running = None
        process = running.process
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), END_SECONDS if not running.waiting else 0.1)
        except asyncio.TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if running.reader is not None:
            running.reader.cancel()
            await asyncio.gather(running.reader, return_exceptions=True)

    async def close(self) -> None:
        """End the process; calls that wait fail."""
        self._closed = True
        if self._running is not None:
            await self._end(self._running)
