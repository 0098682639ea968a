"""History (what people changed) and events (what was observed)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mdeploy_lab.models.base import Timestamp, Wire
from mdeploy_lab.models.deployment import DeploymentSpec

Action = Literal["create", "update", "rollback", "traffic", "stop", "start", "delete"]
Level = Literal["debug", "info", "warning", "error"]
DiffOf = Literal["revisions", "history"]


class FieldChange(Wire):
    """One field that differs, by its dotted path."""

    path: str
    old: Any = None
    new: Any = None


class HistoryEntry(Wire):
    """One change that somebody made; ``revision`` is the newest revision after it."""

    number: int
    action: Action
    actor: str
    at: Timestamp
    message: str = ""
    revision: int
    new_revision: bool = False
    changes: tuple[FieldChange, ...] = ()
    spec: DeploymentSpec


class Event(Wire):
    """One observation; ``seq`` grows without gaps being promised."""

    seq: int = 0
    at: Timestamp
    kind: str = Field(description="dotted, such as replica.exited, revision.ready, traffic.moved, client.added")
    level: Level = "info"
    message: str
    cause: str = Field(default="", description="what led to it: a user's change, an exit code, a signal")
    actor: str = ""
    revision: int | None = None
    replica: str = ""


class Diff(Wire):
    """What differs between two revisions or history entries."""

    of: DiffOf = "revisions"
    before: int
    after: int
    changes: tuple[FieldChange, ...]
    model: tuple[FieldChange, ...] | None = Field(
        default=None,
        description="model against model: metrics.*, params.*, tags.*, signature.inputs.*, …; null when it cannot be known",
    )
    note: str = Field(default="", description="why model is null, or what could not be compared")


class LogReplica(Wire):
    """One replica whose log is kept, also when it has exited."""

    replica: str
    revision: int
    first: Timestamp = Field(description="when it wrote its first line that is kept")
    last: Timestamp = Field(description="when it wrote its last one")
    live: bool = Field(description="whether it runs")
    bytes: int


class LogLine(Wire):
    """One line that a replica wrote."""

    at: Timestamp
    message: str
    left_out: int = Field(default=0, description="characters that a very long line had beyond its message")
    level: str = ""
    logger: str = ""
    stream: Literal["log", "stdout", "stderr", "access"] = "log"
    request_id: str = ""
    replica: str = ""
    revision: int = 0


class Change(Wire):
    """What the event stream says: fetch again, or take the value that comes along."""

    topic: Literal["deployment", "deleted", "event", "log", "hello", "skipped"]
    id: str = ""
    deployment: dict[str, Any] | None = None
    event: Event | None = None
    line: LogLine | None = None
    count: int = Field(default=0, description="for skipped: how many messages were left out")
