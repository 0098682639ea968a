"""The form in which an object takes its input, read from the example, and what MLflow's schema is inferred from."""

from __future__ import annotations

from typing import Any

from mdeploy_lab.registry import frames

PLAIN: dict[str, Any] = {"kind": ""}
"""What MLflow hands on as it came: a frame, an array."""


def form_of(example: Any) -> dict[str, Any]:
    """Return the form of an example, for ``wrappers.restored``; ``PLAIN`` where MLflow changes nothing."""
    if frames.is_frame(example):
        categories = {
            str(name): (list(kind.categories), bool(kind.ordered))
            for name, kind in example.dtypes.items()
            if kind.name == "category"
        }
        return {"kind": "frame", "categories": categories} if categories else PLAIN
    if frames.is_series(example):
        return {"kind": "series", "name": example.name}
    if isinstance(example, list):
        return {"kind": "records" if example and isinstance(example[0], dict) else "list"}
    if isinstance(example, dict):
        return PLAIN if all(frames.is_array(v) for v in example.values()) else {"kind": "item"}
    if isinstance(example, str | int | float | bool):
        return {"kind": "scalar"}
    return PLAIN


def needs_restoring(form: dict[str, Any], example: Any) -> bool:
    """Return whether a library's own model would be asked in a form that it does not know.

    A table as a list of lists is as good as an array to all of them.
    """
    return form["kind"] not in {"", "list"} or (form["kind"] == "list" and not is_table(example))


def is_table(example: Any) -> bool:
    """Return whether ``example`` is a list of lists of numbers, all of one length."""
    if not isinstance(example, list) or not example or not all(isinstance(r, list | tuple) for r in example):
        return False
    width = len(example[0])
    return all(len(r) == width and all(isinstance(v, int | float) for v in r) for r in example)


def schema_input(data: Any) -> Any:
    """Return what MLflow can infer a schema from, and later fill from JSON.

    A table becomes an array, a series a frame, and categories what they are categories of.
    """
    if frames.is_frame(data):
        plain = {name: kind.categories.dtype for name, kind in data.dtypes.items() if kind.name == "category"}
        return data.astype(plain) if plain else data
    if frames.is_series(data):
        return data.to_frame() if data.name is not None else data.to_list()
    if is_table(data):
        import numpy as np

        return np.asarray(data)
    return data
