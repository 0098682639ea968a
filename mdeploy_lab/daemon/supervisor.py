"""Keeps the engine up: starts it, waits for its death, starts it again. Imports next to nothing, so that it stays small."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

from mdeploy_lab.daemon import alive, secret_names
from mdeploy_lab.daemon.environment import allowed
from mdeploy_lab.paths import Home

QUICK_DEATH = 5.0
BACKOFF_START = 0.1
BACKOFF_LIMIT = 30.0


def supervise(home: Home) -> int:
    """Run until the engine is stopped on purpose; returns at once when another supervisor lives."""
    lock = alive.take(alive.supervisor_file(home))
    if lock is None:
        return 0
    signal.signal(signal.SIGTERM, _leave)
    delay = 0.0
    while True:
        engine = alive.wait_for_death(alive.engine_file(home))
        rooted = Path(sys.executable).exists()  # a removed environment starts no engine
        if alive.stopped_file(home).exists() or alive.error_file(home).exists() or not rooted:
            os.close(engine)
            return 0
        time.sleep(delay)
        started = time.monotonic()
        child = _spawn(home, engine)
        os.close(engine)
        _wait(home, child)
        quick = time.monotonic() - started < QUICK_DEATH
        delay = min(max(delay * 2, BACKOFF_START), BACKOFF_LIMIT) if quick else 0.0


def _leave(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)


def _spawn(home: Home, lock: int) -> subprocess.Popen[bytes]:
    """Start the engine with the lock that says it lives; from here on only the engine holds it."""
    os.set_inheritable(lock, True)
    with home.engine_log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "mdeploy_lab.daemon", "run", "--home", str(home.root), "--alive", str(lock)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock,),
            env=allowed(secrets=secret_names.read(home)),
        )


def _wait(home: Home, child: subprocess.Popen[bytes]) -> None:
    """Wait for the child; the lock is what counts, the wait reaps it."""
    child.wait()
    descriptor = os.open(alive.engine_file(home), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.close(descriptor)
