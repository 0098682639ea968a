"""The log files of a deployment: which belong together, and what a line of them says."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mdeploy_lab.models.history import LogLine

_EPOCH = datetime.fromtimestamp(0, timezone.utc)


def replica_of(path: Path) -> str:
    """Return whose log a file is."""
    name = path.name.partition(".jsonl")[0]
    return name.removesuffix(".raw")


def groups(directory: Path, replica: str | None) -> dict[str, list[Path]]:
    """Return the files of each log, the newest first."""
    groups: dict[str, list[Path]] = {}
    for path in directory.glob("*.jsonl*"):
        base, _, number = path.name.partition(".jsonl")
        if (number == "" or number[1:].isdigit()) and (replica is None or replica_of(path) == replica):
            groups.setdefault(base, []).append(path)
    for files in groups.values():
        files.sort(key=lambda p: int(p.name.rpartition(".jsonl")[2][1:] or 0))
    return groups


def written(path: Path) -> datetime:
    """Return when a file was last written to, for lines that have no time of their own."""
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
