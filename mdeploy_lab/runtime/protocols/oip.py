"""The Open Inference Protocol, version 2, over JSON: the dialect of KServe, Triton and MLServer.

Binary tensors, shared memory and the model repository are refused with a clear word. A table's columns are one tensor each, by
name; a single matrix as wide as the signature is taken by position, as scikit-learn servers of this protocol do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mdeploy_lab.runtime.describing import example_of
from mdeploy_lab.runtime.dialect import Call, Dialect, Example, Request, Response, Route, json_response
from mdeploy_lab.runtime.encoding import encode
from mdeploy_lab.runtime.problems import BadInput, MediaTypeUnknown, NotSupported, PathUnknown, RequestProblem
from mdeploy_lab.runtime.protocols.invocations import parse_json
from mdeploy_lab.runtime.schema import json_type, sample_value
from mdeploy_lab.runtime.tensors import datatype_of, inputs_for, read_tensor, write_outputs

if TYPE_CHECKING:
    from mdeploy_lab.models.description import InputExample
    from mdeploy_lab.runtime.loader import ServedModel

BINARY = b"inference-header-content-length"
UNNAMED_INPUT = "input-0"
UNNAMED_OUTPUT = "output-0"


class OpenInference(Dialect):
    """Open Inference Protocol."""

    name = "oip"
    title = "Open Inference Protocol v2"
    multi_io = True

    def routes(self) -> tuple[Route, ...]:
        """Return the server's paths, and the model's with and without a version."""
        found = [
            Route("GET", "/v2", answer=self._server),
            Route("GET", "/v2/health/live", answer=lambda _r, _m: json_response({"live": True})),
            Route("GET", "/v2/health/ready", answer=lambda _r, _m: json_response({"ready": True})),
        ]
        for path in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
            found += [
                Route("GET", path, answer=self._model),
                Route("GET", f"{path}/ready", answer=self._ready),
                Route("POST", f"{path}/infer", decode=self.decode, encode=self.encode),
            ]
        return tuple(found)

    def describe(self, model: ServedModel) -> Example:
        """Return one row: the model's own, else one by the signature."""
        path = f"/v2/models/{model.spec.model_name}/infer"
        schema = model.input_schema
        own = example_of(model)
        if schema is None:
            row = _numbers_of(own) or [1.5, 2.5]
            return Example(path, {"inputs": [_tensor(UNNAMED_INPUT, "FP64", [1, len(row)], row)]})
        if not schema.is_tensor_spec() and not schema.has_input_names():
            first = _first_row(own)
            row = first if len(first) == len(schema.inputs) else [sample_value(spec) for spec in schema.inputs]
            kind = datatype_of(schema.inputs[0])
            return Example(path, {"inputs": [_tensor(UNNAMED_INPUT, kind, [1, len(row)], row)]})
        return Example(path, {"inputs": [_sample(spec, own) for spec in schema.inputs]})

    def misfit(self, model: ServedModel) -> str:
        """Say that a list or an object in a column is no tensor."""
        schema = model.input_schema
        if schema is None or schema.is_tensor_spec():
            return ""
        kinds = {spec.name or f"#{i}": type(spec.type).__name__ for i, spec in enumerate(schema.inputs)}
        found = next((name for name, kind in kinds.items() if kind != "DataType"), None)
        return f"the column {found!r} holds lists or objects, which are no tensors" if found is not None else ""

    def error(self, problem: RequestProblem) -> dict[str, Any]:
        """Return the protocol's ``error`` beside our own keys."""
        return {"error": problem.message, **problem.to_body()}

    def _server(self, _request: Request, _model: ServedModel) -> Response:
        from mdeploy_lab import __version__

        return json_response({"name": "mdeploy", "version": __version__, "extensions": []})

    def _check(self, request: Request, model: ServedModel) -> None:
        name, version = request.values["name"], request.values.get("version")
        known = {model.spec.model_name, model.spec.template.model.name} - {""}
        if name not in known:
            raise PathUnknown("no model of this name is here", hint=f"the model is called {model.spec.model_name!r}")
        if version is not None and version != str(model.spec.revision):
            raise PathUnknown("no such version is here", hint=f"this is version {model.spec.revision}")

    def _ready(self, request: Request, model: ServedModel) -> Response:
        self._check(request, model)
        return json_response({"name": model.spec.model_name, "ready": True})

    def _model(self, request: Request, model: ServedModel) -> Response:
        self._check(request, model)
        return json_response(
            {
                "name": model.spec.model_name,
                "versions": [str(model.spec.revision)],
                "platform": "mlflow_" + next((f for f in sorted(model.metadata.flavors) if f != "python_function"), "pyfunc"),
                "inputs": _described(model.input_schema, UNNAMED_INPUT),
                "outputs": _described(model.output_schema, UNNAMED_OUTPUT),
            }
        )

    def decode(self, request: Request, model: ServedModel) -> Call:
        """Read the tensors and fit them to the signature."""
        self._check(request, model)
        if BINARY in request.headers:
            raise NotSupported("the binary tensor extension is not offered", hint="send tensors as JSON, or Arrow to /predict")
        if request.media_type not in {"", "application/json"}:
            raise MediaTypeUnknown("this path takes JSON", hint="send Content-Type: application/json")
        body = parse_json(request.body)
        if not isinstance(body, dict):
            raise BadInput(f"the body must be a JSON object, and it is {json_type(body)}", hint='send {"inputs": […]}')
        inputs = body.get("inputs")
        if not isinstance(inputs, list) or not inputs:
            raise BadInput("inputs must be an array of tensors", hint="see / for a body that works", field="inputs")
        tensors: dict[str, Any] = {}
        for tensor in inputs:
            name, values = read_tensor(tensor)
            if name in tensors:
                raise BadInput("two inputs have the same name", hint="name every input once", field=name)
            tensors[name] = values
        return Call(inputs_for(tensors, model.input_schema), _params(body, model), extra=_wanted(body))

    def encode(self, outputs: Any, call: Call, _request: Request, model: ServedModel) -> Response:
        """Write every output as a tensor, or those that were asked for."""
        given, wanted = call.extra
        schema = model.output_schema
        names = schema.input_names() if schema is not None and schema.has_input_names() else [UNNAMED_OUTPUT]
        tensors = write_outputs(outputs, names)
        if wanted is not None:
            found = {tensor["name"]: tensor for tensor in tensors}
            missing = [name for name in wanted if name not in found]
            if missing:
                raise BadInput("an output of this name does not exist", hint=f"there are: {', '.join(found)}", field="outputs")
            tensors = [found[name] for name in wanted]
        head = {"model_name": model.spec.model_name, "model_version": str(model.spec.revision)}
        return Response(encode({**head, **({} if given is None else {"id": given}), "outputs": tensors}))


