"""Reads named tensors into the one array that a model's short way takes, as ``readers`` does with other bodies.

None is returned for everything that is not plainly what the signature wants; ``tensors`` then decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mdeploy_lab.runtime.readers import MixedReader, Reader, TensorReader
from mdeploy_lab.runtime.tensor_data import texts_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_MATRIX = 2
"""Axes of a matrix."""


def read_matrix(tensors: Mapping[str, Any], reader: Reader) -> NDArray[Any] | None:
    """Return what the model's plan answers, None when the tensors must go the long way."""
    if isinstance(reader, TensorReader):
        return _tensor(tensors, reader)
    if isinstance(reader, MixedReader):
        return _mixed(tensors, reader)
    if len(tensors) == 1:
        found = _whole(tensors, reader)
        if found is not None or len(reader.names) > 1:
            return found
    return _columns(tensors, reader)


def _tensor(tensors: Mapping[str, Any], reader: TensorReader) -> NDArray[Any] | None:
    only: NDArray[Any] = next(iter(tensors.values()))
    fits = len(tensors) == 1 and only.dtype == reader.dtype and only.ndim >= _MATRIX and only.shape[1:] == reader.shape[1:]
    return only if fits and only.size else None


def _whole(tensors: Mapping[str, Any], reader: Reader) -> NDArray[Any] | None:
    """Return a matrix as wide as the table, whose columns are taken by position."""
    import numpy as np

    name, only = next(iter(tensors.items()))
    width = len(reader.names)
    if only.ndim != _MATRIX or only.shape[1] != width or (width > 1 and name in reader.names):
        return None
    if not only.size or not _widens(only, reader.dtype):
        return None
    found: NDArray[Any] = np.array(only, dtype=reader.dtype)
    return found if _fit(found) else None


def _columns(tensors: Mapping[str, Any], reader: Reader) -> NDArray[Any] | None:
    import numpy as np

    rows = _rows(tensors, reader.names)
    if rows is None or not all(_widens(tensor, reader.dtype) for tensor in tensors.values()):
        return None
    found: NDArray[Any] = np.empty((rows, len(reader.names)), dtype=reader.dtype)
    for i, name in enumerate(reader.names):
        found[:, i] = tensors[name].reshape(-1)
    return found if _fit(found) else None


def _mixed(tensors: Mapping[str, Any], reader: MixedReader) -> NDArray[Any] | None:
    import numpy as np

    rows = _rows(tensors, reader.names)
    if rows is None:
        return None
    found: NDArray[Any] = np.empty((rows, len(reader.names)), dtype=object)
    for i, (name, dtype) in enumerate(zip(reader.names, reader.dtypes, strict=True)):
        column = tensors[name].reshape(-1)
        if dtype == "str":
            column = texts_of(column)
            if column.dtype.kind != "O" or not {str}.issuperset(map(type, column.tolist())):
                return None
        elif not _widens(column, dtype) or not _fit(column):
            return None
        found[:, i] = column
    return found


def _rows(tensors: Mapping[str, Any], names: Sequence[str]) -> int | None:
    """Return how many rows all columns have; None when one is missing, too many, or of another shape."""
    if len(tensors) != len(names) or tensors.keys() != set(names):
        return None
    rows = {tensor.shape[0] if tensor.shape in ((tensor.size,), (tensor.size, 1)) else 0 for tensor in tensors.values()}
    found = rows.pop()
    return None if rows or not found else found


def _widens(array: NDArray[Any], wanted: str) -> bool:
    """Return whether every value of the array is one of the wanted type."""
    return array.dtype == wanted or (wanted == "float64" and array.dtype.kind in "fiu")


def _fit(array: NDArray[Any]) -> bool:
    """Return whether no number is infinite."""
    import numpy as np

    return array.dtype.kind != "f" or not np.isinf(array).any()
