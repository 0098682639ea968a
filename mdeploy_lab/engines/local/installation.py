"""What is installed for an interpreter, so cheaply that it can be asked before every start."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

_SUFFIXES = (".dist-info", ".egg-info", ".egg-link")


def installation(interpreter: str) -> frozenset[str] | None:
    """Return the distributions, with their versions, beside an interpreter; None when the interpreter is gone.

    Blocking, for as long as some files' times take to read.
    """
    path = Path(interpreter)
    if not path.exists():
        return None
    kinds = ("site-packages", "dist-packages")
    found = sorted(str(d) for kind in kinds for d in path.parent.parent.glob(f"lib/python3*/{kind}"))
    return _listed(tuple((directory, _changed_at(directory)) for directory in found))


def _changed_at(directory: str) -> int:
    try:
        return Path(directory).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=64)
def _listed(directories: tuple[tuple[str, int], ...]) -> frozenset[str]:
    names: set[str] = set()
    for directory, _ in directories:
        try:
            with os.scandir(directory) as entries:
                names.update(entry.name for entry in entries if entry.name.endswith(_SUFFIXES))
        except OSError:  # it went away just now
            continue
    return frozenset(names)
