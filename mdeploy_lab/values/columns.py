"""One-dimensional arrays of numpy and pandas as Arrow arrays, with what it takes to get the very same dtype back.

``pack`` returns an Arrow array and a JSON description; ``unpack`` takes both. Kinds (``t``): ``np`` a numpy dtype that Arrow
has; ``raw`` any other fixed-size numpy dtype, as bytes; ``u`` numpy text; ``str``/``bytes`` objects that are all text or bytes
or None; ``json`` other objects, one tagged JSON document each; ``cat`` categorical; ``text`` pandas' strings; ``ext`` a pandas
extension type that converts itself; ``period`` and ``interval``; ``sparse`` pandas' sparse columns.
"""

from __future__ import annotations

import json
from typing import Any

ARROW_KINDS = "iufb"
ARROW_UNITS = ("s", "ms", "us", "ns")


def pack(values: Any) -> tuple[Any, dict[str, Any]]:
    """Return a 1-D numpy or pandas extension array as an Arrow array and its description."""
    import numpy as np

    if isinstance(values, np.ndarray):
        return _pack_objects(values) if values.dtype.kind == "O" else _pack_numpy(values)
    return _pack_extension(values)


def _pack_numpy(values: Any) -> tuple[Any, dict[str, Any]]:
    import numpy as np
    import pyarrow as pa

    dtype = values.dtype
    native = dtype.isnative and dtype.itemsize <= 8  # noqa: PLR2004  # float128 is no Arrow type
    if dtype.kind in ARROW_KINDS and native:
        return pa.array(values), {"t": "np", "dtype": dtype.str}
    if dtype.kind in "mM" and dtype.isnative:
        unit, count = np.datetime_data(dtype)
        if unit in ARROW_UNITS and count == 1:
            return pa.array(values), {"t": "np", "dtype": dtype.str}
    if dtype.kind == "U" and dtype.isnative and not _has_surrogates(values):
        return pa.array(values.tolist(), pa.large_string()), {"t": "u", "dtype": dtype.str}
    if dtype.hasobject or dtype.kind == "T":
        return _pack_objects(values.astype(object))
    packed = np.ascontiguousarray(values)
    size = max(1, dtype.itemsize)
    if dtype.itemsize == 0:
        packed = np.zeros(len(values), "u1")
    described = json.loads(json.dumps(np.lib.format.dtype_to_descr(dtype)))
    buffers = [None, pa.py_buffer(packed.view("u1").tobytes() if dtype.itemsize else packed.tobytes())]
    return pa.Array.from_buffers(pa.binary(size), len(values), buffers), {"t": "raw", "dtype": described}


def _has_surrogates(values: Any) -> bool:
    """Return whether numpy text has lone surrogates, which Arrow's UTF-8 cannot hold."""
    from mdeploy_lab.values.tree import surrogates

    return any(surrogates(item) for item in values.tolist())


def _pack_objects(values: Any) -> tuple[Any, dict[str, Any]]:
    import pyarrow as pa

    from mdeploy_lab.values.tree import Packer, surrogates

    items = values.tolist()
    kinds = {type(item) for item in items}
    if kinds <= {str, type(None)} and not any(item is not None and surrogates(item) for item in items):
        return pa.array(items, pa.large_string()), {"t": "str"}
    if kinds <= {bytes, type(None)}:
        return pa.array(items, pa.large_binary()), {"t": "bytes"}
    packer = Packer(inline=True)
    packed = [json.dumps(packer.pack(item), separators=(",", ":")) for item in values]
    return pa.array(packed, pa.large_string()), {"t": "json"}


