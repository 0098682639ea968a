"""The short way of a table of numbers from a body to the model: one array, no enforcement, no DataFrame where none is needed.

MLflow makes a DataFrame of every body and then walks over its columns; for one row that takes longer than most models. A table
that is plainly what the signature wants needs neither: its columns are there by name, its values are numbers of the wanted
type, none is missing. Only such a table is read here. Everything else, right or wrong, goes the long way through MLflow, which
therefore decides what is accepted and what an error says; a property test holds the two ways together.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from mdeploy_lab.runtime import forests, rowwise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mdeploy_lab.runtime.loader import ServedModel

log = logging.getLogger(__name__)

_DTYPES: Mapping[str, str] = {"double": "float64", "float": "float32", "long": "int64", "integer": "int32"}
_FLOATS = frozenset({float, int})
_INTEGERS = frozenset({int})
_ORDERS = 64
"""Orders of columns that are remembered."""
_FEW = 64
"""Values that are summed faster than each is looked at."""
_ROWS = 4
"""Rows on which the short way is compared with the long one before it is taken."""

_ROUNDING = 1e-12


class Reader:
    """Reads tables of one schema: all columns of one numeric type, by name."""

    def __init__(self, names: Sequence[str], dtype: str) -> None:
        self.names = tuple(names)
        self.dtype = dtype
        self._types = _FLOATS if dtype.startswith("float") else _INTEGERS
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

    def _matrix(self, rows: list[list[Any]]) -> NDArray[np.generic] | None:
        import numpy as np

        if not self._types.issuperset(map(type, chain.from_iterable(rows))):
            return None
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # what is too large for the type goes the long way
                matrix = np.array(rows, dtype=self.dtype)
                finite = matrix.dtype.kind == "i" or (
                    math.isfinite(matrix.sum()) if matrix.size < _FEW else bool(np.isfinite(matrix).all())
                )
        except (ValueError, OverflowError):
            return None
        return matrix if finite else None


@dataclass(frozen=True)
class Plan:
    """How this model answers a matrix."""

    reader: Reader
    answer: Callable[[Any], Any]
    """Takes (rows, columns) and returns what the model's method returns for the table."""
    rowwise: bool
    """Whether the answer to some rows together is that to each of them."""

    def frame(self, matrix: Any) -> Any:
        """Return a matrix as the table that it was."""
        import pandas as pd

        return pd.DataFrame(matrix, columns=list(self.reader.names))


def plan_for(model: ServedModel) -> Plan | None:
    """Return the short way of a model, None when it has none or when the two ways do not agree on its example."""
    reader = _reader(model)
    if reader is None:
        return None
    if model.speaks_for_itself:  # a script is not asked about rows that are made up: it may do anything with them
        function = _by_frame(model, reader)
        return Plan(reader, function, rowwise=False) if function is not None else None
    together = rowwise.is_rowwise(model)
    for answer in filter(None, (*_by_array(model), _by_frame(model, reader))):
        if _agrees(model, reader, answer):
            return Plan(reader, answer, together)
    return None


def _reader(model: ServedModel) -> Reader | None:
    schema = model.input_schema
    if schema is None or schema.is_tensor_spec() or not schema.has_input_names() or model.typed_by_hints:
        return None
    if model.params_schema is not None:
        return None
    kinds = {getattr(spec.type, "name", "") for spec in schema.inputs}
    names = schema.input_names()
    if len(kinds) != 1 or len(set(names)) != len(names):
        return None
    dtype = _DTYPES.get(kinds.pop())
    return Reader(names, dtype) if dtype is not None else None


def _by_array(model: ServedModel) -> Iterator[Callable[[Any], Any] | None]:
    """Yield the estimator's own method on an array, where it does not choose columns by their names; a forest's trees first."""
    estimator = rowwise.estimator_of(model)
    if estimator is None or not rowwise.takes_arrays(estimator):
        return
    plain = rowwise.nameless(estimator)
    found = getattr(plain, model.method, None)
    if callable(found):
        yield forests.direct(plain, model.method)
        yield found


def _by_frame(model: ServedModel, reader: Reader) -> Callable[[Any], Any] | None:
    """Return the model on a frame, past the enforcement of a schema that is met."""
    import pandas as pd

    function = model.unchecked
    if function is None:
        return None
    columns = pd.Index(reader.names)

    def answer(matrix: Any) -> Any:
        return function(pd.DataFrame(matrix, columns=columns, copy=False))

    return answer


def _agrees(model: ServedModel, reader: Reader, answer: Callable[[Any], Any]) -> bool:
    """Return whether an answer is that of the long way, on the model's own rows or else on a few made up."""
    import numpy as np
    import pandas as pd

    matrix = _rows(model, reader)
    frame = pd.DataFrame(matrix, columns=list(reader.names))
    try:
        long = model.predict(frame)
    except Exception:  # noqa: BLE001  # rows that are made up may be none that the model takes
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            short = answer(matrix)
    except Exception:  # noqa: BLE001  # a warning is a difference too: it would be logged at each request
        return False
    if type(short) is not type(long):
        return False
    ours, theirs = np.asarray(short), np.asarray(long)
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return False
    if ours.dtype.kind == "f":  # trees that are summed by several threads differ in the last bits from one time to the next
        return bool(np.allclose(ours, theirs, rtol=_ROUNDING, atol=0.0, equal_nan=True))
    return bool(np.array_equal(ours, theirs))


def _rows(model: ServedModel, reader: Reader) -> Any:
    import numpy as np

    body = model.own_example
    given = reader.read({"dataframe_split": body["dataframe_split"]}) if body and "dataframe_split" in body else None
    if given is None:
        given = np.arange(_ROWS * len(reader.names)).reshape(_ROWS, -1).astype(reader.dtype)
    return given[:_ROWS]
