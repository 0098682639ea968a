"""The store of one machine: a SQLite database that one engine process opens.

One thread writes and groups what waits into one commit; a second one reads beside it where the journal is a write-ahead log.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TypeVar

from mdeploy_lab.errors import EngineUnavailable, MDeployError
from mdeploy_lab.models.base import utc
from mdeploy_lab.models.deployment import DeploymentSpec, DeploymentStatus, Receipt, Revision
from mdeploy_lab.models.history import Event, HistoryEntry
from mdeploy_lab.store import problems, reads, writes
from mdeploy_lab.store.base import Listener, Store, StoredClient, StoredDeployment
from mdeploy_lab.store.filesystem import is_shared
from mdeploy_lab.store.migrations import MIGRATIONS, Migration
from mdeploy_lab.store.opening import connect, open_database
from mdeploy_lab.store.rows import Records
from mdeploy_lab.store.writer import Notice, Transaction, Writer

log = logging.getLogger(__name__)

T = TypeVar("T")

ANSWERS_KEPT = timedelta(days=1)


def _now() -> datetime:
    return datetime.now(timezone.utc)


class SqliteStore(Store):
    """Keeps deployments in one SQLite file.

    Parameters
    ----------
    path
        The database; it is made when there is none, readable by its owner alone.
    clock
        The time, by which idempotent answers expire.
    shared
        Whether other hosts may have the file; None looks at the file system.
    busy_timeout
        Seconds to wait for another program that has the database locked.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], datetime] = _now,
        shared: bool | None = None,
        busy_timeout: float = 5.0,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> None:
        self._path = path
        self._clock = clock
        self._shared = shared
        self._busy_timeout = busy_timeout
        self._migrations = migrations
        self._records = Records()
        self._listeners: list[Listener] = []
        self._writer: Writer | None = None
        self._reader: sqlite3.Connection | None = None
        self._reading: ThreadPoolExecutor | None = None
        self._used: dict[tuple[str, str, str], datetime] = {}
        self._touching: asyncio.Future[None] | None = None

    async def open(self) -> None:
        """Open and migrate; see ``Store.open``."""
        loop = asyncio.get_running_loop()

        def publish(notices: list[Notice]) -> None:
            try:
                loop.call_soon_threadsafe(self._tell, notices)
            except RuntimeError:  # the loop has ended: nobody listens any more
                log.debug("notices after the end of the loop: %s", notices)

        await asyncio.to_thread(self._open, publish)

    def _open(self, publish: Callable[[list[Notice]], None]) -> None:
        shared = is_shared(self._path) if self._shared is None else self._shared
        connection, wal = open_database(
            self._path, self._migrations, shared=shared, busy_timeout=self._busy_timeout, now=self._clock()
        )
        if wal:
            self._reader = connect(self._path, busy_timeout=self._busy_timeout)
            self._reader.execute("PRAGMA query_only = ON")
            self._reading = ThreadPoolExecutor(1, "mdeploy-store-read")
        self._writer = Writer(connection, self._path, publish)

    async def close(self) -> None:
        """Finish what was asked and close; a second call does nothing."""
        reading, self._reading = self._reading, None
        if reading is not None:
            await asyncio.to_thread(reading.shutdown)
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
        if self._writer is not None:
            await asyncio.to_thread(self._writer.close)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` on the event loop after each commit."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    # -- deployments -------------------------------------------------------------------------------------------

    async def all(self) -> list[StoredDeployment]:
        """Return all deployments, newest update first."""
        return await self._read(lambda c: reads.all_deployments(c, self._records))

    async def get(self, uid: str) -> StoredDeployment | None:
        """Return one by uid."""
        return await self._read(lambda c: reads.deployment(c, self._records, uid))

    async def find(self, id_: str) -> StoredDeployment | None:
        """Return the deployment that holds this id; one that is being deleted holds none."""
        return await self._read(lambda c: reads.holder_of(c, self._records, id_))

    async def create(self, record: StoredDeployment, revision: Revision, entry: HistoryEntry) -> None:
        """Insert a deployment with its first revision and history entry."""
        await self._write(lambda tx: writes.create(tx, record, revision, entry))

    async def change(
        self,
        uid: str,
        spec: DeploymentSpec,
        *,
        based_on: int,
        entry: HistoryEntry,
        revision: Revision | None = None,
        deleting: bool = False,
    ) -> StoredDeployment:
        """Replace the spec, with its history entry and its revision."""
        return await self._write(lambda tx: writes.change(tx, uid, spec, based_on, entry, revision, deleting=deleting))

    async def set_status(self, uid: str, status: DeploymentStatus) -> None:
        """Replace what is observed."""
        await self._write(lambda tx: writes.set_status(tx, uid, status))

    async def set_receipt(self, uid: str, revision: int, receipt: Receipt) -> None:
        """Keep a revision's parity receipt."""
        await self._write(lambda tx: writes.set_receipt(tx, uid, revision, receipt))

    async def remove(self, uid: str) -> None:
        """Delete a deployment and everything kept of it."""
        await self._write(lambda tx: writes.remove(tx, uid))
        self._records.forget(uid)

    async def revisions(self, uid: str) -> list[Revision]:
        """Return all revisions, oldest first."""
        return await self._read(lambda c: reads.revisions(c, uid))

    async def history(self, uid: str) -> list[HistoryEntry]:
        """Return all history entries, oldest first."""
        return await self._read(lambda c: reads.history(c, uid))

    # -- events ------------------------------------------------------------------------------------------------

    async def add_events(self, uid: str, events: Sequence[Event]) -> list[Event]:
        """Append observations; none is kept of a deployment that is gone."""
        kept = tuple(events)
        return await self._write(lambda tx: writes.add_events(tx, uid, kept))

    async def events(self, uid: str, *, limit: int = 1000, after: int = 0) -> list[Event]:
        """Return the newest events, oldest first."""
        return await self._read(lambda c: reads.events(c, uid, limit, after))

    async def prune_events(self, before: datetime) -> int:
        """Delete events older than ``before``."""
        return await self._write(lambda tx: writes.prune_events(tx, before))

    # -- clients -----------------------------------------------------------------------------------------------

    async def clients(self, uid: str) -> list[StoredClient]:
        """Return a deployment's clients by name."""
        return await self._read(lambda c: reads.clients(c, uid))

    async def put_client(self, uid: str, client: StoredClient, *, new: bool) -> None:
        """Insert or replace a client and its secrets."""
        await self._write(lambda tx: writes.put_client(tx, uid, client, new=new))

    async def remove_client(self, uid: str, name: str) -> None:
        """Delete a client."""
        await self._write(lambda tx: writes.remove_client(tx, uid, name))

    async def touch_secrets(self, used: Sequence[tuple[str, str, str, datetime]]) -> None:
        """Record last uses; calls that come while one is being written share the next write."""
        for uid, client, key_id, at in used:
            key = (uid, client, key_id)
            self._used[key] = max(utc(at), self._used.get(key, utc(at)))
        if self._touching is None:
            self._touching = asyncio.ensure_future(self._touch())
        await asyncio.shield(self._touching)

    async def _touch(self) -> None:
        await asyncio.sleep(0)  # callers of this turn of the loop come along
        used, self._used = self._used, {}
        self._touching = None
        try:
            await self._write(lambda tx: writes.touch_secrets(tx, used))
        except MDeployError:
            self._used = {**used, **self._used}  # newer ones win; the next call tries again
            raise

    # -- idempotency -------------------------------------------------------------------------------------------

    async def remember(self, key: str, request_digest: str, answer: str, at: datetime) -> None:
        """Keep the answer of an idempotent request for a day; the first answer for a key stays."""
        since = self._clock() - ANSWERS_KEPT
        await self._write(lambda tx: writes.remember(tx, key, request_digest, answer, at, since))

    async def recall(self, key: str) -> tuple[str, str] | None:
        """Return the digest and answer of an idempotency key."""
        since = self._clock() - ANSWERS_KEPT
        return await self._read(lambda c: reads.answer(c, key, since))

    # -- within ------------------------------------------------------------------------------------------------

    async def _write(self, work: Callable[[Transaction], T]) -> T:
        return await asyncio.wrap_future(self._opened().submit(work))

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        writer = self._opened()
        if self._reading is None:
            return await asyncio.wrap_future(writer.submit(lambda tx: work(tx.connection), reads=True))
        return await asyncio.get_running_loop().run_in_executor(self._reading, self._snapshot, work)

    def _snapshot(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Read from one state of the database, whatever is written meanwhile."""
        connection = self._reader
        assert connection is not None  # its executor runs only while it is open
        try:
            connection.execute("BEGIN")
            try:
                return work(connection)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise problems.from_sqlite(error, self._path) from error

    def _opened(self) -> Writer:
        if self._writer is None:
            raise EngineUnavailable("the store is not open", hint="start the engine")
        return self._writer

    def _tell(self, notices: list[Notice]) -> None:
        for uid, what in notices:
            for listener in tuple(self._listeners):
                try:
                    listener(uid, what)
                except Exception:  # one listener's fault must not keep the news from the others
                    log.exception("a listener failed on %s of %s", what, uid)
