"""Reads what is plainly what a signature wants into one array: numbers by column, numbers and words by column, or a tensor.

Each returns None for everything else, right or wrong: that goes the long way through MLflow, which decides. Property tests hold
what is read here together with what MLflow makes of the same document.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DTYPES: Mapping[str, str] = {"double": "float64", "float": "float32", "long": "int64", "integer": "int32"}
MIXED: Mapping[str, str] = {**DTYPES, "string": "str", "boolean": "bool"}
_FLOATS: frozenset[type] = frozenset({float, int, type(None)})
_INTEGERS: frozenset[type] = frozenset({int})
_ALLOWED: Mapping[str, frozenset[type]] = {
    "float64": _FLOATS,
    "float32": _FLOATS,
    "int64": _INTEGERS,
    "int32": _INTEGERS,
    "str": frozenset({str}),
    "bool": frozenset({bool}),
}
_ORDERS = 64
"""Orders of columns that are remembered."""
_FEW = 64
"""Values that are summed faster than each is looked at."""


class Reader:
    """Reads tables of one schema: all columns of one numeric type, by name."""

    def __init__(self, names: Sequence[str], dtype: str) -> None:
        self.names = tuple(names)
        self.dtype = dtype
        self._types = _ALLOWED.get(dtype, frozenset())
        self._orders: dict[tuple[Any, ...], list[int] | None] = {self.names: None}

    def read(self, document: Mapping[str, Any]) -> NDArray[np.generic] | None:
        """Return (rows, columns) in the schema's order, or None when the document must go the long way."""
        split = document.get("dataframe_split")
        if split is not None:
            return self._split(split) if len(document) == 1 else None
        records = document.get("dataframe_records")
        if records is not None and len(document) == 1:
            return self._records(records)
        return None

    def _split(self, split: Any) -> NDArray[np.generic] | None:
        try:
            rows = split["data"]
            order = self._order(tuple(split["columns"]))
        except (KeyError, TypeError, ValueError):
            return None
        if not split.keys() <= {"columns", "data", "index"} or type(rows) is not list or not rows:
            return None
        width = len(split["columns"])
        for row in rows:
            if type(row) is not list or len(row) != width:
                return None
        index = split.get("index")
        if index is not None and (type(index) is not list or len(index) != len(rows)):
            return None
        return self._matrix([[row[i] for i in order] for row in rows] if order is not None else rows)

    def _records(self, records: Any) -> NDArray[np.generic] | None:
        names = self.names
        try:
            rows = [[record[name] for name in names] for record in records]
        except (KeyError, TypeError, IndexError):
            return None
        return self._matrix(rows) if rows and type(records) is list else None

    def _order(self, columns: tuple[Any, ...]) -> list[int] | None:
        """Return where the schema's columns stand, None when they are the table's own in this order."""
        try:
            return self._orders[columns]
        except KeyError:
            if len(set(columns)) != len(columns):
                raise ValueError("a column occurs twice") from None
            places = {name: i for i, name in enumerate(columns)}
            order = [places[name] for name in self.names]
            if len(self._orders) < _ORDERS:
                self._orders[columns] = order
            return order

    def frame(self, matrix: Any) -> Any:
        """Return what was read as the table that it is."""
        import pandas as pd

        return pd.DataFrame(matrix, columns=list(self.names), copy=False)

    def made_up(self, rows: int) -> Any:
        """Return some rows that fit."""
        import numpy as np

        return np.arange(rows * len(self.names)).reshape(rows, -1).astype(self.dtype)

    def _matrix(self, rows: list[list[Any]]) -> NDArray[np.generic] | None:
        import numpy as np

        if not self._types.issuperset(map(type, chain.from_iterable(rows))):
            return None
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # what is too large for the type goes the long way
                matrix = np.array(rows, dtype=self.dtype)
        except (ValueError, OverflowError):
            return None
        return matrix if _no_infinity(matrix) else None


class MixedReader(Reader):
    """Reads tables of columns of several plain types: what it returns has objects, and a frame of it the signature's types."""

    def __init__(self, names: Sequence[str], dtypes: Sequence[str]) -> None:
        super().__init__(names, "object")
        self.dtypes = tuple(dtypes)

    def frame(self, matrix: Any) -> Any:
        """Return what was read as a table with the signature's types."""
        import numpy as np
        import pandas as pd

        columns = zip(self.names, self.dtypes, matrix.T, strict=True)
        return pd.DataFrame(
            {name: list(values) if dtype == "str" else np.array(values, dtype=dtype) for name, dtype, values in columns}
        )

    def made_up(self, rows: int) -> Any:
        """Return some rows that fit."""
        import numpy as np

        samples = {"str": "text", "bool": True}
        return np.array([[samples.get(dtype, 1) for dtype in self.dtypes]] * rows, dtype=object)

    def _matrix(self, rows: list[list[Any]]) -> NDArray[np.generic] | None:
        import numpy as np

        matrix: NDArray[Any] = np.empty((len(rows), len(self.names)), dtype=object)
        for i, (dtype, column) in enumerate(zip(self.dtypes, zip(*rows, strict=True), strict=True)):
            if not _ALLOWED[dtype].issuperset(map(type, column)):
                return None
            if dtype in ("str", "bool"):
                matrix[:, i] = column
                continue
            try:
                with np.errstate(over="ignore", invalid="ignore"):
                    values = np.array(column, dtype=dtype)
            except (ValueError, OverflowError):
                return None
            if not _no_infinity(values):
                return None
            matrix[:, i] = values
        return matrix


class TensorReader(Reader):
    """Reads the one tensor without a name that a model takes, of any number of rows."""

    def __init__(self, shape: Sequence[int], dtype: str) -> None:
        super().__init__((), dtype)
        self.shape = tuple(shape)

    def read(self, document: Mapping[str, Any]) -> NDArray[np.generic] | None:
        """Return (rows, …), or None when the document must go the long way."""
        import numpy as np

        if len(document) != 1:
            return None
        value = document.get("inputs", document.get("instances"))
        if type(value) is not list or not value or type(value[0]) is not list:
            return None
        try:
            found = np.array(value)
            if found.shape[1:] != self.shape[1:] or found.dtype.kind not in self._kinds():
                return None
            with np.errstate(over="ignore"):
                tensor = found.astype(self.dtype, copy=False)
        except (ValueError, OverflowError):
            return None
        same = bool((tensor == found).all()) if tensor.dtype.kind == "i" else _no_infinity(tensor)
        return tensor if same else None

    def frame(self, matrix: Any) -> Any:
        """Return the tensor: such a model takes no table."""
        return matrix

    def made_up(self, rows: int) -> Any:
        """Return a tensor that fits."""
        import numpy as np

        return np.ones((rows, *self.shape[1:]), dtype=self.dtype)

    def _kinds(self) -> str:
        return "fi" if self.dtype.startswith("float") else "i"


def _no_infinity(values: NDArray[Any]) -> bool:
    """Return whether no number is infinite, or became so when it was cast."""
    import numpy as np

    if values.dtype.kind == "i":
        return True
    with np.errstate(over="ignore", invalid="ignore"):
        if values.size < _FEW and math.isfinite(values.sum()):
            return True
    return not np.isinf(values).any()
