"""Read whole logs, oldest line first, in memory that does not grow with them; and say whose logs are kept."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from mdeploy_lab.engines.base import LogQuery
from mdeploy_lab.models.history import LogLine, LogReplica

from .backwards import lines_backwards
from .log_files import groups, parse, replica_of, written

BATCH_LINES = 1000
BATCH_CHARACTERS = 2_000_000
LINE_BYTES = 16_000_000
"""Bytes beyond which a line is cut in two; the runtime writes shorter ones."""


@dataclass(frozen=True)
class _Part:
    """One file as it was when reading began: found again by its inode when it is rotated meanwhile."""

    inode: int
    size: int
    changed: float


@dataclass(frozen=True)
class _Log:
    """One log with its rotated files, the oldest first, and when its first line was written."""

    directory: Path
    base: str
    parts: tuple[_Part, ...]
    first: datetime

    def open(self, part: _Part) -> tuple[Path, BinaryIO] | None:
        """Open one of its files under whatever name it has now; None when it is gone."""
        for path in self.directory.glob(f"{self.base}.jsonl*"):
            try:
                if path.stat().st_ino == part.inode:
                    return path, path.open("rb")
            except OSError:
                continue
        return None

    def lines(self, query: LogQuery) -> Iterator[LogLine]:
        """Yield its lines that match."""
        for part in self.parts:
            if query.since is not None and part.changed < query.since.timestamp():
                continue
            found = self.open(part)
            if found is not None:
                path, file = found
                with file:
                    yield from _matching(_read(path, file, part.size), query)


class WholeLogs:
    """Everything that a deployment's logs hold now. Blocking: use it in threads."""

    def __init__(self, directory: Path, query: LogQuery, ends: Mapping[int, int] | None = None) -> None:
        self._query = query
        found = groups(directory, query.replica).items()
        logs = (_log(directory, base, files, ends or {}) for base, files in found)
        self._logs = sorted((log for log in logs if log is not None), key=lambda log: log.first)

    def lines(self) -> Iterator[LogLine]:
        """Yield the newest ``tail`` lines that match, oldest first; a log is opened when its time has come."""
        tail = self._query.tail
        size = sum(part.size for log in self._logs for part in log.parts)
        if tail is None or size <= tail:  # a line has a byte at least
            return self._merged()
        total = sum(1 for _ in self._merged())
        return itertools.islice(self._merged(), max(0, total - tail), None)

    def _merged(self) -> Iterator[LogLine]:
        waiting = list(reversed(self._logs))
        heap: list[tuple[datetime, int, LogLine, Iterator[LogLine]]] = []
        count = itertools.count()

        def push(lines: Iterator[LogLine]) -> None:
            line = next(lines, None)
            if line is not None:
                heapq.heappush(heap, (line.at, next(count), line, lines))

        while waiting or heap:
            while waiting and (not heap or waiting[-1].first <= heap[0][0]):
                push(waiting.pop().lines(self._query))
            if heap:
                _, _, line, lines = heapq.heappop(heap)
                yield line
                push(lines)


async def in_batches(whole: WholeLogs) -> AsyncIterator[LogLine]:
    """Yield lines that are read in a thread, some thousand at a time."""
    iterator = await asyncio.to_thread(whole.lines)
    while batch := await asyncio.to_thread(_take, iterator):
        for line in batch:
            yield line


def _take(iterator: Iterator[LogLine]) -> list[LogLine]:
    batch: list[LogLine] = []
    characters = 0
    for line in iterator:
        batch.append(line)
        characters += len(line.message)
        if len(batch) >= BATCH_LINES or characters >= BATCH_CHARACTERS:
            break
    return batch


def _log(directory: Path, base: str, files: list[Path], ends: Mapping[int, int]) -> _Log | None:
    parts = []
    for path in reversed(files):
        try:
            info = path.stat()
        except OSError:
            continue
        size = min(info.st_size, ends.get(info.st_ino, info.st_size))
        if size:
            parts.append(_Part(info.st_ino, size, info.st_mtime))
    if not parts:
        return None
    log = _Log(directory, base, tuple(parts), written(files[0]))
    with closing(log.lines(LogQuery(tail=None))) as lines:  # type: ignore[type-var]  # generators have close()
        first = next(lines, None)
    return None if first is None else _Log(directory, base, log.parts, first.at)


def _read(path: Path, file: BinaryIO, size: int) -> Iterator[LogLine]:
    at = written(path)
    left = size
    while left > 0:
        text = file.readline(min(LINE_BYTES, left))
        if not text:
            return
        left -= len(text)
        line = parse(text.decode("utf-8", "replace").rstrip("\n"), path, at)
        if line is not None:
            at = line.at
            yield line


def _matching(lines: Iterator[LogLine], query: LogQuery) -> Iterator[LogLine]:
    for line in lines:
        since = query.since is None or line.at >= query.since
        if since and (query.revision is None or line.revision == query.revision):
            yield line


def kept_replicas(directory: Path, living: frozenset[str]) -> list[LogReplica]:
    """Return whose logs are kept, the newest line first. Blocking: call it in a thread."""
    found: dict[str, LogReplica] = {}
    for base, files in groups(directory, None).items():
        log = _log(directory, base, files, {})
        last = _last(files)
        if log is None or last is None:
            continue
        name = replica_of(files[0])
        size = sum(part.size for part in log.parts)
        this = LogReplica(replica=name, revision=last.revision, first=log.first, last=last.at, live=name in living, bytes=size)
        other = found.get(name)
        found[name] = this if other is None else _together(this, other)
    return sorted(found.values(), key=lambda r: r.last, reverse=True)


def _together(one: LogReplica, other: LogReplica) -> LogReplica:
    """Return the structured log and the raw one of a replica as one."""
    return one.model_copy(
        update={
            "first": min(one.first, other.first),
            "last": max(one.last, other.last),
            "revision": max(one.revision, other.revision),
            "bytes": one.bytes + other.bytes,
        }
    )


def _last(files: list[Path]) -> LogLine | None:
    for path in files:
        for text in lines_backwards(path):
            line = parse(text, path, written(path))
            if line is not None:
                return line
    return None
