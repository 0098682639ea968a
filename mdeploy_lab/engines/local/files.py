"""Where the files of one replica lie, and the life lock that tells whether any process of it is left."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from mdeploy_lab.errors import HomeUnusable, InvalidInput
from mdeploy_lab.paths import SOCKET_LIMIT, Home
from mdeploy_lab.runtime.spec import ReplicaSpec

Listen = Literal["unix", "tcp"]
BACKLOG = 2048
_SAFE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$")


def checked(name: str) -> str:
    """Return ``name`` when it is safe as a file's name; nothing that comes from outside is trusted in a path."""
    if not _SAFE.fullmatch(name):
        raise InvalidInput(f"{name[:60]!r} cannot be the name of a file", hint="use letters, digits, _ and -")
    return name


@dataclass(frozen=True)
class ReplicaFiles:
    """The paths of one replica."""

    home: Home
    uid: str
    replica: str

    @property
    def spec(self) -> Path:
        """The ``ReplicaSpec``, for the process."""
        return self.home.state / "replicas" / f"{checked(self.replica)}.json"

    @property
    def record(self) -> Path:
        """What a new engine must know beside the spec."""
        return self.home.state / "replicas" / f"{checked(self.replica)}.record"

    def _run(self, ending: str) -> Path:
        short = hashlib.sha256(self.replica.encode()).hexdigest()[:10]
        path = self.home.run / f"r-{short}.{ending}"
        if len(os.fsencode(path)) > SOCKET_LIMIT - 8:
            raise HomeUnusable(
                f"{self.home.run} is too long a path for sockets", hint="set XDG_RUNTIME_DIR or TMPDIR to a short directory"
            )
        return path

    @property
    def socket(self) -> Path:
        """Where the replica answers, when it listens on a Unix socket."""
        return self._run("sock")

    @property
    def control(self) -> Path:
        """The control socket."""
        return self._run("ctl")

    @property
    def life(self) -> Path:
        """The life lock: locked as long as any process of the replica exists, or may still come into being."""
        return self._run("life")

    @property
    def logs(self) -> Path:
        """The deployment's log directory."""
        return self.home.logs / checked(self.uid)

    @property
    def log(self) -> Path:
        """Structured lines, written by the runtime."""
        return self.logs / f"{checked(self.replica)}.jsonl"

    @property
    def raw(self) -> Path:
        """What file descriptors 1 and 2 of the process wrote."""
        return self.logs / f"{checked(self.replica)}.raw"

    def prepare(self) -> None:
        """Make the directories."""
        for path in (self.spec.parent, self.logs):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, spec: ReplicaSpec, record: dict[str, Any]) -> None:
        """Write spec and record so that a reader sees the old or the new one, never a half."""
        for path, text in ((self.record, json.dumps(record)), (self.spec, spec.model_dump_json())):
            temporary = path.with_suffix(".new")
            temporary.touch(mode=0o600)  # before there is anything to read in it
            temporary.write_text(text, encoding="utf-8")
            temporary.rename(path)

    def forget(self) -> None:
        """Remove everything but the logs. The spec goes first: without it nothing is adopted."""
        sockets = (self.socket, self.control, self.control.with_name(self.control.name + ".lock"), self.life)
        for path in (self.spec, self.record, *sockets):
            path.unlink(missing_ok=True)


def recorded(home: Home) -> list[tuple[ReplicaSpec, dict[str, Any]]]:
    """Return every replica that has a spec on disk; one that cannot be read is taken away."""
    found = []
    for path in sorted((home.state / "replicas").glob("*.json")):
        try:
            spec = ReplicaSpec.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            path.unlink(missing_ok=True)
            continue
        record: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            record = json.loads(path.with_suffix(".record").read_bytes())
        found.append((spec, record))
    return found


def touch(home: Home) -> None:
    """Make the runtime files look used: systems clean old files out of /tmp."""
    for path in (home.run, *home.run.glob("r-*")):
        with contextlib.suppress(OSError):
            os.utime(path)


def take(path: Path) -> int | None:
    """Lock ``path`` and return its descriptor, or None when somebody holds it.

    The lock belongs to the open file, so it goes with the descriptor: from the engine through the message to the warm parent
    into the replica, with no moment in between when it is free.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def open_listener(kind: Listen, path: Path) -> tuple[socket.socket, str]:
    """Listen, and return the socket and its target. Whoever connects before the replica accepts waits in the backlog."""
    if kind == "tcp":
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        target = f"tcp:127.0.0.1:{listener.getsockname()[1]}"
    else:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        temporary = path.with_suffix(".s")
        temporary.unlink(missing_ok=True)
        listener.bind(str(temporary))
        temporary.chmod(0o600)
        target = f"unix:{path}"
    listener.listen(BACKLOG)
    listener.setblocking(False)
    if kind == "unix":
        temporary.rename(path)  # now, not before: a caller never meets a socket that does not listen
    return listener, target
