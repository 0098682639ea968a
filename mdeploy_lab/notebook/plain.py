"""Python values as JSON has them, for a screen: missing values are null, dates ISO 8601, what JSON has not its text."""

from __future__ import annotations

import math
import sys
from datetime import date, datetime, timedelta
from datetime import time as clock
from typing import Any

from mdeploy_lab.errors import InvalidInput

TEXT = 10_000
"""Characters of one value."""
VALUES = 200_000
"""Values of one answer."""


class Plainer:
    """Makes JSON of values, ``VALUES`` of them at most."""

    def __init__(self) -> None:
        self._left = VALUES

    def plain(self, value: Any) -> Any:
        """Return a value as JSON has it.

        Raises
        ------
        InvalidInput
            When there were too many values.
        """
        self._left -= 1
        if self._left < 0:
            raise InvalidInput("this is too large to be shown", hint="choose fewer rows")
        if is_missing(value):
            return None
        if isinstance(value, bool | int | float | str):
            return _scalar(value)
        if isinstance(value, datetime | date | clock):
            return value.isoformat()
        if isinstance(value, timedelta):
            return value.total_seconds()
        return self._several(value)

    def _several(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): self.plain(each) for key, each in value.items()}
        if is_a(value, "pandas", "DataFrame"):
            return [self.plain(row) for row in value.to_dict("records")]
        if isinstance(value, list | tuple | set | frozenset):
            return [self.plain(each) for each in value]
        if callable(getattr(value, "toarray", None)):  # SciPy's sparse matrices
            value = value.toarray()
        for way in ("tolist", "to_list"):
            if callable(getattr(value, way, None)):
                plain = getattr(value, way)()
                return str(plain)[:TEXT] if plain is value else self.plain(plain)
        return str(value)[:TEXT]


def _scalar(value: float | str) -> Any:
    """Return a number or a text; infinities have no form in JSON and are named as JavaScript does it."""
    if isinstance(value, str):
        return value[:TEXT]
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, NaT or pandas' NA."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    return type(value).__name__ in {"NaTType", "NAType"}


def is_a(value: Any, module: str, name: str) -> bool:
    """Return whether a value is of a library's class; the library is not imported for that."""
    loaded = sys.modules.get(module)
    wanted = getattr(loaded, name, None) if loaded is not None else None
    return isinstance(wanted, type) and isinstance(value, wanted)
