"""``predict_raw``: a script that takes and gives whole messages of Seldon's protocol, asked by any dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def answered(predict_raw: Callable[[Any], Any], inputs: Any, request_id: str) -> Any:
    """Return what the answer's message holds; an answer that is no message, as it is."""
    return content(predict_raw({**message(inputs), "meta": {"puid": request_id}}))


def message(inputs: Any) -> dict[str, Any]:
    """Return inputs as a message: tables and arrays as ``data``, text, bytes and the rest under their own keys."""
    if isinstance(inputs, str):
        return {"strData": inputs}
    if isinstance(inputs, bytes):
        return {"binData": inputs}
    if hasattr(inputs, "columns") and hasattr(inputs, "to_numpy"):
        return {"data": {"names": [str(c) for c in inputs.columns], "ndarray": inputs.to_numpy().tolist()}}
    if hasattr(inputs, "tolist"):
        return {"data": {"names": [], "ndarray": inputs.tolist()}}
    return {"jsonData": inputs}


def content(found: Any) -> Any:
    """Return what a message holds."""
    if not isinstance(found, dict):
        return found
    for key in ("strData", "binData", "jsonData"):
        if key in found:
            return found[key]
    data = found.get("data")
    if not isinstance(data, dict):
        return found
    if "ndarray" in data:
        return data["ndarray"]
    tensor = data.get("tensor")
    if isinstance(tensor, dict):
        import numpy as np

        return np.asarray(tensor.get("values", [])).reshape(tensor.get("shape", [-1]))
    return found
