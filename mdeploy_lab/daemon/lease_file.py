"""A lease on a network file system: one file that names its holder, renewed in place, taken over when it was not.

Locks of network file systems are often missing or local to a host, so this rests on what all of them have: linking a name
that must not exist yet, and renaming. Three rules make it safe.

- A lease comes into being complete, by linking a finished file to its name: of two hosts one gets it.
- Its holder renews it by writing into it in place, and then looks whether the name still leads there. Whoever was asleep for
  too long writes into a file that nobody looks at any more, never over somebody else's lease.
- Who takes over renames the old lease away first and then looks at what it got: when that is not the lease it judged, another
  host was quicker, and it is put back.

Time is the file server's (the modification time of what was just written), so hosts with wrong clocks agree.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZE = 1024
"""Every lease has this many bytes, so that a renewal needs no space on a full disk."""
TTL = 30.0
NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL})

Holder = dict[str, Any]


class LeaseFile:
    """The lease of one home as one process sees it. All methods block."""

    def __init__(self, path: Path, clock: Callable[[], float] | None = None) -> None:
        self.path = path
        self.nonce = secrets.token_hex(8)
        self._clock = clock
        self._holder: Holder = {}

    def read(self) -> Holder | None:
        """Return the holder's word, None without a lease; one that cannot be read counts from its last write."""
        return _read(self.path)

    def is_ours(self) -> bool:
        """Return whether the lease is the one that we made."""
        found = self.read()
        return found is not None and found.get("nonce") == self.nonce

    def left(self, holder: Holder) -> float:
        """Return how many seconds a holder's lease still has; none when its time is not plausible."""
        renewed = holder.get("renewed")
        if not isinstance(renewed, int | float):
            return 0.0
        age = (self._clock() if self._clock else self._server_time()) - renewed
        return 0.0 if age < -TTL else max(0.0, TTL - max(0.0, age))

    def take(self, who: Holder) -> bool:
        """Make the lease; False when there is one."""
        self._holder = {**who, "nonce": self.nonce}
        temporary = self._beside("new")
        try:
            self._make(temporary)
            os.link(temporary, self.path)
        except OSError as error:
            if error.errno in NO_LINKS:
                return self._take_without_links()
            if isinstance(error, FileExistsError):
                # An answer that was lost on the way makes a client repeat a link that had succeeded.
                return self.is_ours()
            raise
        finally:
            temporary.unlink(missing_ok=True)
        return True

    def renew(self) -> bool:
        """Write the time into our lease; False when it is ours no more. A lease that cannot be written raises OSError."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            if _parsed(os.pread(descriptor, SIZE, 0)).get("nonce") != self.nonce:
                return False
            self._write(descriptor)
        finally:
            os.close(descriptor)
        return self.is_ours()

    def take_away(self, judged: Holder) -> bool:
        """Remove the lease that was judged to be over; False when it was another one by then, which stays."""
        away = self._beside("old")
        try:
            self.path.rename(away)
        except FileNotFoundError:
            return True
        found = _read(away) or {}
        same = all(found.get(key) == judged.get(key) for key in ("nonce", "renewed"))
        if same:
            away.unlink(missing_ok=True)
        else:
            self._put_back(away)
        return same

    def give_back(self) -> None:
        """Remove the lease when it is ours."""
        found = self.read()
        if found is not None and found.get("nonce") == self.nonce:
            self.take_away(found)

    def _put_back(self, away: Path) -> None:
        try:
            os.link(away, self.path)
        except FileExistsError:
            pass
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            away.rename(self.path)
        away.unlink(missing_ok=True)

    def _take_without_links(self) -> bool:
        """Make the lease under its own name; for an instant it is empty, which others read as a fresh one."""
        try:
            self._make(self.path)
        except FileExistsError:
            return False
        return self.is_ours()

    def _make(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            self._write(descriptor)
        finally:
            os.close(descriptor)

    def _write(self, descriptor: int) -> None:
        self._holder["renewed"] = self._clock() if self._clock else _stamped(descriptor)
        os.pwrite(descriptor, json.dumps(self._holder).encode().ljust(SIZE - 1) + b"\n", 0)
        os.fsync(descriptor)

    def _server_time(self) -> float:
        """Return the file server's time: that of a file that it just made."""
        probe = self._beside("clock")
        descriptor = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            return os.fstat(descriptor).st_mtime
        finally:
            os.close(descriptor)
            probe.unlink(missing_ok=True)

    def _beside(self, what: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{what}-{secrets.token_hex(8)}")


def _stamped(descriptor: int) -> float:
    """Return the file server's time: write the byte that ends every lease, and see when that was."""
    os.pwrite(descriptor, b"\n", SIZE - 1)
    os.fsync(descriptor)
    return os.fstat(descriptor).st_mtime


def _read(path: Path) -> Holder | None:
    try:
        with path.open("rb") as file:
            return _parsed(file.read(SIZE)) or {"host": "unknown", "renewed": os.fstat(file.fileno()).st_mtime}
    except FileNotFoundError:
        return None


def _parsed(data: bytes) -> Holder:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
