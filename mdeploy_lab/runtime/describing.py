"""Say what the model is, at ``/``: its signature, its own example rows, and how to call it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mdeploy_lab.models.description import (
    DescribedModel,
    Description,
    DialectInfo,
    InputExample,
)
from mdeploy_lab.runtime.loader import first_rows
from mdeploy_lab.runtime.signature import signature_of

if TYPE_CHECKING:
    from mdeploy_lab.runtime.dialect import Dialect
    from mdeploy_lab.runtime.loader import ServedModel

USUAL = "invocations"
"""The dialect that stands first."""
EXAMPLE_ROWS = 10
EXAMPLE_LIMIT = 1_000_000
"""Characters of an example; a longer one is left out."""


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
        signature=signature_of(model.input_schema, model.output_schema, model.params_schema),
        example=example_of(model),
        dialects=tuple(_dialect(d, model) for d in sorted(dialects, key=lambda d: (d.name != USUAL, d.name))),
        max_payload=template.runtime.max_payload,
        predict_timeout=template.runtime.predict_timeout,
    )


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
    misfit = dialect.misfit(model)
    text = example.code if dialect.binary else json.dumps(example.body, ensure_ascii=False)
    return DialectInfo(
        name=dialect.name,
        title=dialect.title,
        method=example.method,
        path=example.path,
        content_types=dialect.content_types,
        example=text if len(text) <= EXAMPLE_LIMIT and not misfit else "",
        binary=dialect.binary,
        note=misfit,
        multi_io=dialect.multi_io,
    )
