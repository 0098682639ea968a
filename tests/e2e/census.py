"""Which processes belong to a home: by its paths in their command line, environment or working directory."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mdeploy_lab.paths import Home

Kind = Literal["engine", "supervisor", "warm parent", "replica", "envoy", "registry", "other"]


KINDS: dict[str, Kind] = {
    "mdeploy_lab.daemon run": "engine",
    "mdeploy_lab.daemon supervise": "supervisor",
    "mdeploy_lab.registry.worker": "registry",
    "mdeploy_lab.runtime.warm": "warm parent",
    "mdeploy_lab.runtime.child": "replica",
    "mdeploy_lab.runtime.replica": "replica",
    "envoy": "envoy",
}


@dataclass(frozen=True)
class Process:
    """One living process of a home."""

    pid: int
    kind: Kind
    command: str


def census(home: Home) -> list[Process]:
    """Return the living processes of a home; zombies are dead, and this process is not one of them."""
    marks = (str(home.root).encode(), str(home.run).encode())
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            environ = (entry / "environ").read_bytes()
            place = os.fsencode((entry / "cwd").readlink())
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            text = command.replace(b"\0", b" ").decode(errors="replace").strip()
            kind = _kind(text, entry)
        except OSError:
            continue
        if state in {"Z", "X"} or not any(m in where for m in marks for where in (command, environ, place)):
            continue
        found.append(Process(int(entry.name), kind, text))
    return sorted(found, key=lambda p: p.pid)


def _kind(command: str, entry: Path) -> Kind:
    if (entry / "comm").read_text().startswith("mdeploy-replica"):
        return "replica"
    for mark, kind in KINDS.items():
        if mark in command:
            return kind
    return "other"


def of_kind(home: Home, kind: Kind) -> list[int]:
    """Return the pids of one kind."""
    return [p.pid for p in census(home) if p.kind == kind]


def kill(home: Home, *kinds: Kind) -> list[int]:
    """SIGKILL every process of these kinds; returns their pids.

    All are stopped first: on a busy machine an engine would see its supervisor die and start another, of the old code.
    """
    pids = [p.pid for p in census(home) if p.kind in kinds]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    return kill_pids(pids)


def kill_pids(pids: Iterable[int]) -> list[int]:
    """SIGKILL these processes; returns those that were there."""
    dead = []
    for pid in list(pids):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            dead.append(pid)
    return dead


def kill_everything(home: Home) -> None:
    """SIGKILL every process of a home as if at one moment: all are stopped first, so that none can start another."""
    for _ in range(20):
        found = [p.pid for p in census(home)]
        for pid in found:
            os.kill(pid, signal.SIGSTOP)
        if {p.pid for p in census(home)} == set(found):
            break
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    until("every process to be dead", lambda: not census(home))


def until(what: str, check: Callable[[], object], seconds: float = 15.0) -> float:
    """Poll until ``check`` is true; returns the seconds it took, and fails naming what was waited for."""
    started = time.monotonic()
    while not check():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"waited {seconds:g} s for: {what}")
        time.sleep(0.02)
    return time.monotonic() - started
