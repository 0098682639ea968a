"""Containers and scalars as a JSON tree whose leaves may be Arrow arrays ("parts").

A plain JSON scalar stands for itself; everything else is an object with its kind under ``k``.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import uuid
from typing import Any

from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.values import columns, frames

SHORT = 16
"""Lists shorter than this stay in the JSON."""

NUMBERS = {float: "f8", int: "i8", bool: "?"}
INT64 = range(-(2**63), 2**63)


def surrogates(text: str) -> bool:
    """Return whether text has lone surrogates, which UTF-8 cannot hold."""
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)


class Packer:
    """Takes values apart. With ``inline`` everything goes into the JSON and there are no parts."""

    def __init__(self, *, inline: bool = False) -> None:
        self.parts: list[Any] = []
        self.names: list[str] = []
        self._inline = inline

    def part(self, values: Any, *, name: str = "") -> dict[str, Any]:
        """Keep a 1-D array as a part; returns its description."""
        array, said = columns.pack(values)
        if self._inline:
            return {"b": base64.b64encode(_alone(array)).decode(), **said}
        self.parts.append(array)
        self.names.append(name or f"part {len(self.parts)}")
        return {"p": len(self.parts) - 1, **said}

    def scalar(self, value: Any) -> Any:
        """Return a label or name as JSON."""
        return Packer(inline=True).pack(value)

    def pack(self, value: Any) -> Any:
        """Return the tree of any value.

        Raises
        ------
        InvalidInput
            When its type has no form here.
        """
        kind = type(value)
        if value is None or kind in {bool, int, float, str}:
            return value
        if kind in {list, tuple}:
            return self._sequence(value, "list" if kind is list else "tuple")
        if kind is dict:
            return {
                "k": "dict",
                "keys": [self.scalar(key) for key in value],
                "values": [self.pack(item) for item in value.values()],
            }
        for attempt in (self._simple, self._numpy, self._pandas, self._scipy, self._foreign):
            tree = attempt(value)
            if tree is not None:
                return tree
        raise InvalidInput(
            f"a value of type {kind.__module__}.{kind.__qualname__} cannot be sent to a model",
            hint="send a DataFrame, a Series, an array, a sparse matrix, or lists and dicts of plain values",
        )

    def _sequence(self, value: Any, kind: str) -> dict[str, Any]:
        if len(value) >= SHORT and not self._inline:
            flat = self._numbers(value)
            if flat is not None:
                return {"k": kind, "flat": flat}
            rows = self._rows(value)
            if rows is not None:
                return {"k": kind, **rows}
        return {"k": kind, "items": [self.pack(item) for item in value]}

    def _numbers(self, value: Any) -> dict[str, Any] | None:
        """Return a list of one plain type as a part."""
        import numpy as np

        kinds = {type(item) for item in value}
        if len(kinds) != 1:
            return None
        kind = kinds.pop()
        if kind is str:
            return self.part(_object_array(value))
        if kind not in NUMBERS or (kind is int and not all(item in INT64 for item in value)):
            return None
        return self.part(np.array(value, dtype=NUMBERS[kind]))

    def _rows(self, value: Any) -> dict[str, Any] | None:
        """Return a list of equally long lists of one plain type as one part."""
        if {type(row) for row in value} != {list} or len({len(row) for row in value}) != 1 or not value[0]:
            return None
        flat = self._numbers([item for row in value for item in row])
        return None if flat is None else {"rows": flat, "width": len(value[0])}

    def _simple(self, value: Any) -> dict[str, Any] | None:
        for kind, (name, write, _) in _SIMPLE.items():
            if type(value) is kind:
                return {"k": name, "v": write(value)}
        if isinstance(value, set | frozenset):
            name = "set" if isinstance(value, set) else "frozenset"
            return {"k": name, "items": [self.pack(item) for item in value]}
        return None

    def _numpy(self, value: Any) -> dict[str, Any] | None:
        import numpy as np

        if isinstance(value, np.ma.MaskedArray):
            mask = np.ma.getmaskarray(value)
            return {"k": "masked", "data": self._array(np.asarray(value.data)), "mask": self._array(mask)}
        if isinstance(value, np.ndarray):
            return self._array(np.asarray(value))
        if isinstance(value, np.generic):
            return {"k": "numpy", "values": self.part(np.asarray(value).reshape(1))}
        return None

    def _array(self, value: Any) -> dict[str, Any]:
        return {"k": "array", "shape": list(value.shape), "values": self.part(value.reshape(-1), name="values")}

    def _pandas(self, value: Any) -> dict[str, Any] | None:
        import pandas as pd

        if value is pd.NA or value is pd.NaT:
            return {"k": "NA" if value is pd.NA else "NaT"}
        for kind, pack in (
            (pd.DataFrame, lambda: frames.pack_frame(value, self)),
            (pd.Series, lambda: frames.pack_series(value, self)),
            (pd.Index, lambda: {"k": "index", **frames.pack_index(value, self)}),
            (pd.api.extensions.ExtensionArray, lambda: {"k": "extension", "values": self.part(value)}),
        ):
            if isinstance(value, kind):
                return pack()
        if isinstance(value, pd.Timestamp | pd.Timedelta | pd.Period | pd.Interval):
            return {"k": "pandas", "values": self.part(pd.array([value]))}
        return None

    def _scipy(self, value: Any) -> dict[str, Any] | None:
        import sys

        sparse = sys.modules.get("scipy.sparse")
        if sparse is None or not sparse.issparse(value):
            return None
        matrix = value if value.format in _SPARSE else value.tocsr()
        arrays = [getattr(matrix, name) for name in _SPARSE[matrix.format]]
        return {
            "k": "sparse",
            "format": matrix.format,
            "matrix": isinstance(value, sparse.spmatrix),
            "shape": list(matrix.shape),
            "arrays": [self.part(array.reshape(-1)) for array in arrays],
        }

    def _foreign(self, value: Any) -> dict[str, Any] | None:
        """Return tensors and other array-likes as arrays."""
        import numpy as np

        if callable(detach := getattr(value, "detach", None)):
            value = detach().cpu().numpy()
        elif not callable(getattr(value, "__array__", None)):
            return None
        array = np.asarray(value)
        return None if array.dtype == object and array.shape == () else self._array(array)


def _wrapped(kind: str, values: Any, tree: dict[str, Any]) -> Any:
    """Return an array in its shape, or its only element, or as pandas' own array."""
    import pandas as pd

    if kind == "array":
        return values.reshape(tree["shape"])
    if kind == "numpy":
        return values[0]
    return pd.array(values) if kind == "extension" else pd.array(values)[0]


