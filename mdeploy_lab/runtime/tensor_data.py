"""One tensor's values in the Open Inference Protocol, as JSON and as raw bytes; nothing here walks over numbers in Python."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from mdeploy_lab.runtime.problems import BadInput, NotSupported
from mdeploy_lab.runtime.schema import json_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

DATATYPES: Mapping[str, str] = {
    "BOOL": "b1",
    "UINT8": "u1",
    "UINT16": "u2",
    "UINT32": "u4",
    "UINT64": "u8",
    "INT8": "i1",
    "INT16": "i2",
    "INT32": "i4",
    "INT64": "i8",
    "FP16": "f2",
    "FP32": "f4",
    "FP64": "f8",
    "BF16": "f4",
    "BYTES": "O",
}
"""NumPy has no BF16: it is read as the FP32 that it is the upper half of."""
NAMES: Mapping[str, str] = {code: name for name, code in DATATYPES.items() if name != "BF16"}
MAX_ELEMENTS = 1_000_000_000

_ALLOWED: Mapping[str, frozenset[type]] = {
    "b": frozenset({bool}),
    "i": frozenset({int}),
    "u": frozenset({int}),
    "f": frozenset({int, float, type(None)}),
}
_LENGTH = struct.Struct("<I")


def declared(name: Any, kind: Any, shape: Any) -> tuple[str, str, list[int]]:
    """Return a tensor's name, datatype and shape when they are ones."""
    if not isinstance(name, str):
        raise BadInput("an input has no name", hint="give every input a name", field="inputs")
    if not isinstance(kind, str) or kind not in DATATYPES:
        raise BadInput(f"the datatype of {name!r} is not known", hint=f"one of {', '.join(DATATYPES)}", field=name)
    if not isinstance(shape, list) or not all(type(size) is int and 0 <= size <= MAX_ELEMENTS for size in shape):
        raise BadInput(f"the shape of {name!r} must be an array of sizes", field=name, expected="array of integers")
    return name, kind, shape


def shaped(name: str, array: NDArray[Any], shape: Sequence[int]) -> NDArray[Any]:
    """Return the flat array in its shape."""
    wanted = math.prod(shape)
    if array.size != wanted:
        raise BadInput(
            f"the data of {name!r} has {array.size} values, and its shape holds {wanted}",
            hint="shape and data must fit",
            field=name,
        )
    return array.reshape(shape)


def from_json(name: str, kind: str, shape: Sequence[int], data: Any) -> NDArray[Any]:
    """Return the array of a JSON tensor, flat or nested; strings stay ``str``."""
    import numpy as np

    flat, types = _flatten(data)
    if kind == "BYTES":
        if not types <= {str}:
            raise BadInput(f"the values of {name!r} must be strings", field=name, expected="BYTES")
        array: NDArray[Any] = np.empty(len(flat), dtype=object)
        array[:] = flat
        return shaped(name, array, shape)
    dtype = np.dtype(DATATYPES[kind])
    allowed = _ALLOWED[dtype.kind]
    if not types <= allowed:
        wrong = next(item for item in flat if type(item) not in allowed)
        raise BadInput(f"the values of {name!r} must be {kind}, and one is {json_type(wrong)}", field=name, expected=kind)
    try:
        with np.errstate(over="ignore"):
            return shaped(name, np.array(flat, dtype=dtype), shape)
    except OverflowError:
        raise BadInput(f"a value of {name!r} is too large for {kind}", field=name, expected=kind) from None


def _flatten(data: Any) -> tuple[list[Any], set[type]]:
    """Return the values of nested lists and their types; lists of different depth are flattened too."""
    flat = data if isinstance(data, list) else [data]
    while True:
        types = set(map(type, flat))
        if list not in types:
            return flat, types
        flat = list(chain.from_iterable(flat if len(types) == 1 else (i if type(i) is list else (i,) for i in flat)))


def from_raw(name: str, kind: str, shape: Sequence[int], data: bytes | memoryview) -> NDArray[Any]:
    """Return the array of a raw tensor, without a copy; what is BYTES stays ``bytes``.

    Raw is row-major and little-endian; BOOL is one byte a value, BYTES a length of four bytes and the value, one after the
    other. The array cannot be written to.
    """
    import numpy as np

    if kind == "BYTES":
        return shaped(name, _strings(name, data), shape)
    dtype = np.dtype("<u2" if kind == "BF16" else DATATYPES[kind]).newbyteorder("<")
    size = len(data) if isinstance(data, bytes) else data.nbytes
    if size != math.prod(shape) * dtype.itemsize:
        raise BadInput(
            f"the data of {name!r} has {size} bytes, and its shape holds {math.prod(shape) * dtype.itemsize}",
            hint=f"send {dtype.itemsize} bytes for each value of {kind}",
            field=name,
        )
    array = np.frombuffer(data, dtype=dtype)
    if kind == "BF16":
        array = (array.astype("<u4") << 16).view("<f4")
    return array.reshape(shape)


def _strings(name: str, data: bytes | memoryview) -> NDArray[Any]:
    import numpy as np

    found: list[bytes] = []
    at, end = 0, len(data)
    while at < end:
        size = _LENGTH.unpack_from(data, at)[0] if at + 4 <= end else end
        at += 4
        if at + size > end:
            raise BadInput(
                f"the data of {name!r} is cut off", hint="each value of BYTES follows its length of 4 bytes", field=name
            )
        found.append(bytes(data[at : at + size]))
        at += size
    array: NDArray[Any] = np.empty(len(found), dtype=object)
    array[:] = found
    return array


def texts_of(array: NDArray[Any]) -> NDArray[Any]:
    """Return BYTES as text, where all of them are; an image stays what it is, and numbers too."""
    import numpy as np

    if array.dtype.kind != "O":
        return array
    try:
        values = [item.decode() if isinstance(item, bytes) else item for item in array.ravel().tolist()]
    except UnicodeDecodeError:
        return array
    texts: NDArray[Any] = np.empty(len(values), dtype=object)
    texts[:] = values
    return texts.reshape(array.shape)


def datatype(array: NDArray[Any]) -> str:
    """Return what an array is called in the protocol.

    Raises
    ------
    NotSupported
        When it holds what the protocol has no word for.
    """
    kind = NAMES.get(array.dtype.str.lstrip("<|=>"))
    if kind is not None and kind != "BYTES":
        return kind
    if array.dtype.kind not in "OUSM" or any(isinstance(item, list | dict | tuple) for item in array.flat):
        raise NotSupported(
            "the model's answer has no form in this dialect", hint="ask /invocations or /predict, which carry any value"
        )
    return "BYTES"


def to_json(array: NDArray[Any], kind: str) -> Any:
    """Return the flat values, for orjson."""
    import numpy as np

    if kind == "BYTES":
        return [item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item) for item in array.ravel().tolist()]
    plain = array.astype("f4") if kind == "FP16" else array
    return np.ascontiguousarray(plain, dtype=plain.dtype.newbyteorder("=")).ravel()


def to_raw(array: NDArray[Any], kind: str) -> memoryview | bytes:
    """Return the bytes of an array, not copied when they lie in the right order."""
    import numpy as np

    if kind == "BYTES":
        values = [item if isinstance(item, bytes) else str(item).encode() for item in array.ravel().tolist()]
        return b"".join(part for value in values for part in (_LENGTH.pack(len(value)), value))
    flat: Any = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(-1)
    return memoryview(flat).cast("B") if flat.size else b""
