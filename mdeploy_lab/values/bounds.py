"""What a stream may not do: claim more than its bytes hold. Compression, null columns and runs blow up a thousandfold."""

from __future__ import annotations

import struct
from typing import Any

from mdeploy_lab.errors import InvalidInput

SLACK = 1024
"""Rows that a stream of any size may have."""
MAX_RANGE = 100_000_000

_RECORD_BATCH = 3
_DICTIONARY_BATCH = 2


def refuse_compressed(reader: Any) -> None:
    """Refuse a stream with a compressed message.

    Raises
    ------
    InvalidInput
        When a message says that its body is compressed.
    """
    while True:
        try:
            message = reader.read_next_message()
        except StopIteration:
            return
        if _is_compressed(bytes(message.metadata)):
            raise InvalidInput("compressed Arrow streams are not taken", hint="write the stream without compression")


def refuse_expanding(table: Any, size: int) -> None:
    """Refuse a table with more values than ``size`` bytes can hold; a value has at least one bit.

    Raises
    ------
    InvalidInput
        When a column is longer, or of a type whose values need no bytes inside another.
    """
    import pyarrow as pa

    if table.num_rows > 8 * size + SLACK or any(_hollow(field.type, pa) for field in table.schema):
        raise InvalidInput("the stream says that it has more values than it carries", hint="write plain columns")


def _hollow(kind: Any, pa: Any) -> bool:
    children = [kind.field(i).type for i in range(kind.num_fields)]
    if pa.types.is_dictionary(kind):
        children.append(kind.value_type)
    return any(
        pa.types.is_null(child)
        or pa.types.is_run_end_encoded(child)
        or (pa.types.is_fixed_size_binary(child) and child.byte_width == 0)
        or (pa.types.is_struct(child) and child.num_fields == 0)
        or _hollow(child, pa)
        for child in children
    )


def _is_compressed(metadata: bytes) -> bool:
    """Read the flatbuffer of a message (Arrow's Message.fbs) as far as the field ``compression`` of its record batch."""
    root = struct.unpack_from("<I", metadata, 0)[0]
    kind_at, header_at = _field(metadata, root, 1), _field(metadata, root, 2)
    if not kind_at or not header_at:
        return False
    kind, header = metadata[kind_at], _follow(metadata, header_at)
    if kind == _DICTIONARY_BATCH:
        data_at = _field(metadata, header, 1)
        return bool(data_at) and bool(_field(metadata, _follow(metadata, data_at), 3))
    return kind == _RECORD_BATCH and bool(_field(metadata, header, 3))


def _field(data: bytes, table: int, index: int) -> int:
    """Return where a table's field lies, 0 when it is absent."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    size = struct.unpack_from("<H", data, vtable)[0]
    slot = 4 + 2 * index
    offset = struct.unpack_from("<H", data, vtable + slot)[0] if slot + 2 <= size else 0
    return table + offset if offset else 0


def _follow(data: bytes, at: int) -> int:
    return int(at + struct.unpack_from("<I", data, at)[0])
