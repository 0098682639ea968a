"""Find the data a model was fitted on in the user's namespace, and take rows from data of any kind.

Nothing is guessed silently: a single frame that fits is used and named; several that fit are named, and none of their
rows is taken.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROWS = 50
"""Rows of a parity check."""
EXAMPLE_ROWS = 5
SCHEMA_ROWS = 10_000
"""Rows that column types and missing values are read from."""


@dataclass(frozen=True)
class Candidate:
    """A variable whose columns are those that the model was fitted on."""

    name: str
    frame: Any


def candidates(namespace: Mapping[str, Any], obj: Any) -> list[Candidate]:
    """Return the DataFrames and arrays whose columns or width are what ``obj`` was fitted on, by name.

    Names with a leading underscore (IPython's own history) are not looked at; a second name for the same object is not a
    second candidate.
    """
    columns, width = fitted_on(obj)
    if columns is None and width is None:
        return []
    found: dict[int, Candidate] = {}
    for name, value in sorted(namespace.items()):
        if not name.startswith("_") and id(value) not in found and _fits(value, columns, width):
            found[id(value)] = Candidate(name, value)
    return sorted(found.values(), key=lambda c: c.name)


def fitted_on(obj: Any) -> tuple[tuple[str, ...] | None, int | None]:
    """Return the column names and the number of columns that a model was fitted on, as far as it keeps them."""
    for part in (obj, *_steps(obj)):
        names = _attribute(part, "feature_names_in_")
        if names is None:
            names = _attribute(part, "feature_names")  # XGBoost's Booster
        width = _attribute(part, "n_features_in_")
        columns = tuple(str(n) for n in names) if names is not None and not callable(names) else None
        if columns or isinstance(width, int | float) or hasattr(width, "__index__"):
            return columns or None, int(width) if width is not None else len(columns or ())
    return None, None


def _steps(obj: Any) -> list[Any]:
    steps = _attribute(obj, "steps")
    return [s[1] for s in steps[:1]] if isinstance(steps, list) and steps and isinstance(steps[0], tuple) else []


def _attribute(obj: Any, name: str) -> Any:
    try:
        return getattr(obj, name, None)
    except Exception:  # noqa: BLE001  # a property of somebody's class may raise anything; then it is not there
        return None


def _fits(value: Any, columns: tuple[str, ...] | None, width: int | None) -> bool:
    if is_frame(value):
        return columns is not None and len(value) > 0 and tuple(str(c) for c in value.columns) == columns
    return columns is None and is_array(value) and value.ndim == 2 and len(value) > 0 and value.shape[1] == width  # noqa: PLR2004


def _loaded(module: str, name: str) -> Any:
    """Return what a module has by this name; None when nobody imported it, or another thread is still at it.

    What the user holds cannot be of a class that does not exist yet.
    """
    return getattr(sys.modules.get(module), name, None)


def is_frame(value: Any) -> bool:
    """Return whether ``value`` is a pandas DataFrame, without importing pandas."""
    known = _loaded("pandas", "DataFrame")
    return known is not None and isinstance(value, known)


def is_series(value: Any) -> bool:
    """Return whether ``value`` is a pandas Series, without importing pandas."""
    known = _loaded("pandas", "Series")
    return known is not None and isinstance(value, known)


def is_array(value: Any) -> bool:
    """Return whether ``value`` is a numpy array, without importing numpy."""
    known = _loaded("numpy", "ndarray")
    return known is not None and isinstance(value, known)


def is_sparse(value: Any) -> bool:
    """Return whether ``value`` is a SciPy sparse matrix or array, without importing SciPy."""
    known = _loaded("scipy.sparse", "issparse")
    return known is not None and bool(known(value))


def rows(value: Any, count: int) -> Any:
    """Return a copy of the first ``count`` rows, so that a model that writes into its input does not write into the user's."""
    if is_frame(value) or is_series(value):
        return value.iloc[:count].copy()
    if is_array(value):
        return value[:count].copy() if value.ndim else value.copy()
    if is_sparse(value):
        return value.tocsr()[:count].copy()
    if isinstance(value, list):
        return list(value[:count])
    if isinstance(value, dict) and all(is_array(v) for v in value.values()):
        return {k: rows(v, count) for k, v in value.items()}
    return value


def count(value: Any) -> int:
    """Return how many rows there are; 1 for what has none."""
    if is_sparse(value):
        return int(value.shape[0])
    if isinstance(value, dict):
        lengths = {len(v) if is_array(v) and v.ndim else 1 for v in value.values()}
        return lengths.pop() if len(lengths) == 1 else 1
    if isinstance(value, str):
        return 1
    try:
        return len(value)
    except TypeError:
        return 1


def shape(value: Any) -> tuple[Any, ...]:
    """Return what decides the signature: the columns with their types, or the array's type and width."""
    if is_frame(value):
        return ("frame", tuple((str(c), str(t)) for c, t in zip(value.columns, value.dtypes, strict=True)))
    return ("array", str(value.dtype), tuple(value.shape[1:]))