def _pack_extension(values: Any) -> tuple[Any, dict[str, Any]]:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    dtype = values.dtype
    if isinstance(dtype, np.dtype):
        return pack(values.to_numpy())
    for kind, packer in (
        (pd.CategoricalDtype, _pack_categories),
        (pd.DatetimeTZDtype, _pack_zone),
        (pd.IntervalDtype, _pack_interval),
        (pd.SparseDtype, _pack_sparse),
    ):
        if isinstance(dtype, kind):
            return packer(values)
    if isinstance(dtype, pd.PeriodDtype):
        return pa.array(values.asi8), {"t": "period", "dtype": dtype.name}
    said = {"t": "ext", "dtype": str(dtype)}
    if isinstance(dtype, pd.ArrowDtype):
        said = {"t": "arrow"}
    elif isinstance(dtype, pd.StringDtype):
        said = {"t": "text", "storage": dtype.storage, "na": "nan" if isinstance(dtype.na_value, float) else "NA"}
    return _plain_array(pa.array(values)), said


def _pack_zone(values: Any) -> tuple[Any, dict[str, Any]]:
    import pyarrow as pa

    moments = pa.array(values.tz_convert(None).to_numpy()).cast(pa.timestamp(values.dtype.unit, "UTC"))
    return moments, {"t": "zone", "unit": values.dtype.unit, "tz": str(values.dtype.tz)}


def _pack_interval(values: Any) -> tuple[Any, dict[str, Any]]:
    import numpy as np
    import pyarrow as pa

    left, of = pack(index_values(values.left))
    right, _ = pack(index_values(values.right))
    flags = pa.array(np.asarray(values.isna()))
    struct = pa.StructArray.from_arrays([left, right, flags], ["left", "right", "missing"])
    return struct, {"t": "interval", "closed": values.dtype.closed, "of": of}


def _pack_sparse(values: Any) -> tuple[Any, dict[str, Any]]:
    import numpy as np

    inner, of = pack(np.asarray(values))
    fill = values.dtype.fill_value
    fill = fill.item() if hasattr(fill, "item") else fill
    return inner, {"t": "sparse", "of": of, "fill": fill, "dtype": values.dtype.subtype.str}


def _pack_categories(values: Any) -> tuple[Any, dict[str, Any]]:
    import numpy as np
    import pyarrow as pa

    from mdeploy_lab.values.tree import Packer

    categories = index_values(values.dtype.categories)
    inner, said = pack(categories)
    codes = np.asarray(values.codes)
    array = pa.DictionaryArray.from_arrays(pa.array(codes.astype("i4"), mask=codes < 0), inner, safe=False)
    described = {"t": "cat", "ordered": bool(values.dtype.ordered), "of": said}
    if not len(values):  # a stream without rows carries no dictionary
        described["all"] = Packer(inline=True).part(categories)
    return array, described


def _plain_array(array: Any) -> Any:
    import pyarrow as pa

    return pa.concat_arrays(array.chunks) if isinstance(array, pa.ChunkedArray) else array


def index_values(index: Any) -> Any:
    """Return the values of an index or a series, as a numpy or extension array, unconverted."""
    import numpy as np

    return index.to_numpy() if isinstance(index.dtype, np.dtype) else index.array


def unpack(array: Any, said: dict[str, Any]) -> Any:
    """Return the numpy or pandas array that ``pack`` took; writable."""
    reader = _READERS.get(said["t"])
    if reader is None:
        raise ValueError(f"a column of kind {said['t']!r} is not known")
    return reader(array, said)


def _numpy(array: Any, said: dict[str, Any]) -> Any:
    import numpy as np

    dtype = np.dtype(said["dtype"])
    if dtype.kind not in ARROW_KINDS + "mM":
        raise ValueError("not a plain dtype")
    values = array.to_numpy(zero_copy_only=False)
    if values.dtype != dtype:
        values = values.astype(dtype)
    return values if values.flags.writeable else values.copy()


def _raw(array: Any, said: dict[str, Any]) -> Any:
    import numpy as np

    dtype = np.lib.format.descr_to_dtype(_tuples(said["dtype"]))
    if dtype.hasobject:
        raise ValueError("objects do not travel as bytes")
    if dtype.itemsize == 0:
        return np.zeros(len(array), dtype)
    if array.type.byte_width != dtype.itemsize:
        raise ValueError("the bytes do not fit the dtype")
    buffer = array.buffers()[1]
    start = array.offset * dtype.itemsize
    whole = np.frombuffer(buffer, "u1")[start : start + len(array) * dtype.itemsize]
    return whole.copy().view(dtype)


