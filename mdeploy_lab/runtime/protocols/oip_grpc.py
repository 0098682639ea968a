"""The Open Inference Protocol, version 2, over gRPC: ``inference.GRPCInferenceService``.

The replica speaks HTTP/1.1. A unary call is one POST whose body is one framed message; the gateway, which speaks HTTP/2 to the
caller, passes it on as it is, and puts the trailers that gRPC ends with behind the answer. An error is an answer without a
body, whose headers the caller gets as its trailers. So queue, limits, deadlines and metrics are those of every dialect.

The gateway knows the deployment by the metadata ``x-mdeploy-deployment`` or by its host name. Streams are refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mdeploy_lab.runtime import grpc_messages as grpc
from mdeploy_lab.runtime import open_inference as protocol
from mdeploy_lab.runtime.compression import unpacked
from mdeploy_lab.runtime.dialect import Call, Dialect, Example, Request, Response, Route
from mdeploy_lab.runtime.open_inference import Asked
from mdeploy_lab.runtime.problems import BadInput, NotSupported, PathUnknown, RequestProblem
from mdeploy_lab.runtime.tensor_data import DATATYPES, datatype, declared, shaped, to_raw
from mdeploy_lab.runtime.tensors import Tensors, call_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mdeploy_lab.runtime.loader import ServedModel

SERVICE = "/inference.GRPCInferenceService"
MEDIA_TYPE = "application/grpc"
REVISION = b"x-mdeploy-revision"
HEALTHY = b"\x08\x01"
"""``grpc.health.v1.HealthCheckResponse`` with the status SERVING."""

_STATUS = {400: 3, 403: 7, 404: 5, 405: 12, 408: 4, 413: 8, 415: 12, 499: 1, 500: 13, 501: 12, 503: 14, 504: 4}
"""What gRPC says for an HTTP status: invalid argument, permission denied, not found, unimplemented, deadline exceeded,
resource exhausted, cancelled, internal, unavailable."""
_UNKNOWN = 2
_MESSAGE_LIMIT = 2000

_CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
_PACKED = {"FP32": 6, "FP64": 7}
"""Contents whose values stand on the wire as in memory."""


class OpenInferenceGrpc(Dialect):
    """Open Inference Protocol over gRPC."""

    name = "grpc"
    title = "gRPC (Open Inference Protocol v2)"
    content_types = (MEDIA_TYPE,)
    binary = True
    multi_io = True

    def routes(self) -> tuple[Route, ...]:
        """Return the methods that are offered, the health service that probes ask, and everything else of the service."""
        answers: dict[str, Callable[[Any, ServedModel], dict[str, Any]]] = {
            "ServerLive": lambda _q, _m: {"live": True},
            "ServerReady": lambda _q, _m: {"ready": True},
            "ServerMetadata": lambda _q, _m: protocol.server(),
            "ModelReady": _ready,
            "ModelMetadata": _metadata,
        }
        found = [Route("POST", f"{SERVICE}/{name}", answer=_unary(name, make), reads=True) for name, make in answers.items()]
        return (
            Route("POST", f"{SERVICE}/ModelInfer", decode=self.decode, encode=self.encode),
            *found,
            Route("POST", "/grpc.health.v1.Health/Check", answer=lambda _r, _m: _framed([HEALTHY]), reads=True),
            Route("POST", f"{SERVICE}/{{method}}", answer=_refuse),
        )

    def describe(self, model: ServedModel) -> Example:
        """Return how to call it from Python: a message is no text."""
        body = "one framed message inference.ModelInferRequest"
        code = "" if self.misfit(model) else _script(model)
        return Example(f"{SERVICE}/ModelInfer", body, content_type=MEDIA_TYPE, code=code)

    def misfit(self, model: ServedModel) -> str:
        """Say what the protocol cannot carry in any transport."""
        from mdeploy_lab.runtime.protocols.oip import DIALECT as HTTP

        return HTTP.misfit(model)

    def refuse(self, problem: RequestProblem) -> Response:
        """Return an answer that is all trailers."""
        hint = f"; {problem.hint}" if problem.hint else ""
        where = f" (request {problem.details['request_id']})" if problem.http_status == 500 else ""  # noqa: PLR2004  # look it up
        text = quote(f"{problem.message}{hint}{where}"[:_MESSAGE_LIMIT], safe=" !\"#$&'()*+,/:;<=>?@[\\]^`{|}")
        status = _STATUS.get(problem.http_status, _UNKNOWN)
        headers = ((b"grpc-status", str(status).encode()), (b"grpc-message", text.encode()), *problem.extra_headers())
        return Response(b"", 200, MEDIA_TYPE, headers, means=problem.http_status)

    def decode(self, request: Request, model: ServedModel) -> Call:
        """Read the tensors and fit them to the signature."""
        head, raw = grpc.split(_message(request, model), grpc.RAW_INPUTS)
        asking = grpc.read("ModelInferRequest", head)
        protocol.check(model, asking.model_name, asking.model_version)
        if not asking.inputs:
            raise BadInput("the request has no inputs", hint="send at least one tensor", field="inputs")
        if raw and len(raw) != len(asking.inputs):
            raise BadInput(
                f"there are {len(asking.inputs)} inputs and {len(raw)} raw_input_contents",
                hint="send all inputs raw, in their order, or all with contents",
                field="raw_input_contents",
            )
        tensors: Tensors = {}
        for i, tensor in enumerate(asking.inputs):
            protocol.refuse_extensions(tensor.parameters)
            if raw and tensor.HasField("contents"):
                raise BadInput("an input has contents and raw contents", hint="send one of them", field=tensor.name)
            found = protocol.raw_input(tensor.name, tensor.datatype, list(tensor.shape), raw[i]) if raw else _typed(tensor)
            protocol.add(tensors, *found)
        for output in asking.outputs:
            protocol.refuse_extensions(output.parameters)
        params = protocol.params_for(_values(asking.parameters), model)
        return call_for(tensors, model, params, Asked(asking.id, [output.name for output in asking.outputs] or None))

    def encode(self, outputs: Any, call: Call, _request: Request, model: ServedModel) -> Response:
        """Write every output, or those that were asked for, raw."""
        asked: Asked = call.extra
        answer = grpc.message("ModelInferResponse")(
            model_name=model.spec.model_name, model_version=str(model.spec.revision), id=asked.id
        )
        raw = []
        for name, array in protocol.selected(outputs, model, asked.names).items():
            kind = datatype(array)
            answer.outputs.add(name=name, datatype=kind, shape=array.shape)
            raw.append(to_raw(array, kind))
        return _framed(grpc.joined(answer.SerializeToString(), grpc.RAW_OUTPUTS, raw))


def _unary(name: str, answer: Callable[[Any, ServedModel], dict[str, Any]]) -> Callable[[Request, ServedModel], Response]:
    """Return the answer to a method that asks no prediction."""

    def respond(request: Request, model: ServedModel) -> Response:
        asking = grpc.read(f"{name}Request", _message(request, model))
        return _framed([grpc.message(f"{name}Response")(**answer(asking, model)).SerializeToString()])

    return respond


def _ready(asking: Any, model: ServedModel) -> dict[str, Any]:
    protocol.check(model, asking.name, asking.version)
    return {"ready": True}


def _metadata(asking: Any, model: ServedModel) -> dict[str, Any]:
    protocol.check(model, asking.name, asking.version)
    return protocol.metadata(model)


def _refuse(request: Request, _model: ServedModel) -> Response:
    method = request.values["method"][:100]
    hint = "call ModelInfer for each request" if method == "ModelStreamInfer" else "metadata, readiness and ModelInfer are"
    raise NotSupported(f"{method} is not offered", hint=hint)


def _framed(pieces: Sequence[bytes | memoryview]) -> Response:
    size = sum(piece.nbytes if isinstance(piece, memoryview) else len(piece) for piece in pieces)
    return Response(b"".join([grpc.FRAME.pack(0, size), *pieces]), 200, MEDIA_TYPE)


def _message(request: Request, model: ServedModel) -> memoryview:
    """Return the one message of a body, unpacked, if it is for this revision."""
    revision = request.headers.get(REVISION)
    if revision is not None and revision != str(model.spec.revision).encode():
        raise PathUnknown(
            "this revision does not run", hint="`mdeploy get ID` shows those that do; without x-mdeploy-revision one is chosen"
        )
    body = request.body
    if len(body) < grpc.FRAME.size:
        raise BadInput("the call has no message", hint="send one framed message")
    packed, size = grpc.FRAME.unpack_from(body)
    message = memoryview(body)[grpc.FRAME.size :]
    if size != len(message):
        raise BadInput("the call must have one message, and whole", hint="streams are not offered")
    if not packed:
        return message
    limit = model.spec.template.runtime.max_payload
    return memoryview(unpacked(message, request.header(b"grpc-encoding"), limit))


def _typed(tensor: Any) -> tuple[str, NDArray[Any]]:
    """Return an input that came with typed contents."""
    import numpy as np

    name, kind, shape = declared(tensor.name, tensor.datatype, list(tensor.shape))
    field = _CONTENTS.get(kind)
    if field is None:
        raise BadInput(f"{kind} has no typed contents", hint="send raw_input_contents", field=name)
    contents = tensor.contents
    values = getattr(contents, field)
    if kind in _PACKED:
        packed = grpc.split(memoryview(contents.SerializeToString()), _PACKED[kind])[1]
        array: NDArray[Any] = np.frombuffer(packed[0] if packed else b"", dtype=DATATYPES[kind])
    elif kind == "BYTES":
        array = np.empty(len(values), dtype=object)
        array[:] = list(values)
    else:
        array = np.array(values[:], dtype="i8" if kind.startswith("INT") else "u8" if kind.startswith("UINT") else "?")
        array = _narrowed(name, kind, array)
    return name, shaped(name, array, shape)


def _narrowed(name: str, kind: str, array: NDArray[Any]) -> NDArray[Any]:
    """Return integers in their own width, because the contents have no narrow ones."""
    import numpy as np

    dtype = np.dtype(DATATYPES[kind])
    if array.size and dtype.kind in "iu":
        known = np.iinfo(dtype)
        if array.min() < known.min or array.max() > known.max:
            raise BadInput(f"a value of {name!r} is too large for {kind}", field=name, expected=kind)
    return array.astype(dtype)


def _values(parameters: Any) -> dict[str, Any]:
    return {key: getattr(value, value.WhichOneof("parameter_choice") or "bool_param") for key, value in parameters.items()}


def _script(model: ServedModel) -> str:
    """Return a Python script that works once its address and token are filled in."""
    from mdeploy_lab.runtime.protocols.oip import DIALECT as HTTP

    inputs = HTTP.describe(model).body["inputs"]
    lines = [
        "import numpy as np",
        "import tritonclient.grpc as triton",
        "",
        'client = triton.InferenceServerClient("GATEWAY:PORT")',
        "inputs = []",
    ]
    for tensor in inputs:
        name, kind, shape = tensor["name"], tensor["datatype"], tensor["shape"]
        dtype = "object" if kind == "BYTES" else f'"{DATATYPES[kind]}"'
        data = tensor["data"] if len(tensor["data"]) <= _SHOWN else None
        values = f"np.array({data!r}, dtype={dtype}).reshape({shape})" if data is not None else f"np.zeros({shape}, {dtype})"
        lines += [
            f"tensor = triton.InferInput({_quoted(name)}, {shape}, {_quoted(kind)})",
            f"tensor.set_data_from_numpy({values})",
            "inputs.append(tensor)",
        ]
    headers = f'{{"x-mdeploy-deployment": {_quoted(model.spec.deployment)}, "authorization": "Bearer TOKEN"}}'
    lines += [
        f"answer = client.infer({_quoted(model.spec.model_name)}, inputs, headers={headers})",
        "print({output.name: answer.as_numpy(output.name) for output in answer.get_response().outputs})",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_SHOWN = 64
"""Values of a tensor that an example shows."""

DIALECT = OpenInferenceGrpc()
