"""The two bases of every wire type.

Answers are read by clients of other versions, so they ignore fields they do not know; requests are checked by the server
that will act on them, so an unknown field is an error with its path rather than a setting silently dropped.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


def utc(value: datetime) -> datetime:
    """Return ``value`` in UTC; a naive time is taken as UTC."""
    return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


Timestamp = Annotated[datetime, AfterValidator(utc)]


class Wire(BaseModel):
    """A frozen value that goes over the wire or into the store."""

    model_config = ConfigDict(frozen=True, extra="ignore", json_schema_serialization_defaults_required=True)


class Request(BaseModel):
    """A frozen value that a caller sends; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
