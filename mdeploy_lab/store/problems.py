"""Turns what SQLite and the operating system say into one clear line with a hint."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path

from mdeploy_lab.errors import HomeUnusable

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
LEAST_FREE = 1 << 18
"""Below this many free bytes an unspecific I/O error is put down to the disk being full."""


def from_sqlite(error: sqlite3.Error, path: Path) -> HomeUnusable:
    """Return the error that a user sees. SQLite's messages are stable; its codes reach Python only since 3.11."""
    text = str(error).lower()
    if "malformed" in text or "not a database" in text:
        return corrupt(path, str(error))
    if "full" in text:
        return full(path)
    if "readonly" in text or "read-only" in text:
        return read_only(path)
    if is_locked(error):
        return HomeUnusable(
            f"the database {path} is in use by another program",
            hint="close whatever has it open (`fuser` names it); one engine alone uses a home",
        )
    if "disk i/o" in text or "unable to open" in text:
        return _by_state(path, str(error))
    return HomeUnusable(f"the database {path} failed: {error}", hint="`mdeploy doctor` checks the home")


def is_locked(error: sqlite3.Error) -> bool:
    """Return whether another program kept the database locked for too long."""
    return "locked" in str(error).lower()


def from_os(error: OSError, path: Path) -> HomeUnusable:
    """Return the error for a failed file operation in the home."""
    if error.errno in NO_SPACE:
        return full(path)
    if error.errno in READ_ONLY:
        return read_only(path)
    return HomeUnusable(f"cannot use {path}: {error.strerror or error}", hint="`mdeploy doctor` checks the home")


def full(path: Path) -> HomeUnusable:
    """Return the error for a full disk."""
    return HomeUnusable(
        f"the disk that holds {path.parent} is full; nothing was changed",
        hint="free some space and repeat the command, or set MDEPLOY_HOME to another disk",
    )


def read_only(path: Path) -> HomeUnusable:
    """Return the error for a home that cannot be written."""
    return HomeUnusable(f"{path} cannot be written", hint="make the home writable, or set MDEPLOY_HOME to another directory")


def corrupt(path: Path, what: str) -> HomeUnusable:
    """Return the error for a database that cannot be read."""
    return HomeUnusable(
        f"the database {path} is corrupt ({what})",
        hint=f"restore a backup, or move {path.name} away to begin anew: the models themselves are in the registry",
    )


def newer(path: Path, theirs: int, ours: int) -> HomeUnusable:
    """Return the error for a database of a newer mdeploy."""
    return HomeUnusable(
        f"{path} was made by a newer mdeploy (schema {theirs}, this one knows {ours})",
        hint="upgrade: pip install -U mdeploy-lab",
    )


def _by_state(path: Path, said: str) -> HomeUnusable:
    """Look at the home to say what an unspecific error means."""
    home = path.parent
    if not home.is_dir():
        return HomeUnusable(f"the home {home} is gone", hint="restore it, or set MDEPLOY_HOME to another directory")
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        return read_only(path)
    if not os.access(home, os.W_OK | os.X_OK):
        return read_only(home)
    if shutil.disk_usage(home).free < LEAST_FREE:
        return full(path)
    return HomeUnusable(f"the database {path} failed: {said}", hint="look at the disk, or set MDEPLOY_HOME to another one")
