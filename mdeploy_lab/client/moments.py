"""Times as people write them: ``10m``, ``2h``, seconds, ISO."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from mdeploy_lab.errors import InvalidInput

_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment(when: datetime | timedelta | float | str | None) -> datetime | None:
    """Return a time: as it is, or that long ago.

    Raises
    ------
    InvalidInput
        When it is neither.
    """
    if when is None:
        return None
    if isinstance(when, datetime):
        return when.astimezone(timezone.utc)
    if isinstance(when, timedelta):
        return datetime.now(timezone.utc) - when
    if isinstance(when, str):
        return _parsed(when.strip())
    return datetime.now(timezone.utc) - timedelta(seconds=when)


def _parsed(text: str) -> datetime:
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return datetime.now(timezone.utc) - timedelta(**{_UNITS[ago[2]]: float(ago[1])})
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)
    except ValueError as error:
        raise InvalidInput(f"{text!r} is no time", hint="like 10m, 2h, 1d or 2026-11-21T09:00") from error
