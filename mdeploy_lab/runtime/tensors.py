"""Named tensors (of the Open Inference Protocol) and what a model takes and gives: arrays, dicts of arrays, tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mdeploy_lab.runtime.problems import BadInput, NotSupported
from mdeploy_lab.runtime.schema import json_type, type_name

DATATYPES: Mapping[str, str] = {
    "BOOL": "?",
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
    "BYTES": "O",
}
_NAMES = {code: name for name, code in DATATYPES.items()}
_COLUMNS = {
    "boolean": "BOOL",
    "integer": "INT32",
    "long": "INT64",
    "float": "FP32",
    "double": "FP64",
}
MAX_ELEMENTS = 1_000_000_000


def datatype_of(spec: Any) -> str:
    """Return the protocol's name for a column's or tensor's type; what it does not have is BYTES."""
    if getattr(spec, "shape", None) is not None:
        return _NAMES.get(spec.type.str.lstrip("<|="), "BYTES")
    return _COLUMNS.get(getattr(spec.type, "name", ""), "BYTES")


def read_tensor(tensor: Any) -> tuple[str, Any]:
    """Return the name and the array of one JSON tensor."""
    import numpy as np

    name, kind, shape, data = _fields(tensor)
    if kind == "BYTES":
        flat = _flatten(data)
        if not all(isinstance(item, str) for item in flat):
            raise BadInput(f"the values of {name!r} must be strings", field=name, expected="BYTES")
        array: Any = np.array(flat, dtype=object)
    else:
        array = _numbers(name, kind, data)
    if array.size != math.prod(shape):
        raise BadInput(
            f"the data of {name!r} has {array.size} values, and its shape holds {math.prod(shape)}",
            hint="shape and data must fit",
            field=name,
        )
    return name, array.reshape(shape)


def _fields(tensor: Any) -> tuple[str, str, list[int], Any]:
    if not isinstance(tensor, dict):
        raise BadInput(f"an input must be an object, and one is {json_type(tensor)}", field="inputs")
    name, kind, shape = tensor.get("name"), tensor.get("datatype"), tensor.get("shape")
    if not isinstance(name, str):
        raise BadInput("an input has no name", hint="give every input a name", field="inputs")
    parameters = tensor.get("parameters")
    if isinstance(parameters, dict) and any(key.startswith(("binary_data", "shared_memory")) for key in parameters):
        raise NotSupported("binary tensors and shared memory are not offered", hint="send the data as JSON")
    if not isinstance(kind, str) or kind not in DATATYPES:
        raise BadInput(f"the datatype of {name!r} is not known", hint=f"one of {', '.join(DATATYPES)}", field=name)
    sizes_fit = isinstance(shape, list) and all(type(size) is int and 0 <= size <= MAX_ELEMENTS for size in shape)
    if not sizes_fit:
        raise BadInput(f"the shape of {name!r} must be an array of sizes", field=name, expected="array of integers")
    if "data" not in tensor:
        raise BadInput(f"the input {name!r} has no data", hint="send the data as JSON", field=name)
    return name, kind, shape if isinstance(shape, list) else [], tensor["data"]


def _flatten(data: Any) -> list[Any]:
    flat: list[Any] = []
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item))
        else:
            flat.append(item)
    return flat


def _numbers(name: str, kind: str, data: Any) -> Any:
    import numpy as np

    flat = _flatten(data)
    wanted = np.dtype(DATATYPES[kind])
    allowed = {"b": (bool,), "i": (int,), "u": (int,), "f": (int, float, type(None))}[wanted.kind]
    for item in flat:
        if not isinstance(item, allowed) or (isinstance(item, bool) and wanted.kind != "b"):
            raise BadInput(f"the values of {name!r} must be {kind}, and one is {json_type(item)}", field=name, expected=kind)
    try:
        with np.errstate(over="ignore"):
            return np.array(flat, dtype=wanted)
    except OverflowError:
        raise BadInput(f"a value of {name!r} is too large for {kind}", field=name, expected=kind) from None


def inputs_for(tensors: dict[str, Any], schema: Any) -> Any:
    """Return what the model takes: by the signature, else one array, a table of columns, or a dict."""
    import numpy as np
    import pandas as pd

    if schema is None:
        if len(tensors) == 1:
            return next(iter(tensors.values()))
        if all(tensor.ndim == 1 or tensor.shape[1:] == (1,) for tensor in tensors.values()):
            return _frame(tensors)
        return tensors
    if schema.is_tensor_spec():
        return _tensors(tensors, schema)
    names = schema.input_names() if schema.has_input_names() else None
    only = next(iter(tensors.values()))
    if len(tensors) == 1 and only.ndim == 2 and only.shape[1] == len(schema.inputs):  # noqa: PLR2004  # a matrix
        columns = names if names is not None else range(only.shape[1])
        if names is None or next(iter(tensors)) not in names or len(names) == 1:
            frame = pd.DataFrame(only, columns=list(columns))
            return _typed(frame, schema, {spec.name or i: only.dtype for i, spec in enumerate(schema.inputs)})
    if names is None:
        width = len(schema.inputs)
        raise BadInput("this model takes one matrix", hint=f"send one input of shape [rows, {width}]", expected="one input")
    unknown = [name for name in tensors if name not in names]
    if unknown:
        raise BadInput("the model has no input of this name", hint=f"it has: {', '.join(names)}", field=unknown[0])
    frame = _frame(tensors)
    return _typed(frame, schema, {name: np.asarray(tensor).dtype for name, tensor in tensors.items()})


