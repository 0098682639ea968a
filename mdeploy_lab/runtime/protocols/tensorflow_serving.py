"""TensorFlow Serving's REST API, and the first version of KServe's, which has the same path.

``/v1/models/<any name>[/versions/<n>]:predict`` takes rows (``instances``) or columns (``inputs``) and answers in kind. The
name is not looked at: clients of TI-ML send a literal ``m`` and choose the service by ``Host``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from mdeploy_lab.runtime.describing import example_of
from mdeploy_lab.runtime.dialect import Call, Dialect, Example, Request, Response, Route, json_response
from mdeploy_lab.runtime.encoding import encode, jsonable
from mdeploy_lab.runtime.problems import BadInput, PathUnknown, RequestProblem
from mdeploy_lab.runtime.protocols.invocations import parse_json
from mdeploy_lab.runtime.schema import json_type, meant_for, sample_value
from mdeploy_lab.runtime.tables import call_of_inputs, call_of_rows, rows_of

if TYPE_CHECKING:
    from mdeploy_lab.runtime.loader import ServedModel

PATHS = ("/v1/models/{name}", "/v1/models/{name}/versions/{version}")
TYPES = {
    "boolean": "DT_BOOL", "integer": "DT_INT32", "long": "DT_INT64", "float": "DT_FLOAT", "double": "DT_DOUBLE",
    "string": "DT_STRING", "binary": "DT_STRING", "datetime": "DT_STRING", "bool": "DT_BOOL", "int8": "DT_INT8",
    "int16": "DT_INT16", "int32": "DT_INT32", "int64": "DT_INT64", "uint8": "DT_UINT8", "uint16": "DT_UINT16",
    "uint32": "DT_UINT32", "uint64": "DT_UINT64", "float16": "DT_HALF", "float32": "DT_FLOAT", "float64": "DT_DOUBLE",
}  # fmt: skip


class TensorFlowServing(Dialect):
    """TensorFlow Serving, and KServe's version 1."""

    name = "tensorflow-serving"
    title = "TensorFlow Serving REST, KServe v1"
    multi_io = True

    def routes(self) -> tuple[Route, ...]:
        """Return prediction, classification, regression, status and metadata, with and without a version."""
        found = [Route("GET", "/v1/models", answer=self._models)]
        for path in PATHS:
            found += [
                Route("POST", f"{path}:predict", decode=self.decode, encode=self.encode),
                Route("POST", f"{path}:classify", decode=self._examples, encode=self._classes),
                Route("POST", f"{path}:regress", decode=self._examples, encode=self._values),
                Route("GET", path, answer=self._status),
                Route("GET", f"{path}/metadata", answer=self._metadata),
            ]
        return tuple(found)

    def describe(self, model: ServedModel) -> Example:
        """Return one row of the model's own, else one by the signature."""
        path = f"/v1/models/{model.spec.model_name}:predict"
        own = example_of(model)
        if own is not None and own.kind == "table" and own.rows:
            return Example(path, {"instances": [_by_name(own.columns, own.rows[0])]})
        if own is not None and own.kind == "named":
            return Example(path, {"inputs": own.inputs})
        if own is not None and own.kind == "value":
            return Example(path, {"instances": own.value})
        return Example(path, _made_up(model))

    def error(self, problem: RequestProblem) -> dict[str, Any]:
        """Return TensorFlow Serving's ``error`` beside our own keys."""
        return {"error": problem.message, **problem.to_body()}

    def _models(self, _request: Request, model: ServedModel) -> Response:
        return json_response({"models": [model.spec.model_name]})

    def _check(self, request: Request, model: ServedModel) -> None:
        version = request.values.get("version")
        if version is not None and version != str(model.spec.revision):
            raise PathUnknown("no such version is here", hint=f"this is version {model.spec.revision}")

    def _status(self, request: Request, model: ServedModel) -> Response:
        self._check(request, model)
        status = {"error_code": "OK", "error_message": ""}
        found = {"version": str(model.spec.revision), "state": "AVAILABLE", "status": status}
        return json_response({"name": request.values["name"], "ready": True, "model_version_status": [found]})

    def _metadata(self, request: Request, model: ServedModel) -> Response:
        self._check(request, model)
        signature = {
            "inputs": _tensors(model.input_schema, "input"),
            "outputs": _tensors(model.output_schema, "output"),
            "method_name": "tensorflow/serving/predict",
        }
        spec = {"name": request.values["name"], "signature_name": "", "version": str(model.spec.revision)}
        named = {"signature_def": {"signature_def": {"serving_default": signature}}}
        return json_response({"model_spec": spec, "metadata": named})

    def decode(self, request: Request, model: ServedModel) -> Call:
        """Read rows or columns."""
        body = self._body(request, model)
        forms = [key for key in ("instances", "inputs") if key in body]
        if len(forms) != 1:
            both = "both" if forms else "neither"
            raise BadInput(
                f"the body must have instances or inputs, and it has {both}",
                hint=(meant_for(body) if not forms else "") or "see / for a body that works",
            )
        if forms == ["instances"]:
            call = call_of_rows(_decoded(body["instances"]), model, field="instances")
            call.extra = "predictions"
        else:
            call = call_of_inputs(_decoded(body["inputs"]), model)
            call.extra = "outputs"
        return call

    def encode(self, outputs: Any, call: Call, _request: Request, _model: ServedModel) -> Response:
        """Write rows for rows, and columns for columns."""
        if call.extra == "outputs":
            return Response(b'{"outputs":' + encode(outputs) + b"}")
        value = jsonable(outputs) if isinstance(outputs, dict) else None
        body = orjson.dumps(rows_of(outputs)) if value is not None else encode(outputs)
        return Response(b'{"predictions":' + body + b"}")

    def _examples(self, request: Request, model: ServedModel) -> Call:
        body = self._body(request, model)
        if "examples" not in body:
            raise BadInput("the body must have examples", hint='send {"examples": [{"column": value}]}', field="examples")
        examples = _decoded(body["examples"])
        context = body.get("context")
        if isinstance(context, dict) and isinstance(examples, list):
            examples = [{**context, **each} if isinstance(each, dict) else each for each in examples]
        return call_of_rows(examples, model, field="examples")

    def _classes(self, outputs: Any, _call: Call, _request: Request, _model: ServedModel) -> Response:
        result = []
        for row in rows_of(outputs):
            if isinstance(row, dict):
                result.append([[name, value] for name, value in row.items()])
            elif isinstance(row, list):
                result.append([[str(number), value] for number, value in enumerate(row)])
            else:
                result.append([[str(row), 1.0]])
        return Response(encode({"result": result}))

    def _values(self, outputs: Any, _call: Call, _request: Request, _model: ServedModel) -> Response:
        rows = rows_of(outputs)
        flat = [next(iter(r.values())) if isinstance(r, dict) and len(r) == 1 else r for r in rows]
        flat = [r[0] if isinstance(r, list) and len(r) == 1 else r for r in flat]
        if any(isinstance(r, bool) or not isinstance(r, int | float) for r in flat):
            raise BadInput("this model's answers are no single numbers", hint="use :predict")
        return Response(encode({"result": flat}))

    def _body(self, request: Request, model: ServedModel) -> dict[str, Any]:
        self._check(request, model)
        body = parse_json(request.body)
        if not isinstance(body, dict):
            raise BadInput(f"the body must be a JSON object, and it is {json_type(body)}", hint='send {"instances": [[…]]}')
        return body


