"""What a replica takes: private memory and CPU time of its process and all its children, read from /proc."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """Bytes nobody else shares, and seconds of CPU."""

    memory: int
    cpu: float


def resident(pid: int) -> int:
    """Return the resident bytes of a process and its children, shared pages included: cheap, never less than private."""
    return sum(_resident(p) for p in family(pid))


def usage(pid: int) -> Usage | None:
    """Return what a process and its children take, or None when it is gone."""
    pids = family(pid)
    if not pids:
        return None
    return Usage(sum(_private(p) for p in pids), sum(_cpu(p) for p in pids))


def family(pid: int) -> list[int]:
    """Return a process and everything below it."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        with contextlib.suppress(OSError):  # it ended meanwhile
            with os.scandir(f"/proc/{one}/task") as tasks:
                children = [int(c) for t in tasks for c in Path(t.path, "children").read_text().split()]
            found.append(one)
            todo += children
    return found


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    return 0


def _private(pid: int) -> int:
    total = 0
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(("Private_Clean:", "Private_Dirty:", "Private_Hugetlb:")):
                total += int(line.split()[1]) * 1024
    return total


def _cpu(pid: int) -> float:
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
    return 0.0
