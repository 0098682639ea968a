"""Opens the database: checks it, migrates it, and chooses a journal that the file system can carry."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from mdeploy_lab.store import problems
from mdeploy_lab.store.migrations import Migration

CHECK_LIMIT = 1 << 25
"""Bytes up to which the whole database is checked when it is opened (about 0.1 s)."""
WAL_LIMIT = 1 << 24


def connect(path: Path, *, busy_timeout: float) -> sqlite3.Connection:
    """Return a connection in autocommit mode that may be used by one thread at a time."""
    connection = sqlite3.connect(
        path, timeout=busy_timeout, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def open_database(
    path: Path, migrations: Sequence[Migration], *, shared: bool, busy_timeout: float, now: datetime
) -> tuple[sqlite3.Connection, bool]:
    """Return the writer's connection to a checked, migrated database, and whether it has a write-ahead log.

    Raises
    ------
    HomeUnusable
        When the database is corrupt, newer, locked or read-only, or the disk is full. Nothing was changed then.
    """
    connection = None
    try:
        _create_private(path)
        connection = connect(path, busy_timeout=busy_timeout)
        _check(connection, path, migrations)
        wal = _choose_journal(connection, shared=shared)
        _migrate(connection, path, migrations, now)
    except (sqlite3.Error, OSError) as error:
        if connection is not None:
            connection.close()
        raise (
            problems.from_sqlite(error, path) if isinstance(error, sqlite3.Error) else problems.from_os(error, path)
        ) from error
    except BaseException:
        if connection is not None:
            connection.close()
        raise
    return connection, wal


def schema_version(connection: sqlite3.Connection) -> int:
    """Return the newest migration that was applied, 0 for a new database."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchone():
        return 0
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM schema_version").fetchone()[0])


def _create_private(path: Path) -> None:
    """Create the file readable by its owner alone; SQLite gives its journals the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _check(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    found, known = schema_version(connection), migrations[-1].number
    if found > known:
        raise problems.newer(path, found, known)
    if path.stat().st_size <= CHECK_LIMIT:
        said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            raise problems.corrupt(path, said.splitlines()[-1])


def _choose_journal(connection: sqlite3.Connection, *, shared: bool) -> bool:
    """Use a write-ahead log, but a rollback journal where other hosts may have the file: a log needs shared memory."""
    if shared:
        # Leaving WAL behind needs no shared memory when the lock is exclusive. EXTRA also syncs the directory, without
        # which the journal of a finished transaction could come back after a power failure and undo it.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA locking_mode = NORMAL")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection.execute("PRAGMA synchronous = EXTRA")
        return False
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
    return str(mode).lower() == "wal"


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration], now: datetime) -> None:
    found = schema_version(connection)
    due = [m for m in migrations if m.number > found]
    if due and found:
        _back_up(connection, path.with_name(f"{path.name}.v{found}.bak"))
    # A migration may build a table anew, and dropping the old one would delete what refers to it. This has no effect within a
    # transaction; what still refers to nothing is looked for before each commit.
    connection.execute("PRAGMA foreign_keys = OFF")
    try:
        for migration in due:
            _apply(connection, migration, now)
    finally:
        connection.execute("PRAGMA foreign_keys = ON")


def _apply(connection: sqlite3.Connection, migration: Migration, now: datetime) -> None:
    """Run one migration wholly or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version (number INTEGER PRIMARY KEY, name TEXT NOT NULL, at TEXT NOT NULL)"
        )
        for statement in migration.statements:
            connection.execute(statement)
        lost = connection.execute("PRAGMA foreign_key_check").fetchone()
        if lost:
            raise sqlite3.IntegrityError(f"migration {migration.name} would leave {lost[0]} that belong to no {lost[2]}")
        connection.execute("INSERT INTO schema_version VALUES (?, ?, ?)", (migration.number, migration.name, now.isoformat()))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _back_up(connection: sqlite3.Connection, target: Path) -> None:
    """Copy the database to ``target`` whole: it is there completely or not at all."""
    temporary = target.with_name(f"{target.name}.part")
    temporary.unlink(missing_ok=True)
    try:
        _create_private(temporary)
        with closing(sqlite3.connect(temporary)) as copy:
            connection.backup(copy)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
