"""Starts the supervisor so that it outlives whoever started it, and waits until the engine answers or says why not."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time

from mdeploy_lab.daemon import alive, secret_names
from mdeploy_lab.daemon.environment import allowed
from mdeploy_lab.errors import EngineUnavailable, MDeployError, from_body
from mdeploy_lab.paths import Home

START_DEADLINE = 60.0
AGAIN = 1.0
"""Seconds after which another supervisor is started when none lives: the first left when it met one that was leaving."""


def answers(home: Home) -> bool:
    """Return whether something accepts connections on the engine's socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2.0)
        try:
            probe.connect(str(home.socket))
        except OSError:
            return False
        return True


def detach(home: Home) -> None:
    """Start a supervisor in a session of its own (a systemd scope where there is one)."""
    command = [sys.executable, "-m", "mdeploy_lab.daemon", "supervise", "--home", str(home.root)]
    environ = allowed(secrets=secret_names.read(home))
    if environ.get("XDG_RUNTIME_DIR") and environ.get("DBUS_SESSION_BUS_ADDRESS") and shutil.which("systemd-run"):
        command = ["systemd-run", "--user", "--scope", "--quiet", "--collect", *command]
    with home.engine_log.open("ab") as log:
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=environ, cwd="/"
        )


def start(home: Home, deadline: float = START_DEADLINE) -> None:
    """Make sure that an engine answers.

    Raises
    ------
    MDeployError
        Why the engine could not start, as the engine itself said it.
    EngineUnavailable
        When it did not answer in time.
    """
    home.create()
    if answers(home):
        return
    for path in (alive.stopped_file(home), alive.error_file(home)):
        path.unlink(missing_ok=True)
    detach(home)
    detached = time.monotonic()
    end = detached + deadline
    while not answers(home):
        said = _said(home)
        if said is not None:
            raise said
        if time.monotonic() > end:
            raise EngineUnavailable(f"the engine did not answer within {deadline:g} s", hint=f"its log is {home.engine_log}")
        if time.monotonic() - detached > AGAIN and _nobody_supervises(home):
            detach(home)
            detached = time.monotonic()
        time.sleep(0.02)


def _nobody_supervises(home: Home) -> bool:
    lock = alive.take(alive.supervisor_file(home))
    if lock is not None:
        os.close(lock)
    return lock is not None


def _said(home: Home) -> MDeployError | None:
    try:
        body = json.loads(alive.error_file(home).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return from_body(body, 503)


def say(home: Home, error: MDeployError) -> None:
    """Leave word why the engine cannot start; written whole."""
    path = alive.error_file(home)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(error.to_body()), encoding="utf-8")
    temporary.replace(path)
