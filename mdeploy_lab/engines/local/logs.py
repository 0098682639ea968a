"""Read replica logs: the newest lines of several rotated files merged by time, and then each new one."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from mdeploy_lab.engines.base import LogQuery
from mdeploy_lab.models.history import LogLine, LogReplica

from .backwards import lines_backwards
from .log_files import groups, parse, written
from .raw_logs import RawLogs
from .whole_logs import WholeLogs, in_batches, kept_replicas

NOWHERE: Mapping[int, int] = MappingProxyType({})
NEWEST = 10_000
"""Lines up to which the newest are collected from the end; more are read from the beginning, without being held."""


def newest(directory: Path, query: LogQuery, ends: Mapping[int, int] = NOWHERE) -> list[LogLine]:
    """Return the newest lines that match, oldest first. Blocking: call it in a thread.

    ``ends`` says for the inode of a file how many of its bytes are read; what was added to it since is left out.
    """
    streams = [_backwards(group, query, ends) for group in groups(directory, query.replica).values()]
    merged = heapq.merge(*streams, key=lambda line: line.at, reverse=True)
    found: list[LogLine] = []
    for line in merged:
        if query.tail is not None and len(found) >= query.tail:
            break
        found.append(line)
    found.reverse()
    found.sort(key=lambda line: line.at)  # threads may have written two lines in the other order
    return found


def _backwards(files: list[Path], query: LogQuery, ends: Mapping[int, int]) -> Iterator[LogLine]:
    for path in files:
        at = written(path)
        for text in lines_backwards(path, _end(path, ends)):
            line = parse(text, path, at)
            if line is None:
                continue
            at = line.at
            if query.since is not None and line.at < query.since:
                return
            if query.revision is None or line.revision == query.revision:
                yield line


def _end(path: Path, ends: Mapping[int, int]) -> int | None:
    try:
        return ends.get(path.stat().st_ino) if ends else None
    except OSError:
        return None


@dataclass
class _Cursor:
    """How far a log has been read."""

    inode: int = 0
    offset: int = 0
    rest: bytes = b""


@dataclass
class Follower:
    """Remembers how far every log of a directory was read."""

    directory: Path
    query: LogQuery
    cursors: dict[Path, _Cursor] = field(default_factory=dict)

    def skip(self) -> None:
        """Go to the end of what there is. Blocking: call it in a thread."""
        for path in self._current():
            info = path.stat()
            self.cursors[path] = _Cursor(info.st_ino, info.st_size)

    def ends(self) -> dict[int, int]:
        """Return how far each file has been read, by its inode."""
        return {cursor.inode: cursor.offset for cursor in self.cursors.values()}

    def news(self) -> list[LogLine]:
        """Return what was added since, oldest first. Blocking: call it in a thread."""
        found: list[LogLine] = []
        for path in self._current():
            try:
                found += self._read(path, self.cursors.setdefault(path, _Cursor()))
            except FileNotFoundError:
                continue
        since, revision = self.query.since, self.query.revision
        wanted = (x for x in found if (since is None or x.at >= since) and (revision is None or x.revision == revision))
        return sorted(wanted, key=lambda line: line.at)

    def _current(self) -> list[Path]:
        return [files[0] for files in groups(self.directory, self.query.replica).values() if files[0].suffix == ".jsonl"]

    def _read(self, path: Path, cursor: _Cursor) -> Iterator[LogLine]:
        info = path.stat()
        if cursor.inode not in {0, info.st_ino}:  # rotated: the rest of the old file first
            older = path.with_name(f"{path.name}.1")
            if older.exists() and older.stat().st_ino == cursor.inode:
                yield from self._lines(older, cursor)
            cursor.offset, cursor.rest = 0, b""
        if info.st_size < cursor.offset:
            cursor.offset, cursor.rest = 0, b""
        cursor.inode = info.st_ino
        yield from self._lines(path, cursor)

    @staticmethod
    def _lines(path: Path, cursor: _Cursor) -> Iterator[LogLine]:
        at = written(path)
        with path.open("rb") as file:
            file.seek(cursor.offset)
            data = cursor.rest + file.read()
            cursor.offset = file.tell()
        *lines, cursor.rest = data.split(b"\n")
        for text in lines:
            line = parse(text.decode("utf-8", "replace"), path, at)
            if line is not None:
                yield line


class Logs:
    """The logs of all replicas of a home."""

    def __init__(self, root: Path, raw: RawLogs, *, interval: float) -> None:
        self._root = root
        self._raw = raw
        self._interval = interval

    async def replicas(self, uid: str, living: frozenset[str]) -> list[LogReplica]:
        """Return whose logs are kept, the newest line first."""
        directory = self._root / uid
        await asyncio.to_thread(self._raw.collect, directory)
        return await asyncio.to_thread(kept_replicas, directory, living)

    async def read(self, uid: str, query: LogQuery, *, follow: bool) -> AsyncIterator[LogLine]:
        """Yield the newest lines, and with ``follow`` each new one."""
        directory = self._root / uid
        await asyncio.to_thread(self._raw.collect, directory)
        follower = Follower(directory, query)
        if follow:
            await asyncio.to_thread(follower.skip)
        if query.tail is None or query.tail > NEWEST:
            async for line in in_batches(await asyncio.to_thread(WholeLogs, directory, query, follower.ends())):
                yield line
        else:
            for line in await asyncio.to_thread(newest, directory, query, follower.ends()):
                yield line
        while follow:
            await asyncio.sleep(self._interval)
            await asyncio.to_thread(self._raw.collect, directory)
            for line in await asyncio.to_thread(follower.news):
                yield line


def expire(root: Path, days: float, *, now: float, living: frozenset[str]) -> int:
    """Remove log files that nobody wrote to for ``days``; return how many. Blocking: call it in a thread."""
    removed = 0
    for path in list(root.glob("*/*")):
        own = path.name.partition(".")[0]  # replica ids have no dots
        if path.is_file() and own not in living and path.stat().st_mtime < now - days * 86400:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
