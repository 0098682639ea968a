"""Read replica logs: the newest lines of several rotated files merged by time, and then each new one."""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mdeploy_lab.engines.base import LogQuery
from mdeploy_lab.models.history import LogLine

from .backwards import lines_backwards
from .raw_logs import RawLogs

STAMPED = ".raw.jsonl"
_EPOCH = datetime.fromtimestamp(0, timezone.utc)


def replica_of(path: Path) -> str:
    """Return whose log a file is."""
    name = path.name.partition(".jsonl")[0]
    return name.removesuffix(".raw")


def newest(directory: Path, query: LogQuery) -> list[LogLine]:
    """Return the newest lines that match, oldest first. Blocking: call it in a thread."""
    streams = [_backwards(group, query) for group in _groups(directory, query.replica).values()]
    merged = heapq.merge(*streams, key=lambda line: line.at, reverse=True)
    found: list[LogLine] = []
    for line in merged:
        if query.tail is not None and len(found) >= query.tail:
            break
        found.append(line)
    found.reverse()
    found.sort(key=lambda line: line.at)  # threads may have written two lines in the other order
    return found


def _groups(directory: Path, replica: str | None) -> dict[str, list[Path]]:
    """Return the files of each log, the newest first."""
    groups: dict[str, list[Path]] = {}
    for path in directory.glob("*.jsonl*"):
        base, _, number = path.name.partition(".jsonl")
        if (number == "" or number[1:].isdigit()) and (replica is None or replica_of(path) == replica):
            groups.setdefault(base, []).append(path)
    for files in groups.values():
        files.sort(key=lambda p: int(p.name.rpartition(".jsonl")[2][1:] or 0))
    return groups


def _backwards(files: list[Path], query: LogQuery) -> Iterator[LogLine]:
    for path in files:
        at = _written(path)
        for text in lines_backwards(path):
            line = parse(text, path, at)
            if line is None:
                continue
            at = line.at
            if query.since is not None and line.at < query.since:
                return
            if query.revision is None or line.revision == query.revision:
                yield line


def _written(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
    except OSError:
        return _EPOCH


def parse(text: str, path: Path, at: datetime) -> LogLine | None:
    """Return a line of a log file; one that is not JSON (a half line after a crash) keeps its text and gets the time ``at``."""
    if not text.strip():
        return None
    try:
        raw: dict[str, Any] = json.loads(text)
        line = LogLine.model_validate(raw)
    except (ValueError, ValidationError, TypeError):
        return LogLine(at=at, message=text, replica=replica_of(path))
    return line if line.replica else line.model_copy(update={"replica": replica_of(path)})


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
        return [files[0] for files in _groups(self.directory, self.query.replica).values() if files[0].suffix == ".jsonl"]

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
        at = _written(path)
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

    async def read(self, uid: str, query: LogQuery, *, follow: bool) -> AsyncIterator[LogLine]:
        """Yield the newest lines, and with ``follow`` each new one."""
        directory = self._root / uid
        await asyncio.to_thread(self._raw.collect, directory)
        follower = Follower(directory, query)
        if follow:
            await asyncio.to_thread(follower.skip)
        for line in await asyncio.to_thread(newest, directory, query):
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
