"""Watch a replica's process and end it with everything it started.

A pidfd names a process for ever, so a signal never hits a stranger that got the same pid. Which processes belong to a replica
is read from the kernel: those that hold its life lock, and those of its session.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

REPORT_WAIT = 0.5
"""Seconds that the warm parent's word on an exit may come after the pidfd's."""
POLL = 0.2


@dataclass(frozen=True)
class Exit:
    """How a process ended; all None when nobody could tell."""

    code: int | None = None
    signal: int | None = None
    maxrss: int | None = None

    @property
    def text(self) -> str:
        """The exit in words."""
        if self.signal is not None:
            with contextlib.suppress(ValueError):
                return f"ended by {signal.Signals(self.signal).name}"
            return f"ended by signal {self.signal}"
        return "ended" if self.code is None else f"exited with code {self.code}"


class ReplicaProcess:
    """One process of a replica, from its start or adoption to its exit."""

    def __init__(
        self, pid: int, pidfd: int | None, *, popen: subprocess.Popen[bytes] | None = None, told: bool = False
    ) -> None:
        self.pid = pid
        self.exited: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._pidfd = pidfd
        self._popen = popen
        self._told = told
        self._poll: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        if pidfd is not None:
            loop.add_reader(pidfd, self._ended)
        else:
            self._poll = loop.create_task(self._polled())

    @classmethod
    def adopt(cls, pid: int) -> ReplicaProcess | None:
        """Watch a process that somebody else started; None when it is gone."""
        if not hasattr(os, "pidfd_open"):
            return cls(pid, None)
        try:
            return cls(pid, os.pidfd_open(pid))
        except ProcessLookupError:
            return None

    def report(self, exit_: Exit) -> None:
        """Take the warm parent's word on how it ended."""
        if not self.exited.done():
            self.exited.set_result(exit_)
        self.release()

    def signal(self, number: int) -> None:
        """Signal the process itself."""
        with contextlib.suppress(ProcessLookupError):
            if self._pidfd is not None and hasattr(signal, "pidfd_send_signal"):
                signal.pidfd_send_signal(self._pidfd, number)
            elif not self.exited.done():
                os.kill(self.pid, number)

    def signal_group(self, number: int) -> None:
        """Signal its process group; its leader is this process, which has not been reaped while ``exited`` is open."""
        if not self.exited.done():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, number)
        self.signal(number)

    def release(self) -> None:
        """Stop watching; the process goes on."""
        if self._pidfd is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None
        if self._poll is not None:
            self._poll.cancel()
        if self._popen is not None and self._popen.returncode is None:
            self._popen.returncode = 0  # not waited for on purpose: it outlives the engine, and init reaps it

    def _ended(self) -> None:
        assert self._pidfd is not None
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._pidfd)
        if self._popen is not None:
            self.report(_of(self._popen.wait()))  # it has exited: this does not block
        elif self._told:
            loop.call_later(REPORT_WAIT, self.report, Exit())
        else:
            self.report(Exit())

    async def _polled(self) -> None:
        while not self.exited.done():
            await asyncio.sleep(POLL)
            if self._popen is not None and self._popen.poll() is not None:
                self.exited.set_result(_of(self._popen.returncode))
            elif self._popen is None and not _alive(self.pid):
                self.exited.set_result(Exit())


def _of(returncode: int) -> Exit:
    return Exit(signal=-returncode) if returncode < 0 else Exit(code=returncode)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def holders(path: Path) -> set[int]:
    """Return the processes that have ``path`` open, or had when something removed it. Blocking: call it in a thread."""
    wanted = str(path)
    found = set()
    for entry in _numbered():
        with contextlib.suppress(OSError):  # it ended, or belongs to somebody else
            if _has_open(entry, wanted):
                found.add(int(Path(entry).name))
    return found - {os.getpid()}


def session(leader: int) -> set[int]:
    """Return the processes of the session that ``leader`` founded. Blocking: call it in a thread."""
    found = set()
    for entry in _numbered():
        with contextlib.suppress(OSError, ValueError, IndexError):
            state, _parent, _group, session_ = _stat(entry)[:4]
            if int(session_) == leader and state != "Z":
                found.add(int(Path(entry).name))
    return found - {os.getpid()}


def _stat(entry: str) -> list[str]:
    return Path(entry, "stat").read_text().rpartition(")")[2].split()


def _numbered() -> list[str]:
    try:
        with os.scandir("/proc") as entries:
            return [e.path for e in entries if e.name.isdigit()]
    except OSError:
        return []


def _has_open(entry: str, path: str) -> bool:
    with os.scandir(f"{entry}/fd") as fds:
        return any(_link(fd.path) in {path, f"{path} (deleted)"} for fd in fds)


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115  # called for every descriptor of every process
    except OSError:
        return ""


def kill(pid: int, *, still: Path | None = None, of_session: int | None = None) -> None:
    """SIGKILL ``pid`` if, seen through a pidfd, it still holds ``still`` or belongs to ``of_session``."""
    with contextlib.suppress(OSError):
        if not hasattr(os, "pidfd_open"):
            os.kill(pid, signal.SIGKILL)
            return
        pidfd = os.pidfd_open(pid)
        try:
            mine = still is not None and _has_open(f"/proc/{pid}", str(still))
            if mine or (of_session is not None and _stat(f"/proc/{pid}")[3] == str(of_session)):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        finally:
            os.close(pidfd)


def kill_leftovers(life: Path, leader: int | None) -> int:
    """SIGKILL whatever is left of a replica; return how many there were. Blocking: call it in a thread."""
    holding = holders(life)
    for pid in holding:
        kill(pid, still=life)
    members = session(leader) if leader else set()
    for pid in members - holding:
        kill(pid, of_session=leader)
    return len(holding | members)
