"""Two locks that say who lives: one held by the engine, one by its supervisor, each for the life of its process.

The kernel frees a lock when its process ends, however it ends, so waiting for the lock is waiting for the death. Both files lie
in the runtime directory, which is never on a network file system.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from mdeploy_lab.paths import Home


def engine_file(home: Home) -> Path:
    """Return the file that the engine holds locked."""
    return home.run / "engine.alive"


def supervisor_file(home: Home) -> Path:
    """Return the file that the supervisor holds locked."""
    return home.supervisor_alive


def stopped_file(home: Home) -> Path:
    """Return the file that says that the engine ended because somebody wanted it to."""
    return home.run / "engine.stopped"


def error_file(home: Home) -> Path:
    """Return the file that says why the engine could not start."""
    return home.run / "engine.error"


def take(path: Path) -> int | None:
    """Lock ``path`` and return its descriptor, or None when somebody lives."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def wait_for_death(path: Path) -> int:
    """Block until nobody holds ``path``, and return the descriptor of the lock that is now ours."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor
