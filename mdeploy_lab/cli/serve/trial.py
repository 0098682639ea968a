"""The loop of ``mdeploy serve``: read the script, run it, wait for a save, a failure or Ctrl-C, and again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdeploy_lab.cli.serve.child import Child
from mdeploy_lab.cli.serve.command import PORT, PORTS
from mdeploy_lab.cli.serve.parking import Parking
from mdeploy_lab.cli.serve.terminal import OWN_REQUEST, Terminal
from mdeploy_lab.cli.serve.watching import Seen, changed, look
from mdeploy_lab.engines.local.environ import base_environment
from mdeploy_lab.engines.local.launcher import Launcher
from mdeploy_lab.engines.local.problems import StartProblem
from mdeploy_lab.errors import InvalidInput, MDeployError
from mdeploy_lab.models.deployment import Failure
from mdeploy_lab.models.names import slug
from mdeploy_lab.paths import Home, find_home
from mdeploy_lab.registry import environment, script_model, scripts
from mdeploy_lab.registry.interpreter import this_interpreter
from mdeploy_lab.runtime.scripts import manifest
from mdeploy_lab.runtime.status import utcnow

BACKLOG = 1024
NO_EXAMPLE = '{"inputs": [[1.0, 2.0]]}'


@dataclass(frozen=True)
class Options:
    """What the command was given."""

    path: Path
    model: str = ""
    env: dict[str, str] | None = None
    port: int | None = None
    reload: bool = True


class Trial:
    """One run of the command."""

    def __init__(self, options: Options, terminal: Terminal) -> None:
        self._options = options
        self._terminal = terminal
        self._artifact: Path | None = None
        self._script: scripts.Script | None = None
        self._told_to_end = asyncio.Event()
        self._failed = False
        self._child: Child | None = None

    async def run(self) -> int:
        """Serve until Ctrl-C; returns the exit status: 1 when nothing serves at the end, with ``--no-reload``."""
        if not self._options.path.exists():
            raise InvalidInput(f"there is nothing at {self._options.path}", hint="give a Python file, or a folder with one")
        self._artifact = await asyncio.to_thread(_artifact, self._options.model) if self._options.model else None
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end)
        with tempfile.TemporaryDirectory(prefix="mdeploy-serve-") as place, _listener(self._options.port) as listener:
            home = Home(Path(place), Path(place) / "run").create()
            launcher = Launcher(home, base_environment(os.environ))
            parking = Parking(listener)
            try:
                while not self._told_to_end.is_set() and not (self._failed and not self._options.reload):
                    await self._generation(home, launcher, parking, listener)
            finally:
                await parking.close()
                await launcher.warm.close()
        return int(self._failed and not self._options.reload)

    def _end(self) -> None:
        """End when the requests on their way have their answers; told a second time, at once."""
        if self._told_to_end.is_set() and self._child is not None:
            self._child.kill()
        elif not self._told_to_end.is_set():
            self._terminal.note("ending; Ctrl-C once more ends it at once")
        self._told_to_end.set()

    async def _generation(self, home: Home, launcher: Launcher, parking: Parking, listener: socket.socket) -> None:
        """Serve one state of the files."""
        seen = await asyncio.to_thread(lambda: look(self._files()))
        try:
            with tempfile.TemporaryDirectory(prefix="g-", dir=home.root) as place:
                directory = Path(place)
                self._script = await asyncio.to_thread(self._lay, directory)
                self._child = child = Child(home, launcher, self._terminal, this_interpreter())
                await parking.close()
                begun = time.monotonic()
                name = slug(self._options.path.stem)
                await child.start(directory, name, listener, self._options.env or {})
                try:
                    await self._serve(child, seen, parking, listener, begun)
                finally:
                    await child.stop()
        except (MDeployError, StartProblem) as error:
            await self._park(parking, Failure(reason="load_failed", message=error.message, hint=error.hint, at=utcnow()))
            await self._next(seen)

    def _lay(self, directory: Path) -> scripts.Script:
        script = scripts.read(self._options.path, self._artifact)
        script_model.link(script, directory)
        self._terminal.stands_for(directory / manifest.FOLDER, script.folder)
        self._terminal.differences(environment.differences(directory, sys.executable))
        return script

    async def _serve(self, child: Child, seen: Seen, parking: Parking, listener: socket.socket, begun: float) -> None:
        """Return when something was saved, or it is to end."""
        ready = asyncio.ensure_future(child.ready.wait())
        await self._first(ready, child.failed, self._saved(seen))
        if child.ready.is_set() and not child.failed.done():
            child.flush()
            await self._say_ready(listener, time.monotonic() - begun)
            await self._first(child.failed, self._saved(seen))
        ready.cancel()
        if child.failed.done() and (failure := child.failed.result()) is not None:
            await child.stop()
            await self._park(parking, failure)
            await self._next(seen)

    async def _saved(self, seen: Seen) -> None:
        if not self._options.reload:
            await self._told_to_end.wait()
            return
        files = await changed(self._files, seen)
        names = ", ".join(file.name for file in files[:3]) + (" …" if len(files) > 3 else "")  # noqa: PLR2004  # a line's worth
        self._terminal.note(f"{names} changed")

    async def _next(self, seen: Seen) -> None:
        if self._options.reload:
            await self._first(self._saved(seen))

    async def _first(self, *waits: asyncio.Future[Any] | Coroutine[Any, Any, None]) -> None:
        """Wait for the first of these, or for the end; what is a coroutine of ours is ended then."""
        ending = asyncio.ensure_future(self._told_to_end.wait())
        ours = [asyncio.ensure_future(wait) for wait in waits if not isinstance(wait, asyncio.Future)]
        theirs = [wait for wait in waits if isinstance(wait, asyncio.Future)]
        try:
            await asyncio.wait({ending, *ours, *theirs}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (ending, *ours):
                task.cancel()
            await asyncio.gather(ending, *ours, return_exceptions=True)

    async def _park(self, parking: Parking, failure: Failure) -> None:
        self._failed = True
        waits = self._options.reload
        hint = "" if "line" in failure.details else failure.hint  # the line is shown, and what is to be done is plain
        evidence = "" if failure.reason == "warmup_failed" else failure.evidence  # the model's own log has it
        self._terminal.failed(failure.message, hint, evidence, waits=waits)
        if waits:
            await parking.open(failure.message, failure.hint)

    async def _say_ready(self, listener: socket.socket, seconds: float) -> None:
        self._failed = False
        url = "http://{}:{}".format(*listener.getsockname())
        example = await asyncio.to_thread(_example, url)
        assert self._script is not None
        self._terminal.ready(url, self._script.source.path, example, seconds, reloads=self._options.reload)

    def _files(self) -> list[Path]:
        """Return the files whose change is a save; while the script is not Python, those that it was made of before."""
        script = self._script
        with contextlib.suppress(MDeployError):
            script = scripts.read(self._options.path, self._artifact)
        known = [root / name for root, name in script.everything()] if script is not None else []
        path = self._options.path
        return [*known, path] if path.is_file() else [*known, *path.glob("*.py"), *path.glob("*.json"), *path.glob("*.txt")]


def _artifact(model: str) -> Path:
    from mdeploy_lab.registry.backend import choose
    from mdeploy_lab.registry.scripting import artifact_of

    home = find_home()
    return artifact_of(model, home, choose(home), lambda _fraction, _detail: None)


def _listener(port: int | None) -> socket.socket:
    """Return a listening socket, which lives as long as the command: while a script is loaded again, callers wait.

    Raises
    ------
    InvalidInput
        When the port is taken.
    """
    last = OSError()
    for number in [port] if port is not None else range(PORT, PORT + PORTS):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", number))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            last = error
            continue
        listener.setblocking(False)
        return listener
    raise InvalidInput(
        f"port {port if port is not None else PORT} is taken: {last.strerror}", hint="choose another one, such as --port 0"
    )


def _example(url: str) -> str:
    """Return the body that the model itself offers for /invocations."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with contextlib.suppress(OSError, ValueError, KeyError, StopIteration):
        request = urllib.request.Request(url + "/", headers={"X-Request-Id": OWN_REQUEST})  # noqa: S310  # ours, on 127.0.0.1
        with opener.open(request, timeout=5) as answer:
            dialects = json.load(answer)["dialects"]
        found = next(d["example"] for d in dialects if d["name"] == "invocations")
        return str(found) or NO_EXAMPLE
    return NO_EXAMPLE
