"""Python values as one Arrow stream and back: type, dtype, shape, index and container survive the journey.

``encode`` takes a value apart into a tree (JSON, in the schema's metadata under ``mdeploy``) whose leaves are Arrow arrays.
When all arrays have one length, as those of a table, they are the columns of an ordinary Arrow table that any Arrow reader can
use; otherwise each is one cell of a table with one row. A stream without our metadata is read as a DataFrame, so that any Arrow
writer can call.

No code travels: nothing is pickled, and ``decode`` builds only the types named in ``tree.py``.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.values.bounds import refuse_compressed, refuse_expanding

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MEDIA_TYPE", "decode", "encode"]

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
KEY = b"mdeploy"
VERSION = 1


def encode(value: Any) -> bytes:
    """Return ``value`` as an Arrow IPC stream.

    Raises
    ------
    InvalidInput
        When a part of the value is of a type that has no form here.
    """
    import pyarrow as pa

    table = _foreign_table(value)
    if table is None:
        from mdeploy_lab.values.tree import Packer

        packer = Packer()
        tree = packer.pack(value)
        table = _table(tree, packer.parts, packer.names)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def decode(data: bytes | bytearray | memoryview) -> Any:
    """Return the value of an Arrow IPC stream; its arrays are writable and share nothing with ``data``.

    Raises
    ------
    InvalidInput
        When the bytes are no Arrow stream, or not one of ours where they say so.
    """
    import pyarrow as pa

    try:
        refuse_compressed(pa.ipc.MessageReader.open_stream(pa.py_buffer(data)))
        with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
            table = reader.read_all()
        refuse_expanding(table, len(data))
        table.validate()
        said = (table.schema.metadata or {}).get(KEY)
        if said is None:
            return table.to_pandas()
        return _untable(json.loads(said), table)
    except InvalidInput:
        raise
    except (
        pa.ArrowException,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        OSError,
        ArithmeticError,
        struct.error,
    ) as error:
        raise InvalidInput(
            "these bytes are not a readable Arrow stream",
            hint="write them with mdeploy_lab.values.encode, or with any Arrow library as an IPC stream",
            details={"cause": type(error).__name__},
        ) from error
    except RecursionError as error:
        raise InvalidInput("the value is nested too deeply or too large", hint="send a flat table") from error


def _foreign_table(value: Any) -> pa.Table | None:
    """Return a table of another library (Polars, DuckDB, Arrow) as it is; pandas has its own exact form."""
    import pyarrow as pa

    if type(value).__module__.partition(".")[0] == "pandas":
        return None
    if isinstance(value, pa.Table):
        return value
    if callable(getattr(value, "__arrow_c_stream__", None)):
        return pa.table(value)
    return None


def _table(tree: Any, parts: list[Any], names: list[str]) -> pa.Table:
    import pyarrow as pa

    columns = len({len(part) for part in parts}) <= 1
    said = json.dumps({"v": VERSION, "columns": columns, "tree": tree}, separators=(",", ":"))
    if not columns:
        parts = [pa.LargeListArray.from_arrays(pa.array([0, len(part)], pa.int64()), part) for part in parts]
    fields = [pa.field(name.encode("utf-8", "replace").decode(), part.type) for name, part in zip(names, parts, strict=True)]
    return pa.Table.from_arrays(parts, schema=pa.schema(fields, metadata={KEY: said.encode()}))


def _untable(said: Any, table: pa.Table) -> Any:
    from mdeploy_lab.values.tree import Unpacker

    if said["v"] != VERSION:
        raise InvalidInput(
            f"this Arrow stream is of version {said['v']}, and {VERSION} is understood",
            hint="use the same major version of mdeploy_lab on both sides",
        )
    parts = [_one(column) for column in table.columns]
    if not said["columns"]:
        parts = [part.flatten() for part in parts]
    return Unpacker(parts).unpack(said["tree"])


def _one(column: Any) -> Any:
    """Return a chunked column as one array."""
    import pyarrow as pa

    if column.num_chunks == 1:
        return column.chunk(0)
    if column.num_chunks == 0:
        return pa.array([], column.type)
    return pa.concat_arrays(column.chunks)
