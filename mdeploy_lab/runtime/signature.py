"""A model's signature as types that a form can be built from."""

from __future__ import annotations

import json
from typing import Any, get_args

from mdeploy_lab.models.description import Kind, Signature, SignatureField, SignatureParam, ValueType

_KINDS = frozenset(get_args(Kind))
_NULLABLE = frozenset({"float", "double", "string", "datetime", "any"})
"""Columns that can hold a missing value; MLflow refuses it in the others, or makes a False of it."""
_NULLABLE_IF_OPTIONAL = frozenset({"array", "object", "map"})


def signature_of(inputs: Any, outputs: Any, params: Any) -> Signature | None:
    """Return MLflow's schemas as a signature, None when there is none of them."""
    named = tuple(_param(p) for p in params.params) if params is not None else ()
    if inputs is None and outputs is None and not named:
        return None
    return Signature(
        inputs=None if inputs is None else tuple(_field(spec) for spec in inputs.inputs),
        outputs=None if outputs is None else tuple(_field(spec) for spec in outputs.inputs),
        params=named,
        multi_io=inputs is not None and inputs.is_tensor_spec() and inputs.has_input_names() and len(inputs.inputs) > 1,
    )


def _field(spec: Any) -> SignatureField:
    shape = getattr(spec, "shape", None)
    kind = _tensor(spec) if shape is not None else _type(spec.type)
    required = bool(getattr(spec, "required", True))
    nullable = kind.kind in _NULLABLE or (not required and kind.kind in _NULLABLE_IF_OPTIONAL)
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
