"""The messages of the Open Inference Protocol's gRPC service, described here instead of generated, and gRPC's framing of one.

Source: the protocol's own ``open_inference_grpc.proto`` (package ``inference``); field numbers are its contract. The
descriptors live in a pool of their own, so that a model that uses a client of the same protocol does not meet them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from mdeploy_lab.runtime.problems import BadInput

PACKAGE = "inference"
FRAME = struct.Struct(">BI")
"""Before each message: whether it is compressed, and its length."""

_PARAMETERS = "map:InferParameter"
_MESSAGES: dict[str, tuple[tuple[str, int, str], ...]] = {
    "ServerLiveRequest": (),
    "ServerLiveResponse": (("live", 1, "bool"),),
    "ServerReadyRequest": (),
    "ServerReadyResponse": (("ready", 1, "bool"),),
    "ModelReadyRequest": (("name", 1, "string"), ("version", 2, "string")),
    "ModelReadyResponse": (("ready", 1, "bool"),),
    "ServerMetadataRequest": (),
    "ServerMetadataResponse": (("name", 1, "string"), ("version", 2, "string"), ("extensions", 3, "*string")),
    "ModelMetadataRequest": (("name", 1, "string"), ("version", 2, "string")),
    "TensorMetadata": (("name", 1, "string"), ("datatype", 2, "string"), ("shape", 3, "*int64")),
    "ModelMetadataResponse": (
        ("name", 1, "string"),
        ("versions", 2, "*string"),
        ("platform", 3, "string"),
        ("inputs", 4, "*TensorMetadata"),
        ("outputs", 5, "*TensorMetadata"),
    ),
    "InferParameter": (
        ("bool_param", 1, "|bool"),
        ("int64_param", 2, "|int64"),
        ("string_param", 3, "|string"),
        ("double_param", 4, "|double"),
        ("uint64_param", 5, "|uint64"),
    ),
    "InferTensorContents": (
        ("bool_contents", 1, "*bool"),
        ("int_contents", 2, "*int32"),
        ("int64_contents", 3, "*int64"),
        ("uint_contents", 4, "*uint32"),
        ("uint64_contents", 5, "*uint64"),
        ("fp32_contents", 6, "*float"),
        ("fp64_contents", 7, "*double"),
        ("bytes_contents", 8, "*bytes"),
    ),
    "InferInputTensor": (
        ("name", 1, "string"),
        ("datatype", 2, "string"),
        ("shape", 3, "*int64"),
        ("parameters", 4, _PARAMETERS),
        ("contents", 5, "InferTensorContents"),
    ),
    "InferRequestedOutputTensor": (("name", 1, "string"), ("parameters", 2, _PARAMETERS)),
    "ModelInferRequest": (
        ("model_name", 1, "string"),
        ("model_version", 2, "string"),
        ("id", 3, "string"),
        ("parameters", 4, _PARAMETERS),
        ("inputs", 5, "*InferInputTensor"),
        ("outputs", 6, "*InferRequestedOutputTensor"),
        ("raw_input_contents", 7, "*bytes"),
    ),
    "InferOutputTensor": (
        ("name", 1, "string"),
        ("datatype", 2, "string"),
        ("shape", 3, "*int64"),
        ("parameters", 4, _PARAMETERS),
        ("contents", 5, "InferTensorContents"),
    ),
    "ModelInferResponse": (
        ("model_name", 1, "string"),
        ("model_version", 2, "string"),
        ("id", 3, "string"),
        ("parameters", 4, _PARAMETERS),
        ("outputs", 5, "*InferOutputTensor"),
        ("raw_output_contents", 6, "*bytes"),
    ),
}
"""Name, number and type of each field: ``*`` is repeated, ``|`` one of several, ``map:`` a map from strings."""

RAW_INPUTS = 7
RAW_OUTPUTS = 6


@lru_cache(maxsize=1)
def _pool() -> Any:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto
    from google.protobuf.descriptor_pool import DescriptorPool

    file = FileDescriptorProto(name="mdeploy/open_inference.proto", package=PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields:
            _add(message, *field)
    pool = DescriptorPool()
    pool.Add(file)
    return pool


def _add(message: Any, name: str, number: int, kind: str) -> None:
    field = message.field.add(name=name, number=number)
    field.label = field.LABEL_REPEATED if kind[0] == "*" or kind.startswith("map:") else field.LABEL_OPTIONAL
    if kind[0] == "|":
        if not message.oneof_decl:
            message.oneof_decl.add(name="parameter_choice")
        field.oneof_index = 0
    if kind.startswith("map:"):
        entry = message.nested_type.add(name="".join(part.title() for part in name.split("_")) + "Entry")
        entry.options.map_entry = True
        _add(entry, "key", 1, "string")
        _add(entry, "value", 2, kind[4:])
        field.type, field.type_name = field.TYPE_MESSAGE, f".{PACKAGE}.{message.name}.{entry.name}"
        return
    plain = kind.lstrip("*|")
    if plain in _MESSAGES:
        field.type, field.type_name = field.TYPE_MESSAGE, f".{PACKAGE}.{plain}"
    else:
        field.type = getattr(field, f"TYPE_{plain.upper()}")


@lru_cache(maxsize=len(_MESSAGES))
def message(name: str) -> Any:
    """Return the class of a message."""
    from google.protobuf import message_factory

    descriptor = _pool().FindMessageTypeByName(f"{PACKAGE}.{name}")
    make = getattr(message_factory, "GetMessageClass", None)  # not in the versions that older TensorFlows need
    return make(descriptor) if make is not None else message_factory.MessageFactory(_pool()).GetPrototype(descriptor)


def read(name: str, body: bytes | memoryview) -> Any:
    """Return a message.

    Raises
    ------
    BadInput
        When the bytes are no such message.
    """
    from google.protobuf.message import DecodeError

    try:
        return message(name).FromString(bytes(body))
    except DecodeError:
        raise BadInput(f"the message is no {name}", hint=f"send {PACKAGE}.{name} of the Open Inference Protocol") from None


def split(body: memoryview, number: int) -> tuple[bytes | memoryview, list[memoryview]]:
    """Return a message without its bytes fields of that number, and those fields, which are not copied.

    Tensors travel so; a parser would copy each twice.
    """
    rest: list[memoryview] = []
    found: list[memoryview] = []
    at = kept = 0
    wanted = number << 3 | 2
    while at < len(body):
        begin = at
        tag, at = _varint(body, at)
        kind = tag & 7
        if kind == 2:  # noqa: PLR2004  # length and bytes
            size, at = _varint(body, at)
            at += size
            if tag == wanted and at <= len(body):
                found.append(body[at - size : at])
                rest.append(body[kept:begin])
                kept = at
        elif kind == 0:
            _, at = _varint(body, at)
        else:
            at += {1: 8, 5: 4}.get(kind, len(body))
    return (body if not found else b"".join([*rest, body[kept:]])), found


def _varint(body: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(body) or shift > 63:  # noqa: PLR2004  # bits
            raise BadInput("the message is cut off or is no protobuf", hint=f"send a message of the package {PACKAGE}")
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  # the last one
            return value, at
        shift += 7


def joined(head: bytes, number: int, parts: Sequence[bytes | memoryview]) -> list[bytes | memoryview]:
    """Return the pieces of a message that has these bytes fields after what is in ``head``."""
    pieces: list[bytes | memoryview] = [head]
    for part in parts:
        size = part.nbytes if isinstance(part, memoryview) else len(part)
        pieces += [_written(number << 3 | 2) + _written(size), part]
    return pieces


def _written(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004  # seven bits
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
