"""The Open Inference Protocol, version 2, over HTTP: the dialect of KServe, Triton and MLServer.

Tensors are JSON or, by the binary-tensor extension, raw bytes behind the JSON. Shared memory, sequences and the model
repository are refused with a clear word. A table's columns are one tensor each, by name; a single matrix as wide as the
signature is taken by position, as scikit-learn servers of this protocol do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from mdeploy_lab.runtime import open_inference as protocol
from mdeploy_lab.runtime.compression import unpacked
from mdeploy_lab.runtime.describing import example_of
from mdeploy_lab.runtime.dialect import JSON, Call, Dialect, Example, Request, Response, Route, json_response
from mdeploy_lab.runtime.open_inference import UNNAMED_INPUT, Asked
from mdeploy_lab.runtime.problems import BadInput, MediaTypeUnknown, NotSupported, RequestProblem
from mdeploy_lab.runtime.protocols.invocations import parse_json
from mdeploy_lab.runtime.schema import json_type, sample_value
from mdeploy_lab.runtime.tensor_data import datatype, declared, from_json, to_json, to_raw
from mdeploy_lab.runtime.tensors import Tensors, call_for, datatype_of

if TYPE_CHECKING:
    from mdeploy_lab.models.description import InputExample
    from mdeploy_lab.runtime.loader import ServedModel

HEAD_LENGTH = b"inference-header-content-length"
"""The binary extension's header: how much of the body is JSON."""
OCTETS = "application/octet-stream"


class OpenInference(Dialect):
    """Open Inference Protocol."""

    name = "oip"
    title = "Open Inference Protocol v2"
    content_types = (JSON, OCTETS)
    multi_io = True

    def routes(self) -> tuple[Route, ...]:
        """Return the server's paths, the model's with and without a version, and what Triton has besides, to refuse it."""
        found = [
            Route("GET", "/v2", answer=lambda _r, _m: json_response(protocol.server())),
            Route("GET", "/v2/health/live", answer=lambda _r, _m: json_response({"live": True})),
            Route("GET", "/v2/health/ready", answer=lambda _r, _m: json_response({"ready": True})),
        ]
        for path in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
            found += [
                Route("POST", f"{path}/infer", decode=self.decode, encode=self.encode),
                Route("GET", path, answer=self._model),
                Route("GET", f"{path}/ready", answer=self._ready),
            ]
        found += [Route(method, path, answer=_refuse) for path, methods in _TRITON.items() for method in methods.split()]
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
        """Return the protocol's ``error``, which is all that most clients show, beside our own keys."""
        said = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
        return {"error": said, **problem.to_body()}

    def _ready(self, request: Request, model: ServedModel) -> Response:
        _check(request, model)
        return json_response({"name": model.spec.model_name, "ready": True})

    def _model(self, request: Request, model: ServedModel) -> Response:
        _check(request, model)
        return json_response(protocol.metadata(model))

    def decode(self, request: Request, model: ServedModel) -> Call:
        """Read the tensors and fit them to the signature."""
        _check(request, model)
        text, rest = _parts(request, model)
        if not text and rest:
            return call_for(_only(rest, model), model, None, Asked(raw=True))
        body = parse_json(bytes(text))
        if not isinstance(body, dict):
            raise BadInput(f"the body must be a JSON object, and it is {json_type(body)}", hint='send {"inputs": […]}')
        inputs = body.get("inputs")
        if not isinstance(inputs, list) or not inputs:
            raise BadInput("inputs must be an array of tensors", hint="see / for a body that works", field="inputs")
        tensors: Tensors = {}
        for tensor in inputs:
            rest = _read(tensor, rest, tensors)
        if rest:
            raise BadInput("the body has more bytes than its inputs announce", hint="send binary_data_size for each")
        parameters = _object(body.get("parameters"), "parameters")
        return call_for(tensors, model, protocol.params_for(parameters, model), _asked(body, parameters))

    def encode(self, outputs: Any, call: Call, _request: Request, model: ServedModel) -> Response:
        """Write every output as a tensor, or those that were asked for."""
        asked: Asked = call.extra
        found: list[dict[str, Any]] = []
        raw: list[bytes | memoryview] = []
        for name, array in protocol.selected(outputs, model, asked.names).items():
            kind = datatype(array)
            tensor: dict[str, Any] = {"name": name, "datatype": kind, "shape": list(array.shape)}
            if asked.is_raw(name):
                data = to_raw(array, kind)
                raw.append(data)
                tensor["parameters"] = {"binary_data_size": len(data)}
            else:
                tensor["data"] = to_json(array, kind)
            found.append(tensor)
        answer = {"model_name": model.spec.model_name, "model_version": str(model.spec.revision)}
        if asked.id is not None:
            answer["id"] = asked.id
        text = orjson.dumps({**answer, "outputs": found}, option=orjson.OPT_SERIALIZE_NUMPY)
        if not raw:
            return Response(text)
        return Response(b"".join([text, *raw]), 200, OCTETS, ((HEAD_LENGTH, str(len(text)).encode()),))


