"""The model's signature in words and examples, and why a body does not fit it, never repeating the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mdeploy_lab.runtime.problems import BadInput

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")

OTHERS = (
    ({"requestData", "requestParams"}, "Foundry", "/transform"),
    ({"input_df"}, "Foundry", "/transform/v2"),
    ({"strData", "binData", "jsonData", "data"}, "PrimeHub and Seldon", "/api/v1.0/predictions"),
    ({"instances"}, "TensorFlow Serving", "/v1/models/m:predict"),
    ({"examples"}, "TensorFlow Serving", "/v1/models/m:classify"),
    ({"dataframe_split", "dataframe_records"}, "MLflow", "/invocations"),
)
"""Keys that a body of a dialect has, and where it belongs."""

_SAMPLES: Mapping[str, Any] = {
    "boolean": True,
    "integer": 1,
    "long": 1,
    "float": 1.5,
    "double": 1.5,
    "string": "text",
    "binary": "AA==",
    "datetime": "2026-01-31T12:00:00",
}

_PYTHON: Mapping[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "string": (str,),
    "binary": (str,),
    "datetime": (str, int),
}


def type_name(spec: Any) -> str:
    """Return the plain name of a column's or tensor's type, such as ``double`` or ``float32[-1, 4]``."""
    shape = getattr(spec, "shape", None)
    if shape is not None:
        return f"{spec.type}{list(shape)}"
    name = getattr(spec.type, "name", None)
    return str(name) if name else str(spec.type)


def expected(schema: Any) -> str:
    """Return all fields of a schema in one line: ``sepal length (double), colour (string)``."""
    if schema is None:
        return "anything the model accepts"
    parts = [f"{spec.name or '#' + str(i)} ({type_name(spec)})" for i, spec in enumerate(schema.inputs)]
    shown = ", ".join(parts[:12])
    return shown if len(parts) <= 12 else f"{shown} and {len(parts) - 12} more"  # noqa: PLR2004  # what fits a line


def sample_value(spec: Any) -> Any:
    """Return one value that fits a column or tensor."""
    shape = getattr(spec, "shape", None)
    if shape is not None:
        return _tensor(shape, spec.type)
    return _sample_of(spec.type)


def _sample_of(kind: Any) -> Any:
    inner = getattr(kind, "dtype", None)
    if type(kind).__name__ == "Array":
        return [_sample_of(inner)]
    if type(kind).__name__ == "Object":
        return {p.name: _sample_of(p.dtype) for p in kind.properties}
    if type(kind).__name__ == "Map":
        return {"key": _sample_of(kind.value_type)}
    return _SAMPLES.get(getattr(kind, "name", ""), "text")


def _tensor(shape: Sequence[int], dtype: Any) -> Any:
    value: Any = {"b": True, "U": "text", "S": "text", "O": "text", "f": 1.5}.get(dtype.kind, 1)
    for size in reversed(shape):
        value = [value] * (1 if size < 0 else min(size, 1024))
    return value


def example_body(model: Any) -> dict[str, Any]:
    """Return a body for ``/invocations``: the model's own example, else one made from the signature."""
    if model.example_body is not None:
        return dict(model.example_body)
    schema = model.input_schema
    if schema is None:
        return {"inputs": [[1.5, 2.5]]}
    if schema.is_tensor_spec():
        if schema.has_input_names():
            return {"inputs": {spec.name: sample_value(spec) for spec in schema.inputs}}
        return {"inputs": sample_value(schema.inputs[0])}
    if not schema.has_input_names():
        return {"dataframe_split": {"data": [[sample_value(spec) for spec in schema.inputs]]}}
    names = [spec.name for spec in schema.inputs]
    return {"dataframe_split": {"columns": names, "data": [[sample_value(spec) for spec in schema.inputs]]}}


def diagnose(body: Mapping[str, Any], schema: Any) -> BadInput | None:
    """Return the first reason why a decoded JSON body does not fit the schema, or None when none is found."""
    if schema is None or schema.is_tensor_spec():
        return None
    columns = _columns(body, schema)
    if columns is None:
        return None
    if schema.has_input_names():
        missing = [spec.name for spec in schema.inputs if spec.required and spec.name not in columns]
        if missing:
            return missing_columns(missing, list(columns), schema)
    for index, spec in enumerate(schema.inputs):
        values = columns.get(spec.name if schema.has_input_names() else index)
        problem = None if values is None else _check(spec, index, values)
        if problem is not None:
            return problem
    return None


