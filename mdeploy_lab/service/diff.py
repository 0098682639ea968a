"""What differs between two specs or templates, field by field. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from mdeploy_lab.models.deployment import Model, RevisionTemplate
from mdeploy_lab.models.history import FieldChange

_OWN_MODEL_FIELDS = {"requested", "interpreter"}


def flatten(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted path, scalar or list) for every leaf of a JSON value."""
    if isinstance(value, dict) and value:
        for key in value:
            yield from flatten(value[key], f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def changes(before: BaseModel, after: BaseModel) -> tuple[FieldChange, ...]:
    """Return the fields that differ, by path; a field that is missing on one side is None there."""
    old = dict(flatten(before.model_dump(mode="json")))
    new = dict(flatten(after.model_dump(mode="json")))
    paths = sorted(old.keys() | new.keys())
    return tuple(
        FieldChange(path=p, old=old.get(p), new=new.get(p))
        for p in paths
        if old.get(p) != new.get(p) and not (old.get(p) in ({}, None) and new.get(p) in ({}, None))
    )


def between(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Return the paths whose values differ."""
    paths = sorted(old.keys() | new.keys())
    return tuple(FieldChange(path=p, old=old.get(p), new=new.get(p)) for p in paths if old.get(p) != new.get(p))


def runs_the_same(before: RevisionTemplate, after: RevisionTemplate) -> bool:
    """Return whether two templates run the same thing, however they were asked for."""

    def key(template: RevisionTemplate) -> dict[str, Any]:
        body = template.model_dump(mode="json", exclude={"model"})
        model: Model = template.model
        body["model"] = model.model_dump(mode="json", exclude=_OWN_MODEL_FIELDS)
        body["python"] = model.interpreter.path if model.interpreter else ""
        return body

    return key(before) == key(after)
