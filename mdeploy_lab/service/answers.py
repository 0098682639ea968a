"""Answers that are too large to show: kept for some minutes in private files, to be downloaded without asking again."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mdeploy_lab.errors import AnswerNotFound

KEPT = 10
KEPT_BYTES = 512_000_000
KEPT_SECONDS = 600.0
SHOWN_BYTES = 1_000_000
"""Bytes of an answer that are shown; a longer one is cut."""


@dataclass(frozen=True)
class KeptAnswer:
    """One answer in a file."""

    token: str
    uid: str
    path: Path
    content_type: str
    size: int


@dataclass(frozen=True)
class Received:
    """An answer as it came: its beginning, its size, and the token of the whole one when there is more."""

    start: bytes
    size: int
    token: str = ""

    @property
    def cut(self) -> bool:
        """Whether ``start`` is not all."""
        return self.size > len(self.start)


class Answers:
    """Keeps the newest answers in ``directory``, which is emptied at the start and at the end. Belongs to one event loop."""

    def __init__(self, directory: Path, *, limit: int = KEPT_BYTES, seconds: float = KEPT_SECONDS) -> None:
        self._directory = directory
        self._limit = limit
        self._seconds = seconds
        self._kept: dict[str, KeptAnswer] = {}
        self._coming: dict[str, int] = {}
        """Bytes of answers that are being received."""
        shutil.rmtree(directory, ignore_errors=True)

    def close(self) -> None:
        """Remove everything."""
        self._kept.clear()
        shutil.rmtree(self._directory, ignore_errors=True)

    def get(self, uid: str, token: str) -> KeptAnswer:
        """Return an answer that a deployment gave.

        Raises
        ------
        AnswerNotFound
            When it was never kept, or is kept no more.
        """
        found = self._kept.get(token)
        if found is None or found.uid != uid:
            raise AnswerNotFound(
                "this answer is not kept any more",
                hint=f"answers are kept for {self._seconds / 60:g} minutes, the newest {KEPT} of them; ask again",
            )
        return found

    async def receive(self, uid: str, content_type: str, parts: AsyncIterator[bytes]) -> Received:
        """Read an answer to its end: a short one into memory, a longer one into a file.

        An answer over the limit of everything that is kept is read no further; its size is then what was read.
        """
        start, size = bytearray(), 0
        async for part in parts:
            start += part
            if len(start) > SHOWN_BYTES:
                break
        else:
            return Received(bytes(start), len(start))
        token = secrets.token_urlsafe(18)
        path = self._directory / token
        try:
            size, whole = await self._write(path, token, bytes(start), parts)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            self._coming.pop(token, None)
        shown = bytes(start[:SHOWN_BYTES])
        if not whole:
            path.unlink(missing_ok=True)
            return Received(shown, size)
        self._keep(KeptAnswer(token, uid, path, content_type, size))
        return Received(shown, size, token)

    async def _write(self, path: Path, token: str, start: bytes, parts: AsyncIterator[bytes]) -> tuple[int, bool]:
        """Write an answer down; returns its size and whether that is all of it."""
        size = len(start)
        buffer = bytearray(start)
        with await asyncio.to_thread(self._open, path) as file:
            async for part in parts:
                buffer += part
                size += len(part)
                if not self._has_room(token, size):
                    return size, False
                if len(buffer) >= SHOWN_BYTES:
                    await asyncio.to_thread(file.write, bytes(buffer))
                    buffer.clear()
            await asyncio.to_thread(file.write, bytes(buffer))
            await asyncio.to_thread(file.flush)
        return size, True

    def _has_room(self, token: str, size: int) -> bool:
        """Make room for an answer that has grown to ``size``, at the cost of older ones; False when there is none."""
        self._coming[token] = size
        while (used := sum(self._coming.values()) + sum(a.size for a in self._kept.values())) > self._limit and self._kept:
            self._drop(next(iter(self._kept)))
        return used <= self._limit

    def _open(self, path: Path) -> BinaryIO:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        return path.open("wb")

    def _keep(self, answer: KeptAnswer) -> None:
        self._kept[answer.token] = answer
        while len(self._kept) > KEPT:
            self._drop(next(iter(self._kept)))
        asyncio.get_running_loop().call_later(self._seconds, self._drop, answer.token)

    def _drop(self, token: str) -> None:
        found = self._kept.pop(token, None)
        if found is not None:
            with contextlib.suppress(OSError):
                found.path.unlink(missing_ok=True)
