"""Seldon's REST API, which PrimeHub's endpoints speak: ``/api/v1.0/predictions`` and ``/api/v1.0/feedback``.

A message carries ``data`` (``ndarray`` or ``tensor``, with ``names``), ``strData``, ``binData`` (base64) or ``jsonData``; the
answer comes in the form of the request. A form may carry the same: a field ``json``, or fields and files named as the keys.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mdeploy_lab.runtime.describing import example_of
from mdeploy_lab.runtime.dialect import JSON, Call, Dialect, Example, Request, Response, Route
from mdeploy_lab.runtime.encoding import encode, jsonable
from mdeploy_lab.runtime.feedback import Feedback
from mdeploy_lab.runtime.forms import FORMS, MULTIPART, URLENCODED, read_form
from mdeploy_lab.runtime.problems import BadInput, MediaTypeUnknown, RequestProblem
from mdeploy_lab.runtime.protocols.invocations import parse_json
from mdeploy_lab.runtime.schema import json_type, meant_for, sample_value
from mdeploy_lab.runtime.tables import call_of_inputs, call_of_rows, output_names

if TYPE_CHECKING:
    from mdeploy_lab.runtime.loader import ServedModel

KINDS = ("data", "strData", "binData", "jsonData")
VERSIONS = ("v1.0", "v0.1")


class Seldon(Dialect):
    """Seldon, PrimeHub."""

    name = "seldon"
    title = "PrimeHub, Seldon"
    content_types = (JSON, MULTIPART, URLENCODED)

    def routes(self) -> tuple[Route, ...]:
        """Return predictions and feedback in both versions."""
        return tuple(
            route
            for version in VERSIONS
            for route in (
                Route("POST", f"/api/{version}/predictions", decode=self.decode, encode=self.encode),
                Route("POST", f"/api/{version}/feedback", answer=self._feedback, reads=True),
            )
        )

    def describe(self, model: ServedModel) -> Example:
        """Return one row of the model's own, else one by the signature."""
        return Example("/api/v1.0/predictions", _example(model))

    def error(self, problem: RequestProblem) -> dict[str, Any]:
        """Return Seldon's ``status`` beside our own keys."""
        code = problem.http_status
        status = {"code": code, "info": problem.message, "reason": problem.code.upper(), "status": "FAILURE"}
        return {"status": status, **problem.to_body()}

    def decode(self, request: Request, model: ServedModel) -> Call:
        """Read a message."""
        message = _message(request)
        kinds = [kind for kind in KINDS if kind in message]
        if len(kinds) != 1:
            raise BadInput(
                f"the message must have exactly one of {', '.join(KINDS)}, and it has "
                + (" and ".join(kinds) if kinds else "none of them"),
                hint=meant_for(message) or "see / for a body that works",
            )
        (kind,) = kinds
        read = {"data": _data, "strData": _text, "binData": _bytes, "jsonData": _json}[kind]
        call, form = read(message[kind], model)
        meta = message.get("meta")
        call.extra = (form, meta if isinstance(meta, dict) else {})
        return call

    def encode(self, outputs: Any, call: Call, _request: Request, model: ServedModel) -> Response:
        """Write the answer in the form of the request."""
        form, meta = call.extra
        if model.hooks:
            meta = _meta(meta, model)
        return Response(b'{"meta":' + encode(meta) + b"," + _written(outputs, form, model) + b"}")

    def _feedback(self, request: Request, model: ServedModel) -> Response:
        message = _message(request)
        reward = message.get("reward", 0.0)
        if isinstance(reward, bool) or not isinstance(reward, int | float):
            raise BadInput(f"reward must be a number, and it is {json_type(reward)}", field="reward", expected="number")
        for key in ("request", "response", "truth"):
            if message.get(key) is not None and not isinstance(message[key], dict):
                raise BadInput(f"{key} must be a message", field=key, expected="object")
        meta = (message.get("response") or {}).get("meta")
        puid = meta.get("puid") if isinstance(meta, dict) else None
        model.on_feedback(Feedback(float(reward), puid if isinstance(puid, str) else "", message.get("truth")))
        if (hook := model.hooks.get("send_feedback")) is not None:
            hook(message)
        return Response(b'{"meta":{}}')


def _meta(meta: dict[str, Any], model: ServedModel) -> dict[str, Any]:
    """Return the request's ``meta`` with the tags and metrics of a class in Seldon's form."""
    found = dict(meta)
    if (tags := model.hooks.get("tags")) is not None:
        found["tags"] = {**(meta.get("tags") or {}), **(tags() or {})}
    if (metrics := model.hooks.get("metrics")) is not None:
        found["metrics"] = list(metrics() or [])
    return found


def _message(request: Request) -> dict[str, Any]:
    if request.media_type in FORMS:
        return _from_form(request)
    if request.media_type not in {"", JSON, "text/json"}:
        raise MediaTypeUnknown("this path takes JSON and forms", hint="send Content-Type: application/json")
    message = parse_json(request.body)
    if not isinstance(message, dict):
        raise BadInput(
            f"the message must be a JSON object, and it is {json_type(message)}", hint='send {"data": {"ndarray": [[…]]}}'
        )
    return message


def _from_form(request: Request) -> dict[str, Any]:
    """Return a form as a message: ``strData`` is text, ``binData`` is a file or base64, every other field is JSON."""
    fields, files = read_form(request)
    message: dict[str, Any] = {}
    if "json" in fields:
        whole = parse_json(fields.pop("json").encode())
        message.update(whole if isinstance(whole, dict) else {})
    for name, text in fields.items():
        message[name] = text if name in {"strData", "binData"} else parse_json(text.encode())
    for name, content in files.items():
        if name == "strData":
            message[name] = content.decode("utf-8", "replace")
        elif name in KINDS and name != "binData":
            message[name] = parse_json(content)
        else:
            message["binData"] = content
    return message


