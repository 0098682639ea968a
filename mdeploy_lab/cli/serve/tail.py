"""Follow the files that a replica writes its log to, as they grow."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

PAUSE = 0.05


class Tail:
    """Hands over each whole line of a file, also over its rotation."""

    def __init__(self, path: Path, take: Callable[[bytes], None]) -> None:
        self._path = path
        self._take = take
        self._rest = b""
        self._fd = -1
        self._closed = False

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            self.read()
            await asyncio.sleep(PAUSE)

    def read(self) -> None:
        """Hand over what is there."""
        if self._fd < 0 and not self._closed:
            with contextlib.suppress(OSError):
                self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        if self._fd < 0:
            return
        while part := os.read(self._fd, 1 << 16):
            *lines, self._rest = (self._rest + part).split(b"\n")
            for line in lines:
                self._take(line)
        self._follow_rotation()

    def _follow_rotation(self) -> None:
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino != os.fstat(self._fd).st_ino:
                os.close(self._fd)
                self._fd = -1

    def close(self) -> None:
        """Hand over the rest, and let go of the file."""
        self.read()
        self._closed = True
        if self._rest:
            self._take(self._rest)
            self._rest = b""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
