"""Which processes belong to a home: by the home's or runtime directory's path in their command line or environment."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mdeploy_lab.paths import Home

Kind = Literal["engine", "supervisor", "warm parent", "replica", "envoy", "registry", "other"]


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
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state in {"Z", "X"} or not any(m in command or m in environ for m in marks):
            continue
        text = command.replace(b"\0", b" ").decode(errors="replace").strip()
        found.append(Process(int(entry.name), _kind(text, entry), text))
    return sorted(found, key=lambda p: p.pid)


def _kind(command: str, entry: Path) -> Kind:
    if "mdeploy_lab.daemon run" in command:
        return "engine"
    if "mdeploy_lab.daemon supervise" in command:
        return "supervisor"
    if "mdeploy_lab.registry.worker" in command:
        return "registry"
    if "envoy" in command.split(" ", maxsplit=1)[0]:
        return "envoy"
    if "mdeploy_lab.runtime.replica" in command or command.startswith("mdeploy-replica"):
        return "replica"
    if "mdeploy_lab.runtime.warm" in command:
        return "replica" if _is_forked(entry) else "warm parent"
    return "other"


def _is_forked(entry: Path) -> bool:
    """Return whether this is a child of a warm parent: it leads a session of its own and its name or parent says so."""
    try:
        name = (entry / "comm").read_text().strip()
        threads = len(list((entry / "task").iterdir()))
    except OSError:
        return False
    return name.startswith("mdeploy-rep") or threads > 1


def of_kind(home: Home, kind: Kind) -> list[int]:
    """Return the pids of one kind."""
    return [p.pid for p in census(home) if p.kind == kind]


def kill(home: Home, *kinds: Kind) -> list[int]:
    """SIGKILL every process of these kinds; returns their pids."""
    pids = [p.pid for p in census(home) if p.kind in kinds]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    return pids


def until(what: str, check: Callable[[], object], seconds: float = 15.0) -> float:
    """Poll until ``check`` is true; returns the seconds it took, and fails naming what was waited for."""
    started = time.monotonic()
    while not check():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"waited {seconds:g} s for: {what}")
        time.sleep(0.02)
    return time.monotonic() - started