def meant_for(document: Mapping[str, Any]) -> str:
    """Return what to do with a body that belongs to another dialect, by its keys; empty when it is none that is known."""
    tensors = document.get("inputs")
    if isinstance(tensors, list) and tensors and isinstance(tensors[0], Mapping) and "datatype" in tensors[0]:
        return "this is a body of the Open Inference Protocol: post it to /v2/models/<name>/infer"
    for keys, title, path in OTHERS:
        if keys & document.keys():
            return f"this looks like a body for {title}: post it to {path}"
    return ""


def missing_columns(missing: Sequence[str], got: Sequence[Any], schema: Any) -> BadInput:
    """Return the refusal of an input that lacks columns."""
    positional = bool(got) and all(isinstance(name, int) for name in got)
    shown = ", ".join(repr(name) for name in missing[:8]) + (" …" if len(missing) > 8 else "")  # noqa: PLR2004  # a line
    return BadInput(
        "the values carry no column names, and this model's signature has names"
        if positional
        else f"the input lacks {'a column' if len(missing) == 1 else 'columns'}: {shown}",
        hint=f"send every column by its name: {expected(schema)}",
        field=str(missing[0]),
        expected=next(type_name(spec) for spec in schema.inputs if spec.name == missing[0]),
    )


def _check(spec: Any, index: int, values: Sequence[Any]) -> BadInput | None:
    name = str(spec.name or f"#{index}")
    kind = type_name(spec)
    allowed = _PYTHON.get(kind)
    if allowed is None:
        return None
    for row, value in enumerate(values):
        if value is None:
            if kind in ("integer", "long", "boolean"):
                return BadInput(
                    f"column {name!r} has no value in row {row}, and {kind} columns cannot be empty",
                    hint="send a value, or fit the model with missing values so that the column is a double",
                    field=name,
                    expected=kind,
                    row=row,
                )
            continue
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            return BadInput(
                f"column {name!r} must be {kind}, and row {row} is {json_type(value)}",
                hint=f"send {kind} values for {name!r}",
                field=name,
                expected=kind,
                row=row,
            )
    return None


def json_type(value: Any) -> str:
    """Return the JSON name of a value's type with its article."""
    for kind, name in (
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a number"),
        (str, "a string"),
        (list, "an array"),
        (dict, "an object"),
    ):
        if isinstance(value, kind):
            return name
    return "null" if value is None else type(value).__name__


def _columns(body: Mapping[str, Any], schema: Any) -> dict[Any, list[Any]] | None:
    """Return the values by column name (or position), None when the body's form is not a table's."""
    split = body.get("dataframe_split")
    if isinstance(split, Mapping):
        return _split(split)
    value = next((body[key] for key in ("dataframe_records", "instances", "inputs") if key in body), None)
    if isinstance(value, Mapping):
        return {name: items if isinstance(items, list) else [items] for name, items in value.items()}
    if not isinstance(value, list) or not value:
        return None
    if all(isinstance(row, Mapping) for row in value):
        names = {name: None for row in value for name in row}
        return {name: [row.get(name) for row in value] for name in names}
    if all(isinstance(row, list) for row in value):
        return _positions(value)
    return {(schema.inputs[0].name or 0) if len(schema.inputs) == 1 else 0: value}


def _split(split: Mapping[str, Any]) -> dict[Any, list[Any]] | None:
    data, names = split.get("data"), split.get("columns")
    if not isinstance(data, list) or not all(isinstance(row, list) for row in data):
        return None
    if not isinstance(names, list):
        return _positions(data)
    return {str(name): [row[i] if i < len(row) else None for row in data] for i, name in enumerate(names)}


def _positions(rows: Sequence[Sequence[Any]]) -> dict[Any, list[Any]]:
    width = max((len(row) for row in rows), default=0)
    return {i: [row[i] if i < len(row) else None for row in rows] for i in range(width)}
