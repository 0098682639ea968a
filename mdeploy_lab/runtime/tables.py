"""What the JSON dialects share: rows and named inputs as others send them, brought into a form that MLflow's reader knows.

MLflow decides what a value of a column may be and how it is cast; a dialect only says which value belongs to which column. Rows
without names are taken by position when they are as wide as the signature: clients of these dialects have never sent names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mdeploy_lab.runtime.encoding import jsonable
from mdeploy_lab.runtime.problems import BadInput
from mdeploy_lab.runtime.protocols.invocations import read_document
from mdeploy_lab.runtime.schema import expected, json_type

if TYPE_CHECKING:
    from mdeploy_lab.runtime.dialect import Call
    from mdeploy_lab.runtime.loader import ServedModel


def call_of_rows(
    rows: Any, model: ServedModel, *, field: str, names: Sequence[str] = (), params: Mapping[str, Any] | None = None
) -> Call:
    """Return what the model is asked by rows: lists of values, objects by column, or single values.

    Parameters
    ----------
    rows
        As they came from JSON.
    field
        What the dialect calls them, for what is said of them.
    names
        Columns of rows that are lists; empty: by position.
    params
        For the model's ``params``.

    Raises
    ------
    BadInput
        When they do not fit the signature.
    """
    if not isinstance(rows, list):
        raise BadInput(f"{field} must be an array of rows, and it is {json_type(rows)}", field=field, expected="array")
    document = _document(rows, model, field, names)
    if params:
        document["params"] = dict(params)
    return read_document(document, model)


def call_of_inputs(inputs: Any, model: ServedModel, *, params: Mapping[str, Any] | None = None) -> Call:
    """Return what the model is asked by named inputs, or by one that needs no name."""
    document: dict[str, Any] = {"inputs": inputs}
    schema = model.input_schema
    if schema is not None and not schema.is_tensor_spec() and isinstance(inputs, list):
        return call_of_rows(inputs, model, field="inputs", params=params)
    if params:
        document["params"] = dict(params)
    return read_document(document, model)


def _document(rows: list[Any], model: ServedModel, field: str, names: Sequence[str]) -> dict[str, Any]:
    schema = model.input_schema
    if rows and all(isinstance(row, dict) for row in rows):
        if schema is not None and schema.is_tensor_spec():
            return {"instances": rows}
        return {"dataframe_records": rows}
    if model.typed_by_hints:
        return {"inputs": rows}
    if schema is None:
        return {"dataframe_split": {"columns": list(names), "data": rows}} if names else {"instances": rows}
    if schema.is_tensor_spec():
        return {"instances": rows}
    wanted = schema.input_names() if schema.has_input_names() else []
    width = len(schema.inputs)
    if width == 1 and not any(isinstance(row, list) for row in rows):
        rows = [[row] for row in rows]
    given = list(names) if names and (not wanted or set(wanted) <= set(names)) else wanted
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != (len(given) or width):
            found = f"{len(row)} values" if isinstance(row, list) else json_type(row)
            raise BadInput(
                f"row {number} of {field} has {found}, and the model takes {len(given) or width} columns",
                hint=f"expected: {expected(schema)}",
                field=field,
                row=number,
            )
    return {"dataframe_split": {"columns": given, "data": rows} if given else {"data": rows}}


def rows_of(outputs: Any) -> list[Any]:
    """Return an answer as JSON rows: a table's as objects by column, an array's as they are."""
    value = jsonable(outputs)
    if isinstance(value, dict):
        return _turned(value)
    return value if isinstance(value, list) else [value]


def _turned(columns: Mapping[str, Any]) -> list[Any]:
    """Return named outputs as one object for each row, where each has one value for each."""
    lengths = {len(value) for value in columns.values() if isinstance(value, list)}
    if len(lengths) != 1 or not all(isinstance(value, list) for value in columns.values()):
        return [dict(columns)]
    return [{name: value[i] for name, value in columns.items()} for i in range(lengths.pop())]


def records_of(outputs: Any, model: ServedModel, name: str = "prediction") -> list[Any]:
    """Return an answer as one object for each row; a value without a name gets the signature's, else ``name``."""
    names = output_names(model)
    found = []
    for row in rows_of(outputs):
        if isinstance(row, dict):
            found.append(row)
        elif isinstance(row, list) and len(row) == len(names) and len(names) > 1:
            found.append(dict(zip(names, row, strict=True)))
        else:
            found.append({names[0] if len(names) == 1 else name: row})
    return found


def output_names(model: ServedModel) -> list[str]:
    """Return the names of the signature's outputs; empty when they have none."""
    schema = model.output_schema
    return [str(n) for n in schema.input_names()] if schema is not None and schema.has_input_names() else []
