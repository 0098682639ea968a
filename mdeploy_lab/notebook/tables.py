"""The tables in a namespace: DataFrames of pandas and Polars, arrays, lists of rows; by columns, length, and slices of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mdeploy_lab.notebook.plain import Plainer, is_a

COLUMNS = 500


class Frame:
    """A frame by what it has in common with all others: columns with types, a length, and slices of rows."""

    def __init__(self, value: Any, columns: list[tuple[str, str]], length: int, *, by_iloc: bool = False) -> None:
        self._value = value
        self.columns = columns
        self.length = length
        self._by_iloc = by_iloc

    def slice(self, start: int, count: int) -> Any:
        """Return a copy of some rows, of the same type, so that a model that writes into its input does no harm."""
        part = (self._value.iloc if self._by_iloc else self._value)[start : start + count]
        return part.copy() if hasattr(part, "copy") else part

    def only(self, part: Any, columns: Sequence[str]) -> Any:
        """Return rows with these columns, in this order; what has no named columns stays as it is."""
        if hasattr(part, "columns"):
            names = {str(name): name for name in part.columns}
            return part[[names[c] for c in columns if c in names]]
        if isinstance(part, list) and part and isinstance(part[0], dict):
            return [{c: row[c] for c in columns if c in row} for row in part]
        return part

    def lists(self, part: Any) -> list[list[Any]]:
        """Return rows as lists of JSON values."""
        plainer = Plainer()
        width = len(self.columns)
        if self._by_iloc:
            columns = [part.iloc[:, i].tolist() for i in range(min(width, COLUMNS))]
            found = [list(row) for row in zip(*columns, strict=True)]
        elif hasattr(part, "rows") and callable(part.rows):
            found = [list(row) for row in part.rows()]
        else:
            items = part.tolist() if hasattr(part, "tolist") else part
            names = [name for name, _ in self.columns]
            found = [
                [row.get(n) for n in names] if isinstance(row, dict) else row if isinstance(row, list) else [row]
                for row in items
            ]
        return [[plainer.plain(value) for value in row[:COLUMNS]] for row in found]

    def _row(self, item: Any) -> list[Any]:
        if isinstance(item, dict):
            return [item.get(name) for name, _ in self.columns]
        return item if isinstance(item, list) else [item]


def frame_of(value: Any) -> Frame | None:
    """Return a value as a table: DataFrames of pandas and Polars, arrays of one or two dimensions, lists of rows."""
    kind = type(value)
    if is_a(value, "pandas", "DataFrame"):
        columns = [(str(c), str(t)) for c, t in zip(value.columns, value.dtypes, strict=True)]
        return Frame(value, columns, len(value), by_iloc=True)
    if is_a(value, "polars", "DataFrame"):
        return Frame(value, [(str(c), str(t)) for c, t in zip(value.columns, value.dtypes, strict=True)], len(value))
    if is_a(value, "numpy", "ndarray") and value.ndim in {1, 2}:
        width = value.shape[1] if value.ndim == 2 else 1  # noqa: PLR2004  # rows and columns
        return Frame(value, [(str(i), str(value.dtype)) for i in range(width)], len(value))
    if kind is list and value and isinstance(value[0], list) and all(type(v) in {int, float, str, bool} for v in value[0]):
        return Frame(value, [(str(i), type(v).__name__) for i, v in enumerate(value[0])], len(value))
    if kind is list and value and isinstance(value[0], dict) and all(type(k) is str for k in value[0]):
        return Frame(value, [(k, type(v).__name__) for k, v in value[0].items()], len(value))
    return None
