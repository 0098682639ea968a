"""What the SQLite store writes, each function within one transaction.

They are run again when a group of them could not be committed together, so they do nothing but talk to their connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from mdeploy_lab.errors import ClientNotFound, Conflict, DeploymentNotFound, NameTaken, RevisionNotFound, StaleEdit
from mdeploy_lab.models.deployment import DeploymentSpec, DeploymentStatus, Receipt, Revision
from mdeploy_lab.models.history import Event, HistoryEntry
from mdeploy_lab.store.base import StoredClient, StoredDeployment
from mdeploy_lab.store.reads import deployment
from mdeploy_lab.store.rows import Records, dump, one, text_of
from mdeploy_lab.store.writer import Transaction

Uses = Mapping[tuple[str, str, str], datetime]


def create(tx: Transaction, record: StoredDeployment, revision: Revision, entry: HistoryEntry) -> None:
    """Insert a deployment with its first revision and history entry."""
    if one(tx.connection, "SELECT 1 FROM deployments WHERE uid = ?", record.uid):
        raise Conflict(f"deployment {record.id} exists already", hint="create it with a new uid")
    _check_names(tx, record.uid, record.id, record.spec)
    tx.connection.execute(
        """
        INSERT INTO deployments (uid, id, name, grp, api_name, spec, status, resource_version, created_at, created_by,
                                 updated_at, updated_by, deleting)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            record.uid,
            record.id,
            record.spec.name,
            record.spec.group,
            record.spec.api_name,
            dump(record.spec),
            dump(record.status),
            record.resource_version,
            text_of(record.created_at),
            record.created_by,
            text_of(record.updated_at),
            record.updated_by,
            record.deleting,
        ),
    )
    _append(tx, record.uid, entry, revision)
    tx.notify(record.uid, "spec")


def change(
    tx: Transaction,
    uid: str,
    spec: DeploymentSpec,
    based_on: int,
    entry: HistoryEntry,
    revision: Revision | None,
    *,
    deleting: bool,
) -> StoredDeployment:
    """Replace a spec when the record is still the one that the change was based on."""
    current = deployment(tx.connection, Records(), uid)
    if current is None or current.deleting:
        raise _gone(current.id if current is not None else uid)
    if current.resource_version != based_on:
        raise StaleEdit(
            f"deployment {current.id} was changed by {current.updated_by} since you read it",
            hint="read it again and repeat the change",
            details={"current": current.model_dump(mode="json")},
        )
    if spec.group != current.spec.group:
        raise Conflict(f"the group of {current.id} cannot change", hint="deploy it anew in the other group")
    _check_names(tx, uid, current.id, spec)
    _append(tx, uid, entry, revision)
    tx.connection.execute(
        """
        UPDATE deployments SET name = ?, api_name = ?, spec = ?, version = version + 1,
               resource_version = resource_version + 1, updated_at = ?, updated_by = ?, deleting = ?
        WHERE uid = ?
        """,
        (spec.name, spec.api_name, dump(spec), text_of(entry.at), entry.actor, deleting, uid),
    )
    tx.notify(uid, "spec")
    changed = deployment(tx.connection, Records(), uid)
    if changed is None:  # pragma: no cover - it was updated in this transaction
        raise _gone(uid)
    return changed


def set_status(tx: Transaction, uid: str, status: DeploymentStatus) -> None:
    """Replace what is observed, when it differs."""
    document = dump(status)
    done = tx.connection.execute(
        "UPDATE deployments SET status = ?, version = version + 1 WHERE uid = ? AND status <> ?", (document, uid, document)
    )
    if done.rowcount:
        tx.notify(uid, "status")


def set_receipt(tx: Transaction, uid: str, number: int, receipt: Receipt) -> None:
    """Keep a revision's receipt, which comes after the revision itself."""
    done = tx.connection.execute("UPDATE revisions SET receipt = ? WHERE uid = ? AND number = ?", (dump(receipt), uid, number))
    if not done.rowcount:
        raise RevisionNotFound(f"there is no revision {number} of {uid}", hint="`mdeploy history ID` shows the revisions")
    tx.notify(uid, "status")


def remove(tx: Transaction, uid: str) -> None:
    """Delete a deployment; foreign keys take the rest along."""
    if tx.connection.execute("DELETE FROM deployments WHERE uid = ?", (uid,)).rowcount:
        tx.notify(uid, "deleted")


def add_events(tx: Transaction, uid: str, events: Sequence[Event]) -> list[Event]:
    """Append events; those of a deployment that is gone are dropped."""
    if not events or not _exists(tx, uid):
        return []
    kept = []
    for event in events:
        cursor = tx.connection.execute(
            "INSERT INTO events (uid, at, body) VALUES (?, ?, ?)", (uid, text_of(event.at), dump(event, exclude={"seq"}))
        )
        kept.append(event.model_copy(update={"seq": cursor.lastrowid}))
    tx.notify(uid, "event")
    return kept


def prune_events(tx: Transaction, before: datetime) -> int:
    """Delete events older than ``before``."""
    return tx.connection.execute("DELETE FROM events WHERE at < ?", (text_of(before),)).rowcount


