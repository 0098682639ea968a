"""One replica of a script under trial: started as the engine starts its own, heard over its control socket, drained."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import secrets
import signal
import socket
import time
from pathlib import Path
from typing import Any

from mdeploy_lab.cli.serve.tail import Tail
from mdeploy_lab.cli.serve.terminal import Terminal
from mdeploy_lab.config import Config
from mdeploy_lab.engines.local.environ import base_environment, thread_variables
from mdeploy_lab.engines.local.launcher import Launcher
from mdeploy_lab.engines.local.processes import ReplicaProcess, kill_leftovers
from mdeploy_lab.models.deployment import Failure, Interpreter, Model, RevisionTemplate
from mdeploy_lab.paths import Home
from mdeploy_lab.runtime.child import DUMP_SIGNAL
from mdeploy_lab.runtime.spec import Hello, Order, ReplicaSpec, Report
from mdeploy_lab.runtime.status import utcnow

DRAIN = 5.0
"""Seconds at most that a request on its way has at a reload; new ones wait for the next replica."""
END = 5.0
POLL = 0.02
SLOW = 10.0
"""Seconds of loading after which it is said where that is."""
FLAVORS = ("python_function",)
_numbers = itertools.count(1)


class Child:
    """A replica from its start to its end."""

    def __init__(self, home: Home, launcher: Launcher, terminal: Terminal, python: Interpreter) -> None:
        self._home = home
        self._launcher = launcher
        self._terminal = terminal
        self._python = python
        self._number = next(_numbers)
        self._process: ReplicaProcess | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._raw = self._path("raw")
        self._tails = (Tail(self._path("log"), terminal.log), Tail(self._raw, terminal.log))
        self.ready = asyncio.Event()
        self.failed: asyncio.Future[Failure | None] = asyncio.get_running_loop().create_future()
        """Why it does not serve; None when it was told to end."""

    def _path(self, ending: str) -> Path:
        return self._home.run / f"s{self._number}.{ending}"

    async def start(self, directory: Path, name: str, listener: socket.socket, env: dict[str, str]) -> None:
        """Start the process on ``listener``."""
        spec = self._spec(directory, name, env)
        file, life = self._path("json"), self._path("life")
        file.write_text(spec.model_dump_json(), encoding="utf-8")
        held = os.open(life, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._process = await self._launcher.launch(
                spec, file, self._python.path, listener=listener.fileno(), life=held, lock=life
            )
        finally:
            os.close(held)
        self._tasks = [asyncio.create_task(tail.run()) for tail in self._tails]
        self._tasks += [asyncio.create_task(self._listen(spec)), asyncio.create_task(self._watch_slow(directory))]
        self._process.exited.add_done_callback(lambda _: self._ended())

    def _spec(self, directory: Path, name: str, env: dict[str, str]) -> ReplicaSpec:
        size = Config(self._home.config).instance_types()[RevisionTemplate.model_fields["instance_type"].default]
        template = RevisionTemplate(model=Model(uri=str(directory), flavors=FLAVORS, interpreter=self._python), env=env)
        environ = base_environment(os.environ) | thread_variables(size.cpu) | env
        return ReplicaSpec(
            replica=f"{name}-{self._number}",
            nonce=secrets.token_urlsafe(8),
            deployment=name,
            uid="serve",
            group="default",
            revision=self._number,
            template=template,
            instance_type=size,
            model_path=str(directory),
            model_name=name,
            listen="tcp:127.0.0.1:0",
            control=str(self._path("ctl")),
            log=str(self._path("log")),
            raw_log=str(self._raw),
            environ=environ,
            tied=True,
        )

    async def _listen(self, spec: ReplicaSpec) -> None:
        """Hear what it reports."""
        reader = await self._connect(spec.control)
        while reader is not None and (line := await reader.readline()):
            told: dict[str, Any] = json.loads(line)
            report = Hello.model_validate(told) if told["kind"] == "hello" else Report.model_validate(told)
            if report.state == "ready":
                self.ready.set()
            if report.failure is not None and not self.failed.done():
                self.failed.set_result(report.failure)

    async def _connect(self, path: str) -> asyncio.StreamReader | None:
        while self._process is not None and not self._process.exited.done():
            try:
                reader, self._writer = await asyncio.open_unix_connection(path, limit=2**24)
            except OSError:
                await asyncio.sleep(POLL)
            else:
                return reader
        return None

    async def _watch_slow(self, directory: Path) -> None:
        """Say where a load that does not end is: the replica writes its stacks to its raw log when it is asked to."""
        await asyncio.sleep(SLOW)
        if self.ready.is_set() or self.failed.done() or self._process is None:
            return
        begun = self._raw.stat().st_size if self._raw.exists() else 0
        self._tasks[1].cancel()  # the dump itself is not shown
        self._process.signal(DUMP_SIGNAL)
        pattern = re.compile(re.escape(str(directory)) + r'/script/(.+?)", line (\d+) in (\S+)')
        deadline = time.monotonic() + 1
        found = None
        while found is None and time.monotonic() < deadline:
            await asyncio.sleep(POLL)
            found = pattern.search(self._raw.read_text(encoding="utf-8", errors="replace")[begun:])
        where = f": {found[1]}, line {found[2]}, in {found[3]}" if found is not None else ""
        self._terminal.note(f"still loading after {SLOW:g} s{where}")

    def _ended(self) -> None:
        if self.failed.done() or self._process is None:
            return
        how = self._process.exited.result().text
        self.flush()
        self.failed.set_result(
            Failure(reason="crash", message=f"the script's process {how}", hint="its last words are above", at=utcnow())
        )

    def flush(self) -> None:
        """Show what it has logged until now, before something is said about it."""
        for tail in self._tails:
            tail.read()

    def kill(self) -> None:
        """End it at once, whatever it is at."""
        if self._process is not None:
            self._process.signal_group(signal.SIGKILL)

    async def stop(self, seconds: float = DRAIN) -> None:
        """Let requests on their way finish within ``seconds``, and see that nothing is left of the process."""
        if not self.failed.done():
            self.failed.set_result(None)
        if self._process is not None:
            if self._writer is not None:
                with contextlib.suppress(OSError):
                    self._writer.write(Order(kind="drain", seconds=seconds, turn_away=False).model_dump_json().encode() + b"\n")
            else:
                self._process.signal(signal.SIGTERM)
            await asyncio.wait({self._process.exited}, timeout=seconds + END if self.ready.is_set() else END / 2)
            if not self._process.exited.done():
                self._process.signal_group(signal.SIGKILL)
            await asyncio.to_thread(kill_leftovers, self._path("life"), self._process.pid)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for tail in self._tails:
            tail.close()
        if self._writer is not None:
            self._writer.close()