def _tensor(name: str, kind: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": kind, "data": data}


def _numbers_of(own: InputExample | None) -> list[Any]:
    """Return the first row of an example without a signature, when it is numbers."""
    first = _first_row(own)
    return first if all(type(item) in (int, float) for item in first) else []


def _first_row(own: InputExample | None) -> list[Any]:
    """Return the values of an example's first row; none when it has no rows."""
    if own is None or own.kind == "named":
        return []
    rows = own.rows if own.kind == "table" else own.value
    if not isinstance(rows, list | tuple) or not rows:
        return []
    return list(rows[0]) if isinstance(rows[0], list | tuple) else [rows[0]]


def _sample(spec: Any, own: InputExample | None) -> dict[str, Any]:
    import numpy as np

    shape = getattr(spec, "shape", None)
    value = _own_value(spec, own)
    if value is None:
        value = sample_value(spec) if shape is not None else [sample_value(spec)]
    array = np.array(value, dtype=spec.type if shape is not None else None)
    sizes = list(array.shape) if shape is not None else [1]
    return _tensor(spec.name or UNNAMED_INPUT, datatype_of(spec), sizes, array.ravel().tolist())


def _own_value(spec: Any, own: InputExample | None) -> Any:
    """Return what the model's own example has for an input; None when it has nothing that this dialect can carry."""
    if own is None:
        return None
    if own.kind == "table" and spec.name in own.columns and own.rows:
        value = own.rows[0][own.columns.index(spec.name)]
        return None if value is None or isinstance(value, list | dict) else [value]
    if own.kind == "named":
        return own.inputs.get(spec.name)
    return own.value if own.kind == "value" and isinstance(own.value, list) and not spec.name else None


def _described(schema: Any, unnamed: str) -> list[dict[str, Any]]:
    if schema is None:
        return []
    if not schema.is_tensor_spec() and not schema.has_input_names() and len(schema.inputs) > 1:
        return [{"name": unnamed, "datatype": datatype_of(schema.inputs[0]), "shape": [-1, len(schema.inputs)]}]
    return [
        {"name": spec.name or unnamed, "datatype": datatype_of(spec), "shape": list(getattr(spec, "shape", (-1,)))}
        for spec in schema.inputs
    ]


def _params(body: Mapping[str, Any], model: ServedModel) -> dict[str, Any] | None:
    parameters = body.get("parameters")
    if parameters is None:
        return None
    if not isinstance(parameters, dict):
        raise BadInput("parameters must be an object", hint='send {"parameters": {}}', field="parameters")
    known = {param.name for param in model.params_schema.params} if model.params_schema else set()
    return {key: value for key, value in parameters.items() if key in known} or None


def _wanted(body: Mapping[str, Any]) -> tuple[str | None, list[str] | None]:
    """Return the request's id and the names of the outputs that are asked for, None for all."""
    given = body.get("id")
    if given is not None and not isinstance(given, str):
        raise BadInput("id must be a string", field="id", expected="string")
    outputs = body.get("outputs")
    if not outputs:
        return given, None
    if not isinstance(outputs, list) or not all(isinstance(o, dict) and isinstance(o.get("name"), str) for o in outputs):
        raise BadInput("outputs must be an array of objects with a name", field="outputs")
    return given, [output["name"] for output in outputs]


DIALECT = OpenInference()
