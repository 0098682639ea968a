"""Between rows and types: JSON documents, times as sortable text, and records parsed once per version of their row."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timezone
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from mdeploy_lab.errors import HomeUnusable, InvalidInput
from mdeploy_lab.models.base import Wire
from mdeploy_lab.models.deployment import DeploymentSpec, DeploymentStatus
from mdeploy_lab.store.base import StoredDeployment

M = TypeVar("M", bound=Wire)

COLUMNS = "uid, version, id, spec, status, resource_version, created_at, created_by, updated_at, updated_by, deleting"


def text_of(value: datetime) -> str:
    """Return a time as text that sorts as the time does."""
    return value.astimezone(timezone.utc).isoformat(timespec="microseconds")


def time_of(text: str) -> datetime:
    """Return the time that ``text_of`` wrote."""
    return datetime.fromisoformat(text)


def dump(value: Wire, *, exclude: set[str] | None = None) -> str:
    """Return the JSON document of ``value``, sure to be readable again.

    Raises
    ------
    InvalidInput
        When it holds something that JSON cannot (infinity, half a surrogate pair), before that makes a record unreadable.
    """
    try:
        document = value.model_dump_json(exclude=exclude)
        type(value).model_validate_json(document)
    except (PydanticSerializationError, ValidationError) as error:
        where = ".".join(str(p) for p in error.errors()[0]["loc"]) if isinstance(error, ValidationError) else ""
        raise InvalidInput(
            f"a value cannot be kept{f': {where}' if where else ''}",
            hint="use finite numbers and plain Unicode text",
            details={"fields": {where: "cannot be kept"}} if where else None,
        ) from error
    return document


def parse(kind: type[M], document: str, what: str) -> M:
    """Return the value of a JSON document.

    Raises
    ------
    HomeUnusable
        When the document does not fit, which only another program or a damaged disk can bring about.
    """
    try:
        return kind.model_validate_json(document)
    except ValidationError as error:
        raise HomeUnusable(
            f"the database holds an unreadable record of {what}",
            hint="restore a backup of mdeploy.db, or upgrade: pip install -U mdeploy-lab",
            details={"problem": str(error.errors()[0]["msg"])},
        ) from error


class Records:
    """Deployments, each parsed once per version of its row. Used from several threads: a lost entry only costs a parse."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, StoredDeployment]] = {}

    def known(self, uid: str, version: int) -> StoredDeployment | None:
        """Return the record when this version of the row was parsed before."""
        found = self._known.get(uid)
        return found[1] if found is not None and found[0] == version else None

    def of(self, row: tuple[Any, ...]) -> StoredDeployment:
        """Return the record of a row of ``COLUMNS``."""
        uid, version = row[0], row[1]
        found = self.known(uid, version)
        if found is None:
            found = record_of(row)
            self._known[uid] = (version, found)
        return found

    def forget(self, uid: str) -> None:
        """Drop the record of a deployment that is gone."""
        self._known.pop(uid, None)


def record_of(row: tuple[Any, ...]) -> StoredDeployment:
    """Parse a row of ``COLUMNS``."""
    uid, _, id_, spec, status, resource_version, created_at, created_by, updated_at, updated_by, deleting = row
    return StoredDeployment(
        uid=uid,
        id=id_,
        spec=parse(DeploymentSpec, spec, id_),
        status=parse(DeploymentStatus, status, id_),
        resource_version=resource_version,
        created_at=time_of(created_at),
        created_by=created_by,
        updated_at=time_of(updated_at),
        updated_by=updated_by,
        deleting=bool(deleting),
    )


def one(connection: sqlite3.Connection, query: str, *values: Any) -> tuple[Any, ...] | None:
    """Return the first row of a query."""
    row: tuple[Any, ...] | None = connection.execute(query, values).fetchone()
    return row
