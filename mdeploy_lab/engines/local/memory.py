"""What a replica takes: private memory and CPU time of its process and all its children, read from /proc."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

NEAR = 0.8
SOON, OFTEN, SELDOM = 2.0, 5.0, 30.0
"""Seconds between measurements: when shared pages could matter, when something changed, and when nothing did."""
CHANGE = 2 * 2**20
SETTLING = 4
"""So many measurements follow each other closely: a process that has just begun is still making pages its own."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """Bytes nobody else shares, and seconds of CPU."""

    memory: int
    cpu: float


class Gauge:
    """Decides when private memory must be measured: that walks all page tables (12 ms for 400 MB), resident memory is free.

    Private memory grows with resident memory, or when shared pages are written to, which resident memory does not show.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._resident = 0
        self._private: int | None = None
        self._at = 0.0
        self._count = 0

    def due(self, resident_now: int, now: float) -> bool:
        """Return whether to measure, given the resident bytes and the time."""
        if self._private is None:
            return True
        age = now - self._at
        growth = resident_now - self._resident
        if self._private + max(0, growth) > NEAR * self._limit:
            return True
        if resident_now > NEAR * self._limit and age >= SOON:
            return True
        return age >= (OFTEN if abs(growth) > CHANGE or self._count < SETTLING else SELDOM)

    def measured(self, private: int, resident_now: int, now: float) -> bool:
        """Take note of a measurement; return whether it is over the limit."""
        self._private, self._resident, self._at = private, resident_now, now
        self._count += 1
        return private > self._limit


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
