"""What the SQLite store reads, each function on one connection."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from mdeploy_lab.models.access import ClientInfo
from mdeploy_lab.models.deployment import Receipt, Revision
from mdeploy_lab.models.history import Event, HistoryEntry
from mdeploy_lab.store.base import StoredClient, StoredDeployment, StoredSecret
from mdeploy_lab.store.rows import COLUMNS, Records, one, parse, text_of, time_of

LARGEST = 2**63 - 1
# Only the module's own constants are put into queries as text.
_ORDER = "ORDER BY updated_at DESC, rowid DESC"
_VERSIONS = f"SELECT uid, version FROM deployments {_ORDER}"  # noqa: S608
_ALL = f"SELECT {COLUMNS} FROM deployments {_ORDER}"  # noqa: S608
_BY_UID = f"SELECT {COLUMNS} FROM deployments WHERE uid = ?"  # noqa: S608
_BY_ID = f"SELECT {COLUMNS} FROM deployments WHERE id = ? AND deleting = 0"  # noqa: S608

FEW = 50


def all_deployments(connection: sqlite3.Connection, records: Records) -> list[StoredDeployment]:
    """Return every deployment, newest update first; only those that changed since the last call are parsed."""
    versions = connection.execute(_VERSIONS).fetchall()
    known = [records.known(uid, version) for uid, version in versions]
    unknown = [i for i, found in enumerate(known) if found is None]
    if len(unknown) > FEW:
        return [records.of(row) for row in connection.execute(_ALL)]
    for i in unknown:
        row = one(connection, _BY_UID, versions[i][0])
        known[i] = records.of(row) if row is not None else None
    return [found for found in known if found is not None]


def deployment(connection: sqlite3.Connection, records: Records, uid: str) -> StoredDeployment | None:
    """Return one deployment by uid."""
    row = one(connection, _BY_UID, uid)
    return records.of(row) if row is not None else None


def holder_of(connection: sqlite3.Connection, records: Records, id_: str) -> StoredDeployment | None:
    """Return the deployment that holds an id."""
    row = one(connection, _BY_ID, id_)
    return records.of(row) if row is not None else None


def revisions(connection: sqlite3.Connection, uid: str) -> list[Revision]:
    """Return a deployment's revisions, oldest first."""
    found = connection.execute("SELECT body, receipt FROM revisions WHERE uid = ? ORDER BY number", (uid,))
    return [_revision(uid, body, receipt) for body, receipt in found]


def _revision(uid: str, body: str, receipt: str | None) -> Revision:
    parsed = parse(Revision, body, uid)
    return parsed if receipt is None else parsed.model_copy(update={"receipt": parse(Receipt, receipt, uid)})


def history(connection: sqlite3.Connection, uid: str) -> list[HistoryEntry]:
    """Return a deployment's history, oldest first."""
    found = connection.execute("SELECT body FROM history WHERE uid = ? ORDER BY number", (uid,))
    return [parse(HistoryEntry, body, uid) for (body,) in found]


def events(connection: sqlite3.Connection, uid: str, limit: int, after: int) -> list[Event]:
    """Return the newest events after a sequence number, oldest first."""
    found = connection.execute(
        "SELECT seq, body FROM events WHERE uid = ? AND seq > ? ORDER BY seq DESC LIMIT ?",
        (uid, max(-1, min(after, LARGEST)), max(0, min(limit, LARGEST))),
    ).fetchall()
    return [parse(Event, body, uid).model_copy(update={"seq": seq}) for seq, body in reversed(found)]


def clients(connection: sqlite3.Connection, uid: str) -> list[StoredClient]:
    """Return a deployment's clients by name, their secrets in the order they were given."""
    secrets: dict[str, list[StoredSecret]] = {}
    found = connection.execute(
        "SELECT client, key_id, sha1, created_at, expires_at, last_used_at FROM secrets WHERE uid = ? ORDER BY position", (uid,)
    )
    for client, key_id, sha1, created, expires, used in found:
        secret = StoredSecret(
            client=client,
            key_id=key_id,
            sha1=sha1,
            created_at=time_of(created),
            expires_at=time_of(expires) if expires else None,
            last_used_at=time_of(used) if used else None,
        )
        secrets.setdefault(client, []).append(secret)
    named = connection.execute("SELECT name, info FROM clients WHERE uid = ? ORDER BY name", (uid,)).fetchall()
    return [StoredClient(info=parse(ClientInfo, info, uid), secrets=tuple(secrets.get(name, ()))) for name, info in named]


def answer(connection: sqlite3.Connection, key: str, since: datetime) -> tuple[str, str] | None:
    """Return the digest and answer kept for an idempotency key, unless it is older than ``since``."""
    row = one(connection, "SELECT digest, answer FROM answers WHERE key = ? AND at > ?", key, text_of(since))
    return (row[0], row[1]) if row is not None else None