def _data(data: Any, model: ServedModel) -> tuple[Call, str]:
    if not isinstance(data, dict):
        raise BadInput("data must be an object", hint='send {"data": {"ndarray": [[…]]}}', field="data", expected="object")
    names = data.get("names") or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadInput("names must be an array of strings", field="data.names", expected="array")
    if "tensor" in data:
        return call_of_rows(_tensor(data["tensor"]), model, field="data.tensor", names=names), "tensor"
    if "ndarray" in data:
        return call_of_rows(data["ndarray"], model, field="data.ndarray", names=names), "ndarray"
    raise BadInput("data must have ndarray or tensor", hint='send {"data": {"ndarray": [[…]]}}', field="data")


def _tensor(tensor: Any) -> Any:
    import numpy as np

    values = tensor.get("values") if isinstance(tensor, dict) else None
    shape = tensor.get("shape") if isinstance(tensor, dict) else None
    if not isinstance(values, list) or not isinstance(shape, list) or not all(type(size) is int for size in shape):
        raise BadInput(
            "tensor must have shape and values", hint='send {"shape": [1, 2], "values": [1.0, 2.0]}', field="data.tensor"
        )
    if any(type(value) not in (int, float) for value in values):
        raise BadInput("values of a tensor must be numbers", field="data.tensor.values", expected="number")
    try:
        return np.array(values, dtype=float).reshape(shape).tolist() if values else []
    except (ValueError, OverflowError):
        raise BadInput(
            f"the shape does not hold {len(values)} values", hint="send as many as its sizes make", field="data.tensor.shape"
        ) from None


def _text(text: Any, model: ServedModel) -> tuple[Call, str]:
    if not isinstance(text, str):
        raise BadInput("strData must be a string", field="strData", expected="string")
    return (call_of_rows([text], model, field="strData") if model.input_schema is not None else Call(text)), "strData"


def _bytes(content: Any, model: ServedModel) -> tuple[Call, str]:
    if isinstance(content, str):
        try:
            content = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            raise BadInput("binData must be base64", field="binData", expected="base64") from None
    if not isinstance(content, bytes):
        raise BadInput("binData must be base64", field="binData", expected="base64")
    if model.input_schema is None:
        return Call(content), "binData"
    return call_of_rows([base64.b64encode(content).decode()], model, field="binData"), "binData"


def _json(value: Any, model: ServedModel) -> tuple[Call, str]:
    if model.input_schema is None:
        return Call(value), "jsonData"
    schema = model.input_schema
    if isinstance(value, dict) and not schema.is_tensor_spec():
        return call_of_rows([value], model, field="jsonData"), "jsonData"
    return call_of_inputs(value, model), "jsonData"


def _written(outputs: Any, form: str, model: ServedModel) -> bytes:
    if isinstance(outputs, str):
        return b'"strData":' + encode(outputs)
    if isinstance(outputs, bytes | bytearray):
        return b'"binData":' + encode(base64.b64encode(outputs).decode())
    if form == "tensor" and (tensor := _as_tensor(outputs)) is not None:
        return b'"data":' + encode({"names": _names(outputs, model), "tensor": tensor})
    value = jsonable(outputs)
    if form == "jsonData" or isinstance(value, Mapping) or not isinstance(value, list):
        return b'"jsonData":' + encode(outputs)
    if value and all(isinstance(row, dict) for row in value):
        names = list(dict.fromkeys(name for row in value for name in row))
        return b'"data":' + encode({"names": names, "ndarray": [[row.get(name) for name in names] for row in value]})
    return b'"data":' + encode({"names": _names(outputs, model), "ndarray": outputs})


def _as_tensor(outputs: Any) -> dict[str, Any] | None:
    import numpy as np

    array = np.asarray(outputs)
    if array.dtype.kind not in "fiub":
        return None
    return {"shape": list(array.shape), "values": array.ravel()}


def _names(outputs: Any, model: ServedModel) -> list[str]:
    """Return the answer's names: its own, those of its class, the signature's, else Seldon's ``t:0``, ``t:1`` for a matrix."""
    if (own := model.hooks.get("class_names")) is not None:
        return [str(name) for name in (own() if callable(own) else own)]
    columns = getattr(outputs, "columns", None)
    if columns is not None:
        return [str(column) for column in columns]
    named = output_names(model)
    shape: tuple[int, ...] = tuple(getattr(outputs, "shape", ()))
    width = shape[1] if len(shape) > 1 else 1
    if named:
        return named if len(named) == width else []
    return [f"t:{number}" for number in range(width)] if len(shape) > 1 else []


def _example(model: ServedModel) -> dict[str, Any]:
    own, schema = example_of(model), model.input_schema
    if own is not None and own.kind == "table" and own.rows:
        named = {"names": list(own.columns)} if own.columns else {}
        return {"data": {**named, "ndarray": [list(own.rows[0])]}}
    if own is not None and own.kind == "named":
        return {"jsonData": own.inputs}
    if own is not None and isinstance(own.value, list):
        return {"data": {"ndarray": own.value}}
    return _made_up(schema)


def _made_up(schema: Any) -> dict[str, Any]:
    if schema is None:
        return {"data": {"ndarray": [[1.5, 2.5]]}}
    if schema.is_tensor_spec():
        if schema.has_input_names():
            return {"jsonData": {spec.name: sample_value(spec) for spec in schema.inputs}}
        return {"data": {"ndarray": sample_value(schema.inputs[0])}}
    named = {"names": schema.input_names()} if schema.has_input_names() else {}
    return {"data": {**named, "ndarray": [[sample_value(spec) for spec in schema.inputs]]}}


DIALECT = Seldon()
