"""Who a holder of a home is: host, boot, PID namespace and process, enough to tell whether it can still be alive."""

from __future__ import annotations

import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Identity:
    """One process in one PID namespace of one boot of one host."""

    host: str
    boot: str
    pid_namespace: str
    pid: int
    started_ticks: int

    @classmethod
    def here(cls) -> Identity:
        """Return the identity of this process."""
        pid = os.getpid()
        return cls(socket.gethostname(), _boot(), _pid_namespace(), pid, started_ticks(pid))

    def as_dict(self) -> dict[str, Any]:
        """Return the fields for a file."""
        return asdict(self)


def can_see(holder: dict[str, Any], us: Identity) -> bool:
    """Return whether the holder's PID means the same process to us as it does to the holder."""
    same = (holder.get("boot"), holder.get("pid_namespace")) == (us.boot, us.pid_namespace)
    return same and bool(us.boot) and bool(us.pid_namespace)


def is_dead(holder: dict[str, Any], us: Identity) -> bool:
    """Return whether the holder certainly ended; False when that cannot be told from here."""
    pid = holder.get("pid")
    if not can_see(holder, us) or not isinstance(pid, int):
        return False
    ticks = started_ticks(pid)
    return ticks == 0 or ticks != holder.get("started_ticks")


def started_ticks(pid: int) -> int:
    """Return when a process started, in clock ticks since boot; 0 when there is none or it is a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    fields = text.rpartition(")")[2].split()
    return 0 if fields[0] in {"Z", "X"} else int(fields[19])


def _boot() -> str:
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _pid_namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""
