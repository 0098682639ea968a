"""The engine's side of a warm parent: start it, order forks from it, hear of exits, and start another when it dies."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import hashlib
import itertools
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mdeploy_lab.paths import Home
from mdeploy_lab.runtime.warm import MESSAGE_LIMIT, PROTOCOL, SINGLE_THREADED

from .installation import installation
from .problems import StartProblem
from .processes import Exit, ReplicaProcess

HANDSHAKE = 60.0
"""Seconds for an interpreter to start; network file systems are slow."""
DEATHS = 3
"""Deaths within a minute after which an interpreter's replicas are spawned instead."""
EVIDENCE = 4000


class Refused(Exception):
    """The warm parent cannot fork safely, or is gone: spawn instead, or try again."""

    def __init__(self, why: str, *, died: bool = False) -> None:
        super().__init__(why)
        self.died = died


class WarmParent:
    """One living warm parent."""

    def __init__(self, interpreter: str, home: Home, environ: Mapping[str, str]) -> None:
        self.interpreter = interpreter
        self.pid = 0
        self.unsafe = ""
        """The module whose import left a thread, so that nothing can be forked any more."""
        self.outdated = False
        self.hello: dict[str, Any] = {}
        self.gone = asyncio.Event()
        self.useless = asyncio.Event()
        self._home = home
        self._environ = {**environ, **SINGLE_THREADED}
        self._socket: socket.socket | None = None
        self._popen: subprocess.Popen[bytes] | None = None
        self._greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ids = itertools.count(1)
        self._pending: dict[int, asyncio.Future[ReplicaProcess | None]] = {}
        self._children: dict[int, ReplicaProcess] = {}
        self._ordering = asyncio.Lock()
        self._reaper: asyncio.Task[None] | None = None

    @property
    def log(self) -> Path:
        """What the process wrote to its standard error."""
        return self._home.logs / f"warm-{hashlib.sha256(self.interpreter.encode()).hexdigest()[:10]}.log"

    async def start(self) -> None:
        """Start the process and shake hands.

        Raises
        ------
        StartProblem
            When the interpreter is gone, has no mdeploy_lab, or one that speaks another protocol.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self._socket = ours
        try:
            self._popen = await asyncio.to_thread(self._spawn, theirs)
        except OSError as error:
            self._greeted.cancel()
            self._close()
            raise _unusable(self.interpreter, error.strerror or str(error)) from error
        finally:
            theirs.close()
        self.pid = self._popen.pid
        asyncio.get_running_loop().add_reader(ours, self._receive)
        try:
            await asyncio.wait_for(self._greeted, HANDSHAKE)
        except asyncio.TimeoutError:
            await self.stop()
            raise _unusable(self.interpreter, f"it did not answer within {HANDSHAKE:g} s") from None
        if self.hello.get("protocol") != PROTOCOL:
            await self.stop()
            theirs_version = self.hello.get("mdeploy", "unknown")
            raise StartProblem(
                "environment",
                f"{self.interpreter} has mdeploy-lab {theirs_version}, which this engine cannot talk to",
                hint=f"{self.interpreter} -m pip install --upgrade mdeploy-lab, or use isolate=True",
                details={"cause": "mdeploy", "python": self.interpreter},
            )

    def _spawn(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        self._home.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [self.interpreter, "-m", "mdeploy_lab.runtime.warm", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._home.run,
                env=self._environ,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )

    async def prepare(self, flavors: Sequence[str], skip: Iterable[str] = ()) -> None:
        """Let it import what models of these flavors need; it imports the rest later, when nothing is asked of it.

        Raises
        ------
        Refused
            When it died over it.
        """
        await self._ordered({"op": "prepare", "flavors": list(flavors), "skip": sorted(skip)})

    async def fork(self, spec: Path, flavors: Sequence[str], listener: int, life: int) -> ReplicaProcess:
        """Fork a replica.

        Raises
        ------
        Refused
            When it cannot fork safely, or died before it told of the fork.
        """
        process = await self._ordered({"op": "fork", "flavors": list(flavors), "spec": str(spec)}, listener, life)
        assert process is not None
        return process

    async def _ordered(self, order: dict[str, Any], *fds: int) -> ReplicaProcess | None:
        async with self._ordering:  # one at a time: few messages fit into the socket
            number = next(self._ids)
            answer: asyncio.Future[ReplicaProcess | None] = asyncio.get_running_loop().create_future()
            self._pending[number] = answer
            self._send({**order, "id": number}, *fds)
            return await answer

    def outdate(self) -> None:
        """Let it go, because its interpreter's packages have changed; it is nobody's fault, and another one is there."""
        self.outdated = True
        self.useless.set()

    def kill(self) -> None:
        """End it at once: it hangs."""
        if self._popen is not None:
            self._popen.kill()
        self._close()

    async def stop(self) -> None:
        """Let it go; its replicas live on. Returns when it is gone."""
        self._close()
        if self._popen is not None:
            self._popen.kill()  # it has nothing to lose, and may be in the middle of a long import
            await asyncio.to_thread(self._popen.wait)
        if self._reaper is not None:
            await self._reaper

    def _send(self, message: dict[str, Any], *fds: int) -> None:
        if self._socket is None:
            raise Refused("the warm parent is gone", died=True)
        try:
            socket.send_fds(self._socket, [json.dumps(message).encode()], list(fds))
        except OSError as error:
            raise Refused("the warm parent is gone", died=True) from error

    def _receive(self) -> None:
        assert self._socket is not None
        while True:
            try:
                data, fds, _, _ = socket.recv_fds(self._socket, MESSAGE_LIMIT, 4)
            except BlockingIOError:
                return
            except OSError:
                data, fds = b"", []
            if not data:
                self._close()
                return
            self._heard(json.loads(data), fds)

    def _heard(self, message: dict[str, Any], fds: list[int]) -> None:
        event = message["event"]
        if event == "hello":
            self.hello = message
            if not self._greeted.done():
                self._greeted.set_result(None)
        elif event == "forked":
            process = ReplicaProcess(message["pid"], fds.pop(0) if fds else None, told=True)
            self._children[process.pid] = process
            self._answer(message["id"], process)
        elif event == "refused":
            self._answer(message["id"], Refused(message["why"]))
        elif event == "prepared":
            self._answer(message["id"], None)
        elif event == "exited":
            child = self._children.pop(message["pid"], None)
            if child is not None:
                child.report(Exit(message["code"], message["signal"], message["maxrss"]))
        elif event == "unsafe":
            self.unsafe = message["module"]
            self.useless.set()
        for fd in fds:
            os.close(fd)

    def _answer(self, number: int, result: ReplicaProcess | Refused | None) -> None:
        future = self._pending.pop(number, None)
        if future is None or future.done():
            if isinstance(result, ReplicaProcess):
                result.release()
        elif isinstance(result, Refused):
            future.set_exception(result)
        else:
            future.set_result(result)

    def _close(self) -> None:
        if self._socket is None:
            return
        with contextlib.suppress(RuntimeError, ValueError):  # the loop is closed
            asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._socket = None
        for number in list(self._pending):
            self._answer(number, Refused("the warm parent died", died=True))
        if not self._greeted.done():
            self._reaper = asyncio.get_running_loop().create_task(self._explain())
        self.gone.set()
        self.useless.set()

    async def _explain(self) -> None:
        if self._popen is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self._popen.wait, 5)
        evidence = await asyncio.to_thread(_tail, self.log)
        if not self._greeted.done():
            self._greeted.set_exception(_unusable(self.interpreter, "", evidence))


class WarmParents:
    """The warm parent of every interpreter in use."""

    def __init__(self, home: Home, environ: Mapping[str, str]) -> None:
        self._home = home
        self._environ = environ
        self._starting: dict[str, asyncio.Task[WarmParent]] = {}
        self._flavors: dict[str, tuple[str, ...]] = {}
        self._deaths: dict[str, collections.deque[float]] = {}
        self._skip: dict[str, set[str]] = {}
        self._installed: dict[str, frozenset[str]] = {}
        self._watching: set[asyncio.Task[None]] = set()
        self._closed = False

    async def get(self, interpreter: str, flavors: Sequence[str] = ()) -> WarmParent:
        """Return the living warm parent of an interpreter, started when there is none.

        One that has imported what has since been replaced, or updated, is let go: a model of today would meet yesterday's
        packages in it.

        Raises
        ------
        StartProblem
            When this interpreter cannot have one.
        """
        installed = await asyncio.to_thread(installation, interpreter)
        if installed is None:
            raise _unusable(interpreter, "")
        self._flavors[interpreter] = tuple(flavors) or self._flavors.get(interpreter, ())
        task = self._starting.get(interpreter)
        if task is not None and task.done():
            if task.cancelled() or task.exception() or task.result().gone.is_set():
                task = None
            elif self._installed.get(interpreter) != installed:
                task.result().outdate()
                task = None
        if task is None:
            self._installed[interpreter] = installed
            task = asyncio.get_running_loop().create_task(self._start(interpreter))
            self._starting[interpreter] = task
        return await asyncio.shield(task)

    async def prepare(self, interpreter: str, flavors: Sequence[str]) -> None:
        """Start the warm parent and let it import what models of these flavors need.

        Raises
        ------
        StartProblem
            When this interpreter cannot have one.
        """
        warm = await self.get(interpreter, flavors)
        with contextlib.suppress(Refused):  # it died: there is another one already, or replicas are spawned
            await warm.prepare(flavors, self._skip.get(interpreter, ()))

    def spawn_instead(self, interpreter: str) -> bool:
        """Return whether this interpreter's warm parents die again and again, so that forking is no use."""
        recent = [t for t in self._deaths.get(interpreter, ()) if time.monotonic() - t < 60]  # noqa: PLR2004  # a minute
        return len(recent) >= DEATHS

    def kill(self, interpreter: str) -> None:
        """End an interpreter's warm parent, which hangs; another one is started."""
        task = self._starting.get(interpreter)
        if task is not None and task.done() and not task.cancelled() and task.exception() is None:
            task.result().kill()

    def pids(self) -> dict[str, int]:
        """Return interpreter → pid of the living ones."""
        done = {i: t for i, t in self._starting.items() if t.done() and not t.cancelled() and t.exception() is None}
        return {i: t.result().pid for i, t in done.items() if not t.result().gone.is_set()}

    async def close(self) -> None:
        """Let all of them go."""
        self._closed = True
        starting, self._starting = list(self._starting.values()), {}
        for task in (*starting, *self._watching):
            if not task.done():
                task.cancel()
        for result in await asyncio.gather(*starting, return_exceptions=True):
            if isinstance(result, WarmParent):
                await result.stop()
        await asyncio.gather(*self._watching, return_exceptions=True)

    async def _start(self, interpreter: str) -> WarmParent:
        warm = WarmParent(interpreter, self._home, self._environ)
        try:
            await warm.start()
        except asyncio.CancelledError:
            await warm.stop()
            raise
        watch = asyncio.get_running_loop().create_task(self._watch(warm))
        self._watching.add(watch)
        watch.add_done_callback(self._watching.discard)
        return warm

    async def _watch(self, warm: WarmParent) -> None:
        await warm.useless.wait()
        if self._closed:
            return
        await warm.stop()
        if warm.outdated:
            return
        if warm.unsafe:
            self._skip.setdefault(warm.interpreter, set()).add(warm.unsafe)
        else:
            self._deaths.setdefault(warm.interpreter, collections.deque(maxlen=DEATHS)).append(time.monotonic())
        if not self.spawn_instead(warm.interpreter):
            with contextlib.suppress(StartProblem):  # the next start will say it
                await self.prepare(warm.interpreter, self._flavors.get(warm.interpreter, ()))


def _unusable(interpreter: str, why: str, evidence: str = "") -> StartProblem:
    if not Path(interpreter).exists():
        return StartProblem(
            "environment",
            f"the Python that made this model is gone: {interpreter}",
            hint="deploy with isolate=True to build an environment from the model's requirements",
        )
    if "No module named mdeploy_lab" in evidence or "No module named 'mdeploy_lab" in evidence:
        return StartProblem(
            "environment",
            f"{interpreter} has no mdeploy-lab",
            hint=f"{interpreter} -m pip install mdeploy-lab, or deploy with isolate=True",
            evidence=evidence,
            details={"cause": "mdeploy", "python": interpreter},
        )
    last = why or next((line for line in reversed(evidence.splitlines()) if line.strip()), "it ended at once")
    return StartProblem(
        "environment",
        f"{interpreter} cannot run models: {last.strip()}",
        hint="repair that environment, or deploy with isolate=True",
        evidence=evidence,
    )


def _tail(path: Path) -> str:
    try:
        return path.read_bytes()[-EVIDENCE:].decode("utf-8", "replace")
    except OSError:
        return ""