_TRITON = {
    "/v2/repository/index": "POST",
    "/v2/repository/models/{name}/load": "POST",
    "/v2/repository/models/{name}/unload": "POST",
    "/v2/models/{name}/config": "GET",
    "/v2/models/{name}/stats": "GET",
    "/v2/models/{name}/generate": "POST",
    "/v2/models/{name}/generate_stream": "POST",
    "/v2/systemsharedmemory/status": "GET",
    "/v2/cudasharedmemory/status": "GET",
    "/v2/systemsharedmemory/region/{name}/register": "POST",
    "/v2/cudasharedmemory/region/{name}/register": "POST",
}


def _refuse(_request: Request, _model: ServedModel) -> Response:
    raise NotSupported(
        "this extension of Triton is not offered", hint="metadata, readiness and inference are; GET /v2 names the extensions"
    )


def _check(request: Request, model: ServedModel) -> None:
    protocol.check(model, request.values["name"], request.values.get("version"))


def _parts(request: Request, model: ServedModel) -> tuple[bytes | memoryview, memoryview]:
    """Return the JSON and the bytes behind it."""
    given = request.headers.get(HEAD_LENGTH)
    body = request.body
    if b"content-encoding" in request.headers:
        body = unpacked(body, request.header(b"content-encoding"), model.spec.template.runtime.max_payload)
    if given is None:
        if request.media_type not in {"", JSON}:
            raise MediaTypeUnknown(
                "this path takes JSON, or JSON and binary tensors",
                hint="send Content-Type: application/json, or Inference-Header-Content-Length with the length of the JSON",
            )
        return body, memoryview(b"")
    whole = memoryview(body)
    length = int(given) if given.isdigit() and len(given) < 12 else -1  # noqa: PLR2004  # digits of any length of a body
    if not 0 <= length <= len(whole):
        raise BadInput("Inference-Header-Content-Length must be the length of the JSON at the beginning of the body")
    return whole[:length], whole[length:]


def _read(tensor: Any, rest: memoryview, tensors: Tensors) -> memoryview:
    """Add one input to the tensors; return the bytes that are left for those behind it."""
    if not isinstance(tensor, dict):
        raise BadInput(f"an input must be an object, and one is {json_type(tensor)}", field="inputs")
    parameters = _object(tensor.get("parameters"), "parameters")
    protocol.refuse_extensions(parameters)
    name, kind, shape = declared(tensor.get("name"), tensor.get("datatype"), tensor.get("shape"))
    size = parameters.get("binary_data_size")
    if size is None:
        if "data" not in tensor:
            raise BadInput(f"the input {name!r} has no data", hint="send data, or binary_data_size and the bytes", field=name)
        protocol.add(tensors, name, from_json(name, kind, shape, tensor["data"]))
        return rest
    if type(size) is not int or not 0 <= size <= len(rest):
        raise BadInput(
            f"binary_data_size of {name!r} must be a number of bytes that follow the JSON",
            hint="send Inference-Header-Content-Length, and the bytes of the inputs in their order",
            field=name,
        )
    protocol.add(tensors, *protocol.raw_input(name, kind, shape, rest[:size]))
    return rest[size:]


def _only(data: memoryview, model: ServedModel) -> Tensors:
    """Return the one input of a body that is nothing but its bytes; at most one of its sizes is not in the signature."""
    described = protocol.metadata(model)["inputs"]
    free = [size for size in described[0]["shape"] if size < 0] if len(described) == 1 else []
    if len(described) != 1 or len(free) > 1:
        raise BadInput("only a model with one input of a known shape takes a body without JSON", hint="send the JSON too")
    spec = described[0]
    shape = list(spec["shape"])
    if free:
        import numpy as np

        from mdeploy_lab.runtime.tensor_data import DATATYPES

        one = np.dtype(DATATYPES[spec["datatype"]]).itemsize
        for size in shape:
            one *= size if size > 0 else 1
        shape[shape.index(-1)] = 1 if spec["datatype"] == "BYTES" else max(1, len(data) // one)
    return dict([protocol.raw_input(spec["name"], spec["datatype"], shape, data)])


def _asked(body: Mapping[str, Any], parameters: Mapping[str, Any]) -> Asked:
    """Return what the request wants back."""
    asked = Asked(body.get("id"), raw=parameters.get("binary_data_output") is True)
    if asked.id is not None and not isinstance(asked.id, str):
        raise BadInput("id must be a string", field="id", expected="string")
    outputs = body.get("outputs")
    if not outputs:
        return asked
    if not isinstance(outputs, list) or not all(isinstance(o, dict) and isinstance(o.get("name"), str) for o in outputs):
        raise BadInput("outputs must be an array of objects with a name", field="outputs")
    asked.names = [output["name"] for output in outputs]
    for output in outputs:
        own = _object(output.get("parameters"), "parameters")
        protocol.refuse_extensions(own)
        if type(own.get("binary_data")) is bool:
            asked.raw_by_name[output["name"]] = own["binary_data"]
    return asked


def _object(value: Any, name: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadInput(f"{name} must be an object", hint=f'send {{"{name}": {{}}}}', field=name)
    return value


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


DIALECT = OpenInference()