def _frame(tensors: Mapping[str, Any]) -> Any:
    import pandas as pd

    lengths = set()
    for name, tensor in tensors.items():
        if tensor.ndim == 0 or tensor.size != tensor.shape[0]:
            raise BadInput(f"the input {name!r} must have one value for each row", field=name, expected="shape [rows]")
        lengths.add(tensor.shape[0])
    if len(lengths) > 1:
        raise BadInput("the inputs differ in their number of rows", hint="send the same number of values for each")
    return pd.DataFrame({name: tensor.reshape(-1) for name, tensor in tensors.items()})


def _typed(frame: Any, schema: Any, dtypes: Mapping[Any, Any]) -> Any:
    """Return the frame in the signature's types where that loses nothing that JSON had."""
    from mlflow.exceptions import MlflowException
    from mlflow.utils.proto_json_utils import cast_df_types_according_to_schema

    for i, spec in enumerate(schema.inputs):
        found = dtypes.get(spec.name or i)
        numpy_type = getattr(spec.type, "to_numpy", None)
        if found is None or numpy_type is None:
            continue
        wanted, kind = numpy_type().kind, found.kind
        fits = (wanted in "iu" and kind in "iu") or (wanted == "f" and kind in "iuf") or (wanted == kind)
        if not (fits or (wanted in "OSUM" and kind == "O")):
            raise BadInput(
                f"the input {spec.name or i!r} must be {datatype_of(spec)}",
                field=str(spec.name or i),
                expected=f"{datatype_of(spec)} ({type_name(spec)})",
            )
    try:
        return cast_df_types_according_to_schema(frame, schema)
    except MlflowException:
        raise BadInput("a value does not have the type of the signature", hint="see the model's metadata") from None


def _tensors(tensors: dict[str, Any], schema: Any) -> Any:
    if not schema.has_input_names():
        if len(tensors) != 1:
            raise BadInput("this model takes one tensor", hint="send one input")
        return _cast(next(iter(tensors.items())), schema.inputs[0])
    named = schema.input_dict()
    unknown = [name for name in tensors if name not in named]
    if unknown:
        raise BadInput("the model has no input of this name", hint=f"it has: {', '.join(named)}", field=unknown[0])
    return {name: _cast((name, tensor), named[name]) for name, tensor in tensors.items()}


def _cast(item: tuple[str, Any], spec: Any) -> Any:
    """Return a tensor in the signature's dtype; JSON numbers have no width of their own."""
    name, tensor = item
    if tensor.dtype == spec.type:
        return tensor
    same = tensor.dtype.kind == spec.type.kind
    if same or (spec.type.kind == "f" and tensor.dtype.kind in "iu") or (spec.type.kind in "SUO" and tensor.dtype.kind == "O"):
        return tensor.astype(spec.type)
    raise BadInput(f"the input {name!r} must be {datatype_of(spec)}", field=name, expected=datatype_of(spec))


def write_outputs(outputs: Any, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return a model's answer as JSON tensors: a table's columns or a dict's entries one each, anything else as one."""
    import numpy as np
    import pandas as pd

    if isinstance(outputs, pd.DataFrame):
        return [_write(str(name), outputs.iloc[:, i].to_numpy()) for i, name in enumerate(outputs.columns)]
    if isinstance(outputs, pd.Series):
        return [_write(str(outputs.name or names[0]), outputs.to_numpy())]
    if isinstance(outputs, dict):
        return [_write(str(name), np.asarray(value)) for name, value in outputs.items()]
    if isinstance(outputs, list) and outputs and all(isinstance(row, dict) for row in outputs):
        return write_outputs(pd.DataFrame(outputs), names)
    dense = outputs.toarray() if callable(getattr(outputs, "toarray", None)) else outputs
    return [_write(names[0], np.asarray(dense))]


def _write(name: str, array: Any) -> dict[str, Any]:
    kind = _NAMES.get(array.dtype.str.lstrip("<|=>"))
    if kind is None or kind == "BYTES":
        flat = array.ravel().tolist()
        if array.dtype.kind not in "OUSM" or any(isinstance(item, list | dict | tuple) for item in flat):
            raise NotSupported(
                "the model's answer has no form in this dialect", hint="ask /invocations or /predict, which carry any value"
            )
        return {"name": name, "datatype": "BYTES", "shape": list(array.shape), "data": [_text(item) for item in flat]}
    return {"name": name, "datatype": kind, "shape": list(array.shape), "data": array.ravel()}


def _text(item: Any) -> str:
    return item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)
