"""Give raw output a time: lines that native code wrote to descriptors 1 and 2 are stamped when they are noticed.

A raw file is cut (copied and truncated) after it was read, so that it never grows without bounds; the stamped lines rotate.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

RAW_BYTES = 4_000_000
STAMPED_BYTES = 8_000_000
KEEP = 2
LINE = 1_000_000
"""Characters of a line that are kept."""
HELD = 32_000
"""Bytes up to which an unfinished line waits for its end."""


class RawLogs:
    """Collects the raw output of replicas into stamped JSON lines. Blocking: call it in threads."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._seen: dict[Path, int] = {}
        """Sizes of raw files that have been read to the end."""

    def collect(self, directory: Path) -> None:
        """Stamp what is new in every raw file of a deployment's log directory."""
        with self._lock:
            for raw in directory.glob("*.raw"):
                self._collect(raw)

    def _collect(self, raw: Path) -> None:
        mark = raw.with_suffix(".raw.offset")
        try:
            size = raw.stat().st_size
        except FileNotFoundError:
            return
        if size == self._seen.get(raw, 0):
            return
        offset = _offset(mark)
        if size == offset:
            self._seen[raw] = size
            return
        if size < offset:
            offset = 0
        with raw.open("rb") as file:
            file.seek(offset)
            data = file.read(RAW_BYTES)
        end = data.rfind(b"\n") + 1
        if end == 0 and len(data) < HELD:  # an unfinished line: it waits for its end
            return
        end = end or len(data)
        self._append(raw, data[:end])
        offset += end
        if offset > RAW_BYTES and offset >= raw.stat().st_size:
            os.truncate(raw, 0)  # opened for appending by the replica, so that it goes on at the new end
            offset = 0
        mark.write_text(str(offset))

    def _append(self, raw: Path, data: bytes) -> None:
        stamped = raw.with_suffix(".raw.jsonl")
        at = self._now().isoformat(timespec="milliseconds")
        replica = raw.stem
        text = data.decode("utf-8", "replace")
        fixed = {"at": at, "stream": "stderr", "replica": replica, "revision": _revision(replica)}
        lines = (
            json.dumps({**fixed, "message": line[:LINE], **({"left_out": len(line) - LINE} if len(line) > LINE else {})})
            for line in text.splitlines()
            if line.strip()
        )
        if stamped.exists() and stamped.stat().st_size > STAMPED_BYTES:
            for number in range(KEEP - 1, 0, -1):
                older = stamped.with_name(f"{stamped.name}.{number}")
                if older.exists():
                    older.replace(stamped.with_name(f"{stamped.name}.{number + 1}"))
            stamped.replace(stamped.with_name(f"{stamped.name}.1"))
        with stamped.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)


def _offset(mark: Path) -> int:
    try:
        return int(mark.read_text())
    except (OSError, ValueError):
        return 0


def _revision(replica: str) -> int:
    """Return the revision out of a replica's id: churn-3-k2v9x."""
    number = replica.rsplit("-", 2)[-2:-1]
    return int(number[0]) if number and number[0].isdigit() else 0
