"""The warm parent: one process per interpreter that holds the imports, and forks replicas when the engine orders one.

Forking is safe from one OS thread only, so this process computes nothing, loads no model, and counts its threads before every
fork. It lives as long as its engine: the end of the engine's socket ends it, and its replicas live on.

The socket is SOCK_SEQPACKET: each message is one JSON document, with file descriptors beside it (SCM_RIGHTS).

Engine → warm parent::

    {"op": "prepare", "id": 6, "flavors": ["sklearn"], "skip": ["a_module"]}
    {"op": "fork", "id": 7, "flavors": ["sklearn"], "spec": "/path.json"}      + listener, life lock

Warm parent → engine::

    {"event": "hello", "protocol": 1, "pid": 1, "python": "3.11.7", "mdeploy": "0.1.0"}
    {"event": "prepared", "id": 6}
    {"event": "forked", "id": 7, "pid": 12}                                    + pidfd
    {"event": "refused", "id": 7, "why": "4 threads"}
    {"event": "exited", "pid": 12, "code": 1, "signal": null, "maxrss": 123456}
    {"event": "unsafe", "module": "x"}                                         its import left a thread
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

PROTOCOL = 1
MESSAGE_LIMIT = 65536
IDLE = 1.5
"""Seconds without an order before what nobody has asked for is imported: a replica that just started needs the CPU more."""
SINGLE_THREADED = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""Keeps libraries from starting threads; the last one is for the jemalloc in pyarrow, which pandas imports."""
NEVER_WARM = frozenset({"onnx"})
"""Flavors that are spawned, so that their libraries have no business here."""


def threads() -> int:
    """Return the number of OS threads of this process."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def alone(patience: float = 0.05) -> bool:
    """Return whether this is the only thread; one that is just ending gets a moment."""
    deadline = time.monotonic() + patience
    while threads() != 1:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def needed(flavors: Sequence[str]) -> tuple[str, ...]:
    """Return the modules that a replica of these flavors imports."""
    from mdeploy_lab.runtime import preload

    own = [name for flavor in flavors if flavor not in NEVER_WARM for name in preload.FLAVORS.get(flavor, ())]
    return tuple(dict.fromkeys((*preload.CORE, *own, *preload.OURS, "mdeploy_lab.runtime.child")))


def everything() -> tuple[str, ...]:
    """Return the modules of all flavors that may be forked."""
    from mdeploy_lab.runtime import preload

    return needed(tuple(preload.FLAVORS))


class Warm:
    """The state of a warm parent."""

    def __init__(self, engine: socket.socket) -> None:
        self._engine = engine
        self._tried: set[str] = set()
        self._unsafe = False
        self._idle: Iterator[str] = iter(())
        self._wake, self._woken = self._signals()

    def run(self) -> None:
        """Obey until the engine is gone."""
        self._say({"event": "hello", "protocol": PROTOCOL, "pid": os.getpid(), **_versions()})
        pause: float | None = IDLE
        while True:
            readable, _, _ = select.select([self._engine.fileno(), self._wake], [], [], pause)
            ordered = self._engine.fileno() in readable
            if self._wake in readable:
                os.read(self._wake, 4096)
                self._reap()
            if ordered and not self._obey():
                return
            if not readable:
                pause = 0 if self._import_next() else None
            elif ordered:
                pause = IDLE

    @staticmethod
    def _signals() -> tuple[int, int]:
        wake, woken = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        return wake, woken

    def _obey(self) -> bool:
        message, fds, _, _ = socket.recv_fds(self._engine, MESSAGE_LIMIT, 4)
        if not message:
            return False
        order: dict[str, Any] = json.loads(message)
        if order["op"] == "fork":
            self._fork(order, fds)
        elif order["op"] == "prepare":
            self._tried.update(order["skip"])
            self._import_all(order["flavors"])
            self._idle = iter(everything())
            self._say({"event": "prepared", "id": order["id"]})
        for fd in fds:
            os.close(fd)
        return True

    def _import_next(self) -> bool:
        """Import one module that is not needed yet; return whether there may be more."""
        name = next((n for n in self._idle if n not in self._tried), None)
        if name is None:
            gc.collect()
            gc.freeze()
            return False
        self._import(name)
        return True

    def _import_all(self, flavors: Sequence[str]) -> None:
        from mdeploy_lab.runtime.dialect import load_dialects

        for name in needed(flavors):
            if name not in self._tried:
                self._import(name)
        load_dialects()

    def _import(self, name: str) -> None:
        self._tried.add(name)
        # A library may raise anything while it is imported; the replica that needs it will say so in its own words.
        with contextlib.suppress(Exception):
            importlib.import_module(name)
        if not self._unsafe and not alone():
            self._unsafe = True
            self._say({"event": "unsafe", "module": name})

    def _fork(self, order: dict[str, Any], fds: Sequence[int]) -> None:
        self._import_all(order["flavors"])
        if not alone():
            self._say({"event": "refused", "id": order["id"], "why": f"{threads()} threads"})
            return
        if self._engine_is_gone():
            sys.exit(0)
        gc.freeze()
        pid = os.fork()
        if pid == 0:
            self._child(order["spec"], *fds)
        pidfd = os.pidfd_open(pid)
        self._say({"event": "forked", "id": order["id"], "pid": pid}, pidfd)
        os.close(pidfd)

    def _child(self, spec_file: str, listener_fd: int, _life_fd: int) -> NoReturn:
        try:
            signal.set_wakeup_fd(-1)
            self._engine.close()
            os.close(self._wake)
            os.close(self._woken)
            gc.enable()
            from mdeploy_lab.runtime.child import become

            become(spec_file, listener_fd)
        finally:
            os._exit(70)

    def _engine_is_gone(self) -> bool:
        poll = select.poll()
        poll.register(self._engine, select.POLLHUP)
        return any(events & select.POLLHUP for _, events in poll.poll(0))

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._say(
                {
                    "event": "exited",
                    "pid": pid,
                    "code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
                    "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
                    "maxrss": usage.ru_maxrss * 1024,
                }
            )

    def _say(self, message: dict[str, Any], *fds: int) -> None:
        data = json.dumps(message).encode()
        try:
            socket.send_fds(self._engine, [data], list(fds))
        except (BrokenPipeError, ConnectionResetError):
            sys.exit(0)


def _versions() -> dict[str, str]:
    from mdeploy_lab import __version__

    return {"python": ".".join(map(str, sys.version_info[:3])), "mdeploy": str(__version__)}


def main() -> None:
    """Run a warm parent for the engine at the other end of the inherited socket."""
    fd = int(sys.argv[1])
    os.environ.update(SINGLE_THREADED)
    os.set_inheritable(fd, False)
    gc.disable()
    from mdeploy_lab.runtime.preload import quiet

    quiet()
    Warm(socket.socket(fileno=fd)).run()


if __name__ == "__main__":
    main()
