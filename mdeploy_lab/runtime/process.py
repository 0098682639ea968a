"""What the replica's process takes hold of at its start: its lock, its environment, its threads, its listener."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mdeploy_lab.runtime.spec import ReplicaSpec

BACKLOG = 1024

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


class AlreadyRunning(Exception):
    """Raised when another process is this replica."""


def hold_lock(spec: ReplicaSpec) -> int:
    """Take ``<control>.lock`` for the life of the process; returns its descriptor, which must stay open.

    Raises
    ------
    AlreadyRunning
        When a living process holds it.
    """
    descriptor = os.open(f"{spec.control}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyRunning(spec.replica) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    return descriptor


def apply_environment(environ: Mapping[str, str]) -> None:
    """Set the revision's variables; a new TZ takes effect."""
    os.environ.update(environ)
    time.tzset()


def threads_of(spec: ReplicaSpec) -> int:
    """Return the computing threads of a replica: what its variables say, else its whole CPUs, at least one."""
    said = spec.environ.get("OMP_NUM_THREADS", "")
    return max(1, int(said) if said.isdecimal() else int(spec.instance_type.cpu))


def set_thread_variables(count: int, chosen: Mapping[str, str]) -> None:
    """Set the variables that BLAS and OpenMP read when they are loaded; the user's own stay."""
    for name in THREAD_VARIABLES:
        if name not in chosen:
            os.environ[name] = str(count)


def limit_threads(count: int) -> Any:
    """Set the threads of what is loaded already (a warm parent loads with one); keep the result alive."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(count)
    threadpoolctl: Any = sys.modules.get("threadpoolctl")
    return None if threadpoolctl is None else threadpoolctl.threadpool_limits(limits=count)


def reseed() -> None:
    """Give this child random numbers of its own: siblings inherit the parent's state."""
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def bind(listen: str) -> tuple[socket.socket, str]:
    """Return a bound socket and its address as in ``Address.target``; nothing can connect before it listens."""
    kind, _, rest = listen.partition(":")
    if kind == "unix":
        Path(rest).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            listener.bind(rest)
        finally:
            os.umask(mask)
        return listener, listen
    host, _, port = rest.rpartition(":")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, int(port)))
    return listener, address_of(listener)


def address_of(listener: socket.socket) -> str:
    """Return where a bound socket listens, as in ``Address.target``."""
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return f"unix:{os.fsdecode(name)}"
    return f"tcp:{name[0]}:{name[1]}"