def _decoded(value: Any) -> Any:
    """Return a value with each ``{"b64": text}`` as its text, which a binary column takes."""
    if isinstance(value, list):
        return [_decoded(item) for item in value] if _has_objects(value) else value
    if isinstance(value, dict):
        if value.keys() == {"b64"} and isinstance(value["b64"], str):
            return value["b64"]
        return {name: _decoded(item) for name, item in value.items()}
    return value


def _has_objects(value: list[Any]) -> bool:
    """Return whether a list may hold objects; of an array of numbers only the first of each level is looked at."""
    first = value[0] if value else None
    return _has_objects(first) if isinstance(first, list) else isinstance(first, dict | str)


def _by_name(columns: tuple[str, ...], row: tuple[Any, ...]) -> Any:
    return dict(zip(columns, row, strict=True)) if columns else list(row)


def _made_up(model: ServedModel) -> dict[str, Any]:
    schema = model.input_schema
    if schema is None:
        return {"instances": [[1.5, 2.5]]}
    if schema.is_tensor_spec():
        if schema.has_input_names():
            return {"inputs": {spec.name: sample_value(spec) for spec in schema.inputs}}
        return {"instances": sample_value(schema.inputs[0])}
    values = [sample_value(spec) for spec in schema.inputs]
    return {"instances": [_by_name(tuple(schema.input_names()), tuple(values)) if schema.has_input_names() else values]}


def _tensors(schema: Any, unnamed: str) -> dict[str, Any]:
    found = {}
    for number, spec in enumerate(schema.inputs if schema is not None else ()):
        name = str(spec.name or (unnamed if len(schema.inputs) == 1 else f"{unnamed}_{number}"))
        shape = getattr(spec, "shape", (-1,))
        kind = str(spec.type) if hasattr(spec, "shape") else getattr(spec.type, "name", "")
        found[name] = {
            "name": name,
            "dtype": TYPES.get(kind, "DT_INVALID"),
            "tensor_shape": {"dim": [{"size": str(size), "name": ""} for size in shape], "unknown_rank": False},
        }
    return found


DIALECT = TensorFlowServing()
