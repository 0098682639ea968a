"""Named tensors (of the Open Inference Protocol) and what a model takes and gives: arrays, dicts of arrays, tables."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mdeploy_lab.runtime.dialect import Call
from mdeploy_lab.runtime.problems import BadInput
from mdeploy_lab.runtime.schema import type_name
from mdeploy_lab.runtime.tensor_data import NAMES, texts_of
from mdeploy_lab.runtime.tensor_plan import read_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mdeploy_lab.runtime.loader import ServedModel

Tensors = dict[str, Any]

_COLUMNS = {
    "boolean": "BOOL",
    "integer": "INT32",
    "long": "INT64",
    "float": "FP32",
    "double": "FP64",
}


def datatype_of(spec: Any) -> str:
    """Return the protocol's name for a column's or tensor's type; what it does not have is BYTES."""
    if getattr(spec, "shape", None) is not None:
        return NAMES.get(spec.type.str.lstrip("<|="), "BYTES")
    return _COLUMNS.get(getattr(spec.type, "name", ""), "BYTES")


def call_for(tensors: Tensors, model: ServedModel, params: dict[str, Any] | None, extra: Any) -> Call:
    """Return what the model is asked: a matrix where it has a short way for one, else what its signature wants."""
    if model.plan is not None and not params:
        matrix = read_matrix(tensors, model.plan.reader)
        if matrix is not None:
            return Call(None, extra=extra, matrix=owned(matrix, model))
    return Call(inputs_for(tensors, model), params, extra)


def inputs_for(tensors: Tensors, model: ServedModel) -> Any:
    """Return what the model takes: by the signature, else one array, a table of columns, or a dict."""
    schema = model.input_schema
    if schema is None:
        own = {name: owned(texts_of(tensor), model) for name, tensor in tensors.items()}
        if len(own) == 1:
            return next(iter(own.values()))
        if all(tensor.ndim == 1 or tensor.shape[1:] == (1,) for tensor in own.values()):
            return _frame(own)
        return own
    return _tensors(tensors, model) if schema.is_tensor_spec() else _table(tensors, schema)


def owned(tensor: Any, model: ServedModel) -> Any:
    """Return an array that the model may use: aligned, and for a user's own code one that it may write to."""
    loader = model.pyfunc.loader_module
    theirs = loader.startswith("mlflow.pyfunc") or not loader.startswith("mlflow.")
    return tensor.copy() if not tensor.flags.aligned or (theirs and not tensor.flags.writeable) else tensor


def _table(tensors: Tensors, schema: Any) -> Any:
    import pandas as pd

    names = schema.input_names() if schema.has_input_names() else None
    only = next(iter(tensors.values()))
    if len(tensors) == 1 and only.ndim == 2 and only.shape[1] == len(schema.inputs):  # noqa: PLR2004  # a matrix
        columns = names if names is not None else range(only.shape[1])
        if names is None or next(iter(tensors)) not in names or len(names) == 1:
            frame = pd.DataFrame(texts_of(only), columns=list(columns))
            return _typed(frame, schema, {spec.name or i: only.dtype for i, spec in enumerate(schema.inputs)})
    if names is None:
        width = len(schema.inputs)
        raise BadInput("this model takes one matrix", hint=f"send one input of shape [rows, {width}]", expected="one input")
    unknown = [name for name in tensors if name not in names]
    if unknown:
        raise BadInput("the model has no input of this name", hint=f"it has: {', '.join(names)}", field=unknown[0])
    binary = {spec.name for spec in schema.inputs if getattr(spec.type, "name", "") == "binary"}
    columns = {name: _encoded(tensor) if name in binary else texts_of(tensor) for name, tensor in tensors.items()}
    return _typed(_frame(columns), schema, {name: tensor.dtype for name, tensor in tensors.items()})


def _encoded(tensor: Any) -> Any:
    """Return raw bytes as JSON has them, because MLflow decodes a binary column."""
    import numpy as np

    if tensor.dtype.kind != "O":
        return tensor
    texts: NDArray[Any] = np.empty(tensor.size, dtype=object)
    texts[:] = [base64.b64encode(item).decode() if isinstance(item, bytes) else item for item in tensor.ravel()]
    return texts.reshape(tensor.shape)


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


def _tensors(tensors: Tensors, model: ServedModel) -> Any:
    schema = model.input_schema
    if not schema.has_input_names():
        if len(tensors) != 1:
            raise BadInput("this model takes one tensor", hint="send one input")
        return owned(_cast(next(iter(tensors.items())), schema.inputs[0]), model)
    named = schema.input_dict()
    unknown = [name for name in tensors if name not in named]
    if unknown:
        raise BadInput("the model has no input of this name", hint=f"it has: {', '.join(named)}", field=unknown[0])
    return {name: owned(_cast((name, tensor), named[name]), model) for name, tensor in tensors.items()}


def _cast(item: tuple[str, Any], spec: Any) -> Any:
    """Return a tensor in the signature's dtype; JSON numbers have no width of their own."""
    name, tensor = item
    if tensor.dtype.kind == "O":
        tensor = texts_of(tensor)
    if tensor.dtype == spec.type:
        return tensor
    same = tensor.dtype.kind == spec.type.kind
    if same or (spec.type.kind == "f" and tensor.dtype.kind in "iu") or (spec.type.kind in "SUO" and tensor.dtype.kind == "O"):
        return tensor.astype(spec.type)
    raise BadInput(f"the input {name!r} must be {datatype_of(spec)}", field=name, expected=datatype_of(spec))


def outputs_of(outputs: Any, names: Sequence[str]) -> Tensors:
    """Return a model's answer as named arrays: a table's columns or a dict's entries one each, anything else as one."""
    import numpy as np
    import pandas as pd

    if isinstance(outputs, pd.DataFrame):
        return {str(name): outputs.iloc[:, i].to_numpy() for i, name in enumerate(outputs.columns)}
    if isinstance(outputs, pd.Series):
        return {str(outputs.name or names[0]): outputs.to_numpy()}
    if isinstance(outputs, dict):
        return {str(name): np.asarray(value) for name, value in outputs.items()}
    if isinstance(outputs, list) and outputs and all(isinstance(row, dict) for row in outputs):
        return outputs_of(pd.DataFrame(outputs), names)
    dense = outputs.toarray() if callable(getattr(outputs, "toarray", None)) else outputs
    return {names[0]: np.asarray(dense)}
