"""Answers as JSON: what MLflow puts under ``predictions``, except that a missing number is ``null`` (NaN is no JSON)."""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
from typing import Any

import orjson


def jsonable(value: Any) -> Any:
    """Return ``value`` as JSON types: arrays as lists, frames and series as records, the rest by :func:`_default`."""
    import numpy as np
    import pandas as pd

    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, pd.Series):
        value = pd.DataFrame(value)
    if isinstance(value, pd.DataFrame):
        return _plain(value.to_dict(orient="records"))
    return _plain(value)


def encode(value: Any) -> bytes:
    """Return ``value`` as JSON text.

    Raises
    ------
    TypeError
        When the model answered with something that JSON cannot carry.
    """
    if type(value).__name__ == "ndarray" and value.dtype.kind in "fiu" and value.dtype.itemsize <= 8:  # noqa: PLR2004  # bytes
        return orjson.dumps(value.tolist())  # writes what is not finite as null
    try:
        return json.dumps(jsonable(value), separators=(",", ":"), allow_nan=False, default=_default).encode()
    except ValueError:  # a NaN inside an object that only ``_default`` opened
        text = json.dumps(jsonable(value), default=_default)
        return json.dumps(_plain(json.loads(text)), separators=(",", ":"), allow_nan=False).encode()


def _array(value: Any) -> Any:
    import numpy as np

    if value.dtype.kind == "f" and not np.isfinite(value).all():
        return _plain(value.tolist())
    if value.dtype.kind in "fiubU":
        return value.tolist()
    if value.dtype.kind == "M":
        return np.datetime_as_string(value).tolist()
    return _plain(value.tolist())


def _plain(value: Any) -> Any:
    """Return ``value`` with missing and infinite numbers as None, and keys as text."""
    if value is None or isinstance(value, str | bool | int):
        return value if not hasattr(value, "dtype") else _default(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return _plain_other(value)


def _key(key: Any) -> Any:
    """Return a key that ``json`` writes as it should be: what it does not know becomes its text."""
    return key if key is None or type(key) in (str, int, float, bool) else str(key)


def _plain_other(value: Any) -> Any:
    import pandas as pd

    if value is pd.NaT or value is pd.NA:
        return None
    try:
        return _default(value)
    except TypeError:
        return value


def _default(value: Any) -> Any:
    import numpy as np
    import pandas as pd

    if isinstance(value, np.datetime64):
        return str(np.datetime_as_string(value)) if not np.isnat(value) else None
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, np.ndarray | pd.DataFrame | pd.Series):
        return jsonable(value)
    return _object(value)


def _object(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return base64.encodebytes(value).decode("ascii")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if callable(dump := getattr(value, "model_dump", None)):
        return _plain(dump())
    if callable(dense := getattr(value, "toarray", None)):
        return _array(dense())
    raise TypeError(f"an answer of type {type(value).__name__} has no JSON form")