def _tuples(descr: Any) -> Any:
    """Return numpy's description of a dtype with the tuples that JSON turned into lists."""
    if isinstance(descr, str):
        return descr
    if descr and isinstance(descr[0], list):
        return [(field[0], _tuples(field[1]), *[tuple(extra) for extra in field[2:]]) for field in descr]
    return (_tuples(descr[0]), tuple(descr[1]) if isinstance(descr[1], list) else descr[1])


def _text(array: Any, said: dict[str, Any]) -> Any:
    import numpy as np

    return np.array(array.to_pylist(), dtype=np.dtype(said["dtype"]))


def _objects(array: Any, _said: dict[str, Any]) -> Any:
    return _object_array(array.to_pylist())


def _tagged(array: Any, _said: dict[str, Any]) -> Any:
    from mdeploy_lab.values.tree import Unpacker

    unpacker = Unpacker([])
    return _object_array([unpacker.unpack(json.loads(item)) for item in array.to_pylist()])


def _object_array(items: list[Any]) -> Any:
    import numpy as np

    values: Any = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):  # slice assignment would take nested lists apart
        values[i] = item
    return values


def _categorical(array: Any, said: dict[str, Any]) -> Any:
    import numpy as np
    import pandas as pd

    from mdeploy_lab.values.tree import Unpacker

    codes = np.asarray(array.indices.fill_null(-1))
    found = Unpacker([]).part(said["all"]) if "all" in said else unpack(array.dictionary, said["of"])
    categories = pd.Index(found, dtype=found.dtype, tupleize_cols=False)
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(categories, bool(said["ordered"])))


def _period(array: Any, said: dict[str, Any]) -> Any:
    import numpy as np
    import pandas as pd

    dtype = pd.PeriodDtype(str(said["dtype"]).removeprefix("period[").removesuffix("]"))
    return pd.PeriodIndex.from_ordinals(np.asarray(array), freq=dtype.freq).array


def _interval(array: Any, said: dict[str, Any]) -> Any:
    import numpy as np
    import pandas as pd

    left, right = (pd.Index(unpack(array.field(i), said["of"])) for i in (0, 1))
    values = pd.arrays.IntervalArray.from_arrays(left, right, closed=said["closed"])
    missing = np.asarray(array.field(2))
    if missing.any():
        values[missing] = None
    return values


def _zone(array: Any, said: dict[str, Any]) -> Any:
    import pandas as pd

    moments = array.cast("int64").fill_null(-(2**63)).to_numpy().copy().view(f"M8[{said['unit']}]")
    return pd.DatetimeIndex(moments).tz_localize("UTC").tz_convert(said["tz"]).array


def _sparse(array: Any, said: dict[str, Any]) -> Any:
    import pandas as pd

    return pd.arrays.SparseArray(unpack(array, said["of"]), dtype=pd.SparseDtype(said["dtype"], said["fill"]))


def _string(array: Any, said: dict[str, Any]) -> Any:
    import numpy as np
    import pandas as pd

    missing = np.nan if said["na"] == "nan" else pd.NA
    return pd.StringDtype(said["storage"], na_value=missing).__from_arrow__(array)


def _arrow(array: Any, _said: dict[str, Any]) -> Any:
    import pandas as pd

    return pd.ArrowDtype(array.type).__from_arrow__(array)


def _extension(array: Any, said: dict[str, Any]) -> Any:
    import pandas as pd

    return pd.api.types.pandas_dtype(said["dtype"]).__from_arrow__(array)


_READERS = {
    "np": _numpy,
    "raw": _raw,
    "u": _text,
    "str": _objects,
    "bytes": _objects,
    "json": _tagged,
    "cat": _categorical,
    "zone": _zone,
    "period": _period,
    "interval": _interval,
    "sparse": _sparse,
    "text": _string,
    "arrow": _arrow,
    "ext": _extension,
}
