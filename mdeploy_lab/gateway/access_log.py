"""The tail of Envoy's access log: when each client's token was last used.

Envoy writes one line per token and few seconds (see ``envoy_lua``), with no token, path or query in it. What was read is
dropped once the file has grown.
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path

from mdeploy_lab.gateway.base import Used

__all__ = ["AccessLog"]

_KEEP = 256 * 1024


class AccessLog:
    """Reads what was added since the last time.

    Parameters
    ----------
    path
        The file that Envoy appends to.
    used
        Called once per token for each read, with its latest use.
    """

    def __init__(self, path: Path, used: Used) -> None:
        self._path = path
        self._used = used
        self._offset = 0
        self._rest = b""

    def read(self) -> int:
        """Report new uses and return how many lines there were; a file that grew beyond 256 KiB is emptied."""
        try:
            size = self._path.stat().st_size
            if size < self._offset:
                self._offset, self._rest = 0, b""
            if size == self._offset:
                return 0
            with self._path.open("rb") as file:
                file.seek(self._offset)
                added = file.read()
            self._offset += len(added)
            if self._offset > _KEEP:
                os.truncate(self._path, 0)
                self._offset = 0
        except FileNotFoundError:
            return 0
        *lines, self._rest = (self._rest + added).split(b"\n")
        latest: dict[tuple[str, str], float] = {}
        for line in lines:
            use = _parsed(line)
            if use is not None:
                latest[use[:2]] = max(use[2], latest.get(use[:2], 0.0))
        for (id_, key), at in latest.items():
            self._used(id_, key, datetime.fromtimestamp(at, tz=timezone.utc))
        return len(lines)


def _parsed(line: bytes) -> tuple[str, str, float] | None:
    try:
        entry = json.loads(line)
        return str(entry["id"]), str(entry["key"]), float(entry["at"])
    except (ValueError, KeyError, TypeError):
        return None
