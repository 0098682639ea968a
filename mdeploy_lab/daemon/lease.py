"""Who owns a home: one engine. A lock of the kernel on a local file system, a renewed lease on one that hosts share."""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import mdeploy_lab
from mdeploy_lab.daemon.lease_file import TTL, LeaseFile
from mdeploy_lab.daemon.lease_identity import Identity, can_see, is_dead
from mdeploy_lab.errors import HomeUnusable
from mdeploy_lab.paths import Home
from mdeploy_lab.store.filesystem import is_shared
from mdeploy_lab.store.problems import from_os

log = logging.getLogger(__name__)

RENEW_EVERY = 5.0
GIVE_UP = 20.0
"""Seconds without a renewal after which a holder ends what it runs: well before another host may take over."""
POLL = 0.05
PROBE_RETRIES = 5

_PATIENCE = f"a host that died is forgotten after {TTL:.0f} s"

Holder = dict[str, Any]
Clock = Callable[[], float]


def awake() -> float:
    """Return seconds that also pass while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class HomeLock:
    """The right to be the engine of a home.

    Parameters
    ----------
    home
        The home; it exists.
    shared
        Whether hosts share its file system; None looks.
    identity, clock, elapsed
        Who we are, the file server's time, and the seconds that pass here: for tests.
    """

    def __init__(
        self,
        home: Home,
        *,
        shared: bool | None = None,
        identity: Identity | None = None,
        clock: Clock | None = None,
        elapsed: Clock = awake,
    ) -> None:
        self._path = home.root / "engine.lock"
        self._shared = is_shared(home.root) if shared is None else shared
        self._us = identity or Identity.here()
        self._elapsed = elapsed
        self._lease = LeaseFile(home.root / "engine.lease", clock)
        self._descriptor: int | None = None
        self._renewed: float | None = None

    def acquire(self, *, wait: float = 0) -> None:
        """Become the owner, or wait for an owner that is ending. Blocks; call it in a thread.

        Another host is never waited for: it is refused at once.

        Raises
        ------
        HomeUnusable
            Naming the owner, or why the home cannot be written.
        """
        deadline = self._elapsed() + wait
        while True:
            try:
                holder = self._try_lease() if self._shared else self._try_lock(wait)
            except OSError as error:
                raise from_os(error, self._path) from error
            if holder is None:
                self._renewed = self._elapsed()
                return
            if self._elapsed() >= deadline or self._is_elsewhere(holder):
                raise self._refusal(holder)
            time.sleep(POLL)

    def renew(self) -> bool:
        """Say that we live; False when the home is no longer ours. Blocks; a file system that fails raises OSError."""
        ours = self._lease.renew() if self._shared else self._still_locked()
        if ours:
            self._renewed = self._elapsed()
        return ours

    async def keep(self, on_lost: Callable[[], None]) -> None:
        """Renew until cancelled; call ``on_lost`` once and return when the home is lost or cannot be renewed for too long."""
        while True:
            await asyncio.sleep(RENEW_EVERY)
            if not await self._renewal():
                on_lost()
                return

    async def _renewal(self) -> bool:
        """Try until it is renewed; False when it is lost or time is up. A file server that hangs holds up only a thread."""
        while True:
            attempt = _in_thread(self.renew)
            left = (self._renewed or 0.0) + GIVE_UP - self._elapsed()
            await asyncio.wait({attempt}, timeout=max(left, RENEW_EVERY))
            if not attempt.done():
                log.error("the lease %s could not be renewed in time: the file system hangs", self._lease.path)
                return False
            try:
                return attempt.result()
            except OSError as error:
                log.warning("the lease %s was not renewed: %s", self._lease.path, error)
            if self._elapsed() - (self._renewed or 0.0) >= GIVE_UP:
                return False
            await asyncio.sleep(RENEW_EVERY / 5)

    def release(self) -> None:
        """Give the home up; nothing happens when it is not ours. Never fails: what stays behind expires."""
        self._renewed = None
        if self._shared:
            with suppress(OSError):
                self._lease.give_back()
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
            os.close(descriptor)

    def holder(self) -> Holder | None:
        """Return what the owner wrote about itself, None when the home is free."""
        try:
            if self._shared:
                found = self._lease.read()
                return None if found is None or self._is_over(found) else found
            return _read(self._path) if self._descriptor is not None or _is_locked(self._path) else None
        except OSError:
            return None

    # -- local -------------------------------------------------------------------------------------------------

    def _try_lock(self, wait: float) -> Holder | None:
        """Lock, or return the holder. A probe of ``holder()`` may be in the way for an instant."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            for attempt in range(PROBE_RETRIES):
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if attempt == PROBE_RETRIES - 1 or wait:
                        return _read(self._path)
                    time.sleep(POLL / 5)
            if not _leads_to(self._path, descriptor):
                return self._try_lock(wait)  # it was replaced meanwhile: what we locked is nobody's
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(self._word()).encode(), 0)
            self._descriptor, descriptor = descriptor, -1
            return None
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _still_locked(self) -> bool:
        return self._descriptor is not None and _leads_to(self._path, self._descriptor)

    # -- shared ------------------------------------------------------------------------------------------------

    def _try_lease(self) -> Holder | None:
        """Take the lease, or return the holder."""
        found = self._lease.read()
        if found is not None:
            if not self._is_over(found):
                return found
            if not self._lease.take_away(found):
                return self._lease.read() or {}
            log.info("took over the home from %s, which no longer renewed its lease", found.get("host"))
        return None if self._lease.take(self._word()) else self._lease.read() or {}

    def _is_over(self, holder: Holder) -> bool:
        if holder.get("nonce") == self._lease.nonce:
            return False
        return is_dead(holder, self._us) or self._lease.left(holder) <= 0

    def _is_elsewhere(self, holder: Holder) -> bool:
        """Return whether another host holds it. A container that was replaced has the host name of the one before."""
        return self._shared and holder.get("host", self._us.host) != self._us.host

    def _refusal(self, holder: Holder) -> HomeUnusable:
        host, pid = holder.get("host", "unknown"), holder.get("pid", "unknown")
        if not self._shared or host == self._us.host:
            unseen = self._shared and not can_see(holder, self._us)
            wait = f"; if it was killed, try again in {self._lease.left(holder):.0f} s" if unseen else ""
            return HomeUnusable(
                f"another engine (process {pid} on {host}) owns the home {self._path.parent}",
                hint=f"`mdeploy engine stop` ends it{wait}",
                details={"holder": holder},
            )
        return HomeUnusable(
            f"the home {self._path.parent} is in use by an engine on host {host}",
            hint=f"stop it there (`mdeploy engine stop`), or set MDEPLOY_HOME to a directory of this host; {_PATIENCE}",
            details={"holder": holder},
        )

    def _word(self) -> Holder:
        started = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return {**self._us.as_dict(), "version": mdeploy_lab.__version__, "started": started}


def _read(path: Path) -> Holder:
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _leads_to(path: Path, descriptor: int) -> bool:
    """Return whether the path still names the open file."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def _in_thread(work: Callable[[], bool]) -> asyncio.Future[bool]:
    """Run in a thread of its own that nobody waits for at the end: a hung file server must not keep the engine alive."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bool] = loop.create_future()

    def settle(value: bool, problem: OSError | None) -> None:  # noqa: FBT001  # called through the loop
        if not done.done():
            if problem is None:
                done.set_result(value)
            else:
                done.set_exception(problem)

    def run() -> None:
        value, problem = False, None
        try:
            value = work()
        except OSError as error:
            problem = error
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, value, problem)

    threading.Thread(target=run, name="renew-lease", daemon=True).start()
    return done