class Unpacker:
    """Builds values from a tree and its parts."""

    def __init__(self, parts: list[Any]) -> None:
        self._parts = parts

    def part(self, said: dict[str, Any]) -> Any:
        """Return the numpy or pandas array of a description."""
        array = _from_alone(base64.b64decode(said["b"])) if "b" in said else self._parts[said["p"]]
        return columns.unpack(array, said)

    def unpack(self, tree: Any) -> Any:
        """Return the value of a tree."""
        if not isinstance(tree, dict):
            return tree
        kind = tree["k"]
        if kind in {"list", "tuple", "set", "frozenset"}:
            return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind](self._items(tree))
        if kind == "dict":
            keys = [self.unpack(key) for key in tree["keys"]]
            return dict(zip(keys, [self.unpack(item) for item in tree["values"]], strict=True))
        for name, _, read in _SIMPLE.values():
            if kind == name:
                return read(tree["v"])
        return self._special(kind, tree)

    def _items(self, tree: dict[str, Any]) -> list[Any]:
        if "flat" in tree:
            return list(self.part(tree["flat"]).tolist())
        if "rows" in tree:
            flat, width = self.part(tree["rows"]).tolist(), int(tree["width"])
            if width < 1 or len(flat) % width:
                raise ValueError("rows of unequal width")
            return [flat[i : i + width] for i in range(0, len(flat), width)]
        return [self.unpack(item) for item in tree["items"]]

    def _special(self, kind: str, tree: dict[str, Any]) -> Any:
        if kind in {"array", "numpy", "pandas", "extension"}:
            values = self.part(tree["values"])
            return _wrapped(kind, values, tree)
        build = {"frame": frames.unpack_frame, "series": frames.unpack_series, "index": frames.unpack_index}.get(kind)
        return self._rare(kind, tree) if build is None else build(tree, self)

    def _rare(self, kind: str, tree: dict[str, Any]) -> Any:
        import numpy as np
        import pandas as pd

        if kind == "masked":
            return np.ma.MaskedArray(self.unpack(tree["data"]), mask=self.unpack(tree["mask"]))
        if kind == "sparse":
            return self._sparse(tree)
        if kind in {"NA", "NaT"}:
            return pd.NA if kind == "NA" else pd.NaT
        raise ValueError(f"a value of kind {kind!r} is not known")

    def _sparse(self, tree: dict[str, Any]) -> Any:
        from scipy import sparse

        form = tree["format"]
        names = _SPARSE[form]
        arrays = dict(zip(names, (self.part(said) for said in tree["arrays"]), strict=True))
        build = getattr(sparse, f"{form}_{'matrix' if tree['matrix'] else 'array'}")
        shape = tuple(tree["shape"])
        if form == "coo":
            return build((arrays["data"], (arrays["row"], arrays["col"])), shape=shape)
        matrix = build((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
        matrix.check_format(full_check=True)
        return matrix


_SPARSE = {
    "csr": ("data", "indices", "indptr"),
    "csc": ("data", "indices", "indptr"),
    "coo": ("data", "row", "col"),
}


def _b64(value: bytes | bytearray) -> str:
    return base64.b64encode(value).decode()


_SIMPLE: dict[type, tuple[str, Any, Any]] = {
    bytes: ("bytes", _b64, base64.b64decode),
    bytearray: ("bytearray", _b64, lambda text: bytearray(base64.b64decode(text))),
    complex: ("complex", lambda v: [v.real, v.imag], lambda pair: complex(*pair)),
    decimal.Decimal: ("decimal", str, decimal.Decimal),
    uuid.UUID: ("uuid", str, uuid.UUID),
    dt.datetime: ("datetime", dt.datetime.isoformat, dt.datetime.fromisoformat),
    dt.date: ("date", dt.date.isoformat, dt.date.fromisoformat),
    dt.time: ("time", dt.time.isoformat, dt.time.fromisoformat),
    dt.timedelta: ("timedelta", lambda v: [v.days, v.seconds, v.microseconds], lambda parts: dt.timedelta(*parts)),
}


def _object_array(items: Any) -> Any:
    import numpy as np

    values: Any = np.empty(len(items), dtype=object)
    values[:] = items
    return values


def _alone(array: Any) -> bytes:
    """Return one Arrow array as a stream of its own, for a leaf inside JSON."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    batch = pa.record_batch([array], names=["v"])
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def _from_alone(data: bytes) -> Any:
    import pyarrow as pa

    with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
        column = reader.read_all().column(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks != 1 else column.chunk(0)