def put_client(tx: Transaction, uid: str, client: StoredClient, *, new: bool) -> None:
    """Insert or replace a client; a last use that was recorded meanwhile is kept."""
    if not _exists(tx, uid):
        raise _gone(uid)
    name = client.info.name
    known = one(tx.connection, "SELECT 1 FROM clients WHERE uid = ? AND name = ?", uid, name)
    if new and known:
        raise NameTaken(
            f"there is a client {name!r} already",
            hint="choose another name, or rotate its token",
            details={"field": "client", "value": name},
        )
    if not new and not known:
        raise _no_client(name)
    used = dict(tx.connection.execute("SELECT key_id, last_used_at FROM secrets WHERE uid = ? AND client = ?", (uid, name)))
    tx.connection.execute("DELETE FROM clients WHERE uid = ? AND name = ?", (uid, name))
    tx.connection.execute("INSERT INTO clients (uid, name, info) VALUES (?, ?, ?)", (uid, name, dump(client.info)))
    for position, secret in enumerate(client.secrets):
        last = max(
            filter(None, (text_of(secret.last_used_at) if secret.last_used_at else None, used.get(secret.key_id))), default=None
        )
        tx.connection.execute(
            "INSERT INTO secrets VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                uid,
                name,
                secret.key_id,
                position,
                secret.sha1,
                text_of(secret.created_at),
                text_of(secret.expires_at) if secret.expires_at else None,
                last,
            ),
        )
    tx.notify(uid, "clients")


def remove_client(tx: Transaction, uid: str, name: str) -> None:
    """Delete a client and its secrets."""
    if not tx.connection.execute("DELETE FROM clients WHERE uid = ? AND name = ?", (uid, name)).rowcount:
        raise _no_client(name)
    tx.notify(uid, "clients")


def touch_secrets(tx: Transaction, used: Uses) -> None:
    """Record last uses, never an older one over a newer one."""
    tx.connection.executemany(
        """
        UPDATE secrets SET last_used_at = ?1
        WHERE uid = ?2 AND client = ?3 AND key_id = ?4 AND (last_used_at IS NULL OR last_used_at < ?1)
        """,
        [(text_of(at), *key) for key, at in used.items()],
    )


def remember(tx: Transaction, key: str, digest: str, answer: str, at: datetime, since: datetime) -> None:
    """Keep an answer, the first one for its key; answers from before ``since`` are forgotten."""
    tx.connection.execute("DELETE FROM answers WHERE at <= ?", (text_of(since),))
    tx.connection.execute(
        "INSERT INTO answers VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING", (key, digest, answer, text_of(at))
    )


def _append(tx: Transaction, uid: str, entry: HistoryEntry, revision: Revision | None) -> None:
    """Append to history and revisions; both are numbered without gaps."""
    for table, number in (("history", entry.number), ("revisions", revision.number if revision else None)):
        newest = one(tx.connection, f"SELECT coalesce(max(number), 0) FROM {table} WHERE uid = ?", uid)  # noqa: S608  # ours
        if number is not None and newest is not None and number != newest[0] + 1:
            raise Conflict(f"{table} of {uid} is at {newest[0]}: {number} is not the next", hint="read it again")
    tx.connection.execute("INSERT INTO history VALUES (?, ?, ?)", (uid, entry.number, dump(entry)))
    if revision is not None:
        receipt = dump(revision.receipt) if revision.receipt is not None else None
        body = dump(revision, exclude={"receipt"})
        tx.connection.execute("INSERT INTO revisions VALUES (?, ?, ?, ?)", (uid, revision.number, body, receipt))


def _check_names(tx: Transaction, uid: str, id_: str, spec: DeploymentSpec) -> None:
    """Refuse a name, id or API name that another deployment holds; unique indexes stand behind this."""
    held = (
        ("name", spec.name, "SELECT id FROM deployments WHERE grp = ? AND name = ? AND deleting = 0 AND uid <> ?", True),
        ("id", id_, "SELECT id FROM deployments WHERE id = ? AND deleting = 0 AND uid <> ?", False),
        (
            "api_name",
            spec.api_name,
            "SELECT id FROM deployments WHERE grp = ? AND api_name = ? AND deleting = 0 AND uid <> ?",
            True,
        ),
    )
    for field, value, query, in_group in held:
        holder = one(tx.connection, query, *((spec.group,) if in_group else ()), value, uid) if value else None
        if holder is not None:
            what = field.replace("api_name", "API name")
            where = f" in group {spec.group}" if in_group else ""
            raise NameTaken(
                f"the {what} {_short(value)!r} is taken{where} by deployment {holder[0]}",
                hint=f"choose another {what}, or update {holder[0]}",
                details={"field": field, "value": value, "holder": holder[0]},
            )


def _short(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"


def _exists(tx: Transaction, uid: str) -> bool:
    return one(tx.connection, "SELECT 1 FROM deployments WHERE uid = ?", uid) is not None


def _gone(what: str) -> DeploymentNotFound:
    return DeploymentNotFound(f"deployment {what} is gone", hint="`mdeploy list` shows what there is")


def _no_client(name: str) -> ClientNotFound:
    return ClientNotFound(f"there is no client {_short(name)!r}", hint="`mdeploy clients ID` shows them")
