"""The last words of a process that ended: its raw log and the last errors of its structured one."""

from __future__ import annotations

import json

from .backwards import lines_backwards
from .files import ReplicaFiles

LINES = 60


def evidence(files: ReplicaFiles) -> str:
    """Return the last raw lines and the last error with its traceback, as they were."""
    raw = [line for line, _ in zip(lines_backwards(files.raw), range(LINES), strict=False)][::-1]
    errors = []
    for line, _ in zip(lines_backwards(files.log), range(200), strict=False):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if str(entry.get("level", "")).lower() in {"error", "critical"}:
            errors.append(str(entry.get("message", "")))
            break
    return "\n".join([*errors, *raw]).strip()
