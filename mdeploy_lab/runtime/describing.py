"""Say what the model is, at ``/``: its signature as types that a form can be built from, and its own example rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, get_args

from mdeploy_lab.models.description import (
    DescribedModel,
    Description,
    DialectInfo,
    InputExample,
    Kind,
    Signature,
    SignatureField,
    SignatureParam,
    ValueType,
)
from mdeploy_lab.runtime.loader import first_rows

if TYPE_CHECKING:
    from mdeploy_lab.runtime.dialect import Dialect
    from mdeploy_lab.runtime.loader import ServedModel

USUAL = "invocations"
"""The dialect that stands first."""
EXAMPLE_ROWS = 10
EXAMPLE_LIMIT = 1_000_000
"""Characters of an example; a longer one is left out."""
_KINDS = frozenset(get_args(Kind))
_NEVER_NULL = frozenset({"boolean", "integer", "long"})
"""Columns of these types have no way to hold a missing value."""


def describe(model: ServedModel, dialects: Sequence[Dialect]) -> Description:
    """Return what the endpoint says of itself."""
    spec = model.spec
    template = spec.template
    return Description(
        name=spec.model_name,
        deployment=spec.deployment,
        revision=spec.revision,
        model=DescribedModel(
            uri=template.model.uri,
            name=template.model.name,
            version=template.model.version,
            flavors=tuple(sorted(model.metadata.flavors)),
        ),
        method=model.method,
        signature=signature_of(model),
        example=example_of(model),
        dialects=tuple(_dialect(d, model) for d in sorted(dialects, key=lambda d: (d.name != USUAL, d.name))),
        max_payload=template.runtime.max_payload,
        predict_timeout=template.runtime.predict_timeout,
    )


def signature_of(model: ServedModel) -> Signature | None:
    """Return the signature, None when the model was saved without one."""
    inputs, outputs = model.input_schema, model.output_schema
    params = tuple(_param(p) for p in model.params_schema.params) if model.params_schema is not None else ()
    if inputs is None and outputs is None and not params:
        return None
    return Signature(
        inputs=None if inputs is None else tuple(_field(spec) for spec in inputs.inputs),
        outputs=None if outputs is None else tuple(_field(spec) for spec in outputs.inputs),
        params=params,
        multi_io=inputs is not None and inputs.is_tensor_spec() and inputs.has_input_names() and len(inputs.inputs) > 1,
    )


def _field(spec: Any) -> SignatureField:
    shape = getattr(spec, "shape", None)
    kind = _tensor(spec) if shape is not None else _type(spec.type)
    required = bool(getattr(spec, "required", True))
    nullable = shape is None and (not required or kind.kind not in _NEVER_NULL)
    return SignatureField(name=str(spec.name or ""), type=kind, required=required, nullable=nullable)


def _tensor(spec: Any) -> ValueType:
    sizes = tuple(int(size) for size in spec.shape)
    return ValueType(kind="tensor", text=f"{spec.type}{list(sizes)}", dtype=str(spec.type), shape=sizes)


def _type(data_type: Any) -> ValueType:
    """Return a column's type; MLflow's classes are known by their names, which older versions lack in part."""
    form = type(data_type).__name__
    if form == "Object":
        properties = tuple(
            SignatureField(name=p.name, type=_type(p.dtype), required=p.required, nullable=not p.required)
            for p in data_type.properties
        )
        inner = ", ".join(f"{p.name}: {p.type.text}" for p in properties)
        return ValueType(kind="object", text=f"object({inner})", properties=properties)
    if form == "Map":
        items = _type(data_type.value_type)
        return ValueType(kind="map", text=f"map({items.text})", items=items)
    if hasattr(data_type, "dtype") and not hasattr(data_type, "to_numpy"):  # Array and its descendants
        items = _type(data_type.dtype)
        return ValueType(kind="array", text=f"array({items.text})", items=items)
    name = str(getattr(data_type, "name", ""))
    kind: Any = name if name in _KINDS else "any"
    return ValueType(kind=kind, text=kind)


def _param(spec: Any) -> SignatureParam:
    kind = _type(spec.dtype)
    if spec.shape is not None:
        kind = ValueType(kind="array", text=f"array({kind.text})", items=kind)
    return SignatureParam(name=spec.name, type=kind, default=_plain(spec.default))


def _plain(value: Any) -> Any:
    """Return a default as JSON has it."""
    try:
        return json.loads(json.dumps(value, default=str, allow_nan=False))
    except ValueError:
        return str(value)


def example_of(model: ServedModel) -> InputExample | None:
    """Return the model's own rows, None when it came with none or they are too many to show."""
    whole = model.own_example
    if whole is None:
        return None
    for rows in (EXAMPLE_ROWS, 1):
        body = first_rows(whole, model.input_schema, rows)
        if len(json.dumps(body)) <= EXAMPLE_LIMIT:
            return _read_example(body, whole, model)
    return None


def _read_example(body: dict[str, Any], whole: dict[str, Any], model: ServedModel) -> InputExample | None:
    params = body.get("params")
    shared = {"params": params if isinstance(params, dict) else {}}
    split = body.get("dataframe_split")
    if isinstance(split, dict):
        total = len(whole["dataframe_split"].get("data", ()))
        named = model.input_schema is None or model.input_schema.has_input_names()
        columns = tuple(str(c) for c in split.get("columns", ())) if named else ()
        return InputExample(kind="table", columns=columns, rows=_rows(split.get("data", ())), total=total, **shared)
    records = body.get("dataframe_records")
    if isinstance(records, list) and records and all(isinstance(r, dict) for r in records):
        columns = tuple(dict.fromkeys(name for record in records for name in record))
        rows = tuple(tuple(record.get(name) for name in columns) for record in records)
        return InputExample(kind="table", columns=columns, rows=rows, total=len(whole["dataframe_records"]), **shared)
    for key in ("inputs", "instances"):
        if isinstance(body.get(key), dict):
            return InputExample(kind="named", inputs=body[key], **shared)
        if key in body:
            return InputExample(kind="value", value=body[key], **shared)
    return None


def _rows(data: Sequence[Any]) -> tuple[tuple[Any, ...], ...]:
    return tuple(tuple(row) if isinstance(row, list) else (row,) for row in data)


def _dialect(dialect: Dialect, model: ServedModel) -> DialectInfo:
    example = dialect.describe(model)
    text = "" if dialect.binary else json.dumps(example.body, ensure_ascii=False)
    return DialectInfo(
        name=dialect.name,
        title=dialect.title,
        method=example.method,
        path=example.path,
        content_types=dialect.content_types,
        example=text if len(text) <= EXAMPLE_LIMIT else "",
        binary=dialect.binary,
        multi_io=dialect.multi_io,
    )
