"""A script's example: a body for ``/invocations``, and the signature that a table of it makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mdeploy_lab.errors import ModelNotSupported

FILE = "example.json"
FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")


def body_of(value: Any) -> dict[str, Any]:
    """Return an example as a whole body: a list of objects is a table, everything else the ``inputs``.

    Raises
    ------
    ModelNotSupported
        When it has no JSON form.
    """
    if isinstance(value, dict) and any(form in value for form in FORMS):
        body = value
    elif isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        body = {"dataframe_records": value}
    else:
        body = {"inputs": value}
    try:
        checked: dict[str, Any] = json.loads(json.dumps(body, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ModelNotSupported(
            f"the example has no JSON form: {error}", hint="use lists, objects, text and numbers"
        ) from error
    return checked


def read(folder: Path) -> dict[str, Any] | None:
    """Return the body in ``example.json``; None when there is none.

    Raises
    ------
    ModelNotSupported
        When it is no JSON.
    """
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except OSError:
        return None
    try:
        return body_of(json.loads(text))
    except ValueError as error:
        raise ModelNotSupported(f"{FILE} is no JSON: {error}", hint='like {"inputs": [[5.1, 3.5]]}') from error


def signature_of(body: dict[str, Any]) -> Any:
    """Return the signature of a table; None for what a script takes as it comes."""
    form = next((f for f in ("dataframe_split", "dataframe_records") if f in body), "")
    if not form:
        return None
    from mlflow.exceptions import MlflowException
    from mlflow.models import infer_signature
    from mlflow.utils.proto_json_utils import dataframe_from_parsed_json

    try:
        return infer_signature(dataframe_from_parsed_json(body[form], pandas_orient=form.removeprefix("dataframe_")))
    except (MlflowException, ValueError, TypeError, KeyError):
        return None
