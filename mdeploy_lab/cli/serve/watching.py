"""Notice that a file was saved: times and sizes are looked at a few times a second, which works on every file system."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path

PAUSE = 0.2
"""Seconds between two looks; what still changes from one to the next is being written."""
Seen = dict[Path, tuple[int, int, int]]


def look(files: Iterable[Path]) -> Seen:
    """Return what tells one state of the files from another; those that are gone are left out."""
    found: Seen = {}
    for file in files:
        try:
            state = os.stat(file)  # noqa: PTH116  # called for every file, several times a second
        except OSError:
            continue
        found[file] = (state.st_mtime_ns, state.st_size, state.st_ino)
    return found


async def changed(files: Callable[[], Iterable[Path]], before: Seen) -> list[Path]:
    """Wait until files differ from ``before`` and have come to rest; return which."""
    while True:
        await asyncio.sleep(PAUSE)
        now = await asyncio.to_thread(lambda: look(files()))
        if now == before:
            continue
        while True:
            await asyncio.sleep(PAUSE)
            later = await asyncio.to_thread(lambda: look(files()))
            if later == now:
                break
            now = later
        differing = sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
        if differing:
            return differing
