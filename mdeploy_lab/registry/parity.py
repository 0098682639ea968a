"""Keep rows and the kernel's own answers beside the model, so that the endpoint can be held against them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from mdeploy_lab.registry import frames
from mdeploy_lab.registry.wording import first_line

FILE = "mdeploy/parity.json"


class NotComparable(Exception):
    """Raised when rows or answers have no JSON form; says why."""


def document(data: Any, answers: Any) -> dict[str, Any]:
    """Return the parity file: the request body as a caller would send it, and what must come back under ``predictions``.

    Raises
    ------
    NotComparable
        When the rows or the answers cannot be written as JSON.
    """
    from mdeploy_lab.runtime.encoding import encode

    try:
        expected = json.loads(encode(answers))
    except (TypeError, ValueError) as error:
        raise NotComparable(first_line(error)) from error
    return {"rows": frames.count(data), "request": request_body(data), "expected": expected}


def request_body(data: Any) -> dict[str, Any]:
    """Return the JSON body of POST /invocations that carries these rows."""
    try:
        return _strict(_body(data))
    except (TypeError, ValueError) as error:
        raise NotComparable(first_line(error)) from error


def _body(data: Any) -> dict[str, Any]:
    if frames.is_frame(data):
        split = json.loads(data.to_json(orient="split", date_format="iso", double_precision=15))
        split["data"] = _exact(data)
        return {"dataframe_split": {"columns": split["columns"], "data": split["data"]}}
    if frames.is_series(data):
        return {"inputs": data.tolist()}
    if frames.is_sparse(data):
        return {"inputs": data.toarray().tolist()}
    if frames.is_array(data):
        return {"inputs": data.tolist()}
    if isinstance(data, dict):
        return {"inputs": {str(k): v.tolist() if frames.is_array(v) else v for k, v in data.items()}}
    return {"inputs": data}


def _exact(data: Any) -> list[list[Any]]:
    """Return the cells with every digit of a float: pandas' own JSON cuts them, and a tree may then answer otherwise."""
    from mdeploy_lab.runtime.encoding import jsonable

    columns = [[_missing(v) for v in jsonable(data.iloc[:, i].tolist())] for i in range(data.shape[1])]
    return [list(row) for row in zip(*columns, strict=True)]


def _missing(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _strict(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body as it comes out of JSON, NaN refused."""
    checked: dict[str, Any] = json.loads(json.dumps(body, allow_nan=False))
    return checked


def write(directory: Path, found: dict[str, Any]) -> None:
    """Write the parity file into a model directory."""
    path = directory / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, separators=(",", ":")), encoding="utf-8")
