"""Foundry's live deployments: ``/transform`` with one table in and out, ``/transform/v2`` with named inputs and outputs.

Both are also under ``/foundry-ml-live/api/inference/transform/<id>``, where Foundry's clients look for them; the id is the
deployment's, and is not looked at by the replica.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mdeploy_lab.runtime.describing import example_of
from mdeploy_lab.runtime.dialect import JSON, Call, Dialect, Example, Request, Response, Route
from mdeploy_lab.runtime.encoding import encode
from mdeploy_lab.runtime.problems import BadInput, MediaTypeUnknown, RequestProblem
from mdeploy_lab.runtime.protocols.invocations import parse_json
from mdeploy_lab.runtime.schema import json_type, meant_for, sample_value
from mdeploy_lab.runtime.tables import call_of_inputs, call_of_rows, output_names, records_of

if TYPE_CHECKING:
    from mdeploy_lab.runtime.loader import ServedModel

LIVE = "/foundry-ml-live/api/inference/transform"
INPUT, OUTPUT = "input_df", "output_df"


class Foundry(Dialect):
    """Foundry's live deployments, one table or named inputs."""

    name = "foundry"
    title = "Foundry live deployment"
    multi_io = True

    def routes(self) -> tuple[Route, ...]:
        """Return both forms under both paths."""
        single = [Route("POST", path, decode=self.decode, encode=self.encode) for path in ("/transform", f"{LIVE}/{{id}}")]
        multi = [
            Route("POST", path, decode=self._decode_named, encode=self._encode_named)
            for path in ("/transform/v2", f"{LIVE}/{{id}}/v2")
        ]
        return (*single, *multi)

    def describe(self, model: ServedModel) -> Example:
        """Return named inputs: one table of the model's own rows, else by the signature."""
        schema = model.input_schema
        if schema is not None and schema.is_tensor_spec() and schema.has_input_names():
            own = example_of(model)
            named = own.inputs if own is not None and own.kind == "named" else {s.name: sample_value(s) for s in schema.inputs}
            return Example("/transform/v2", dict(named))
        return Example("/transform/v2", {INPUT: _rows(model)})

    def error(self, problem: RequestProblem) -> dict[str, Any]:
        """Return Foundry's ``errorCode`` and ``errorName`` beside our own keys."""
        code = "INVALID_ARGUMENT" if problem.http_status < 500 else "INTERNAL"  # noqa: PLR2004  # the caller's fault, or not
        name = "".join(part.capitalize() for part in problem.code.split("_"))
        return {"errorCode": code, "errorName": f"MDeploy:{name}", "parameters": {}, **problem.to_body()}

    def decode(self, request: Request, model: ServedModel) -> Call:
        """Read ``requestData`` and ``requestParams``."""
        body = _body(request)
        if "requestData" not in body:
            raise BadInput(
                "the body must have requestData",
                hint=meant_for(body) or 'send {"requestData": [{…}], "requestParams": {}}',
                field="requestData",
            )
        return call_of_rows(body["requestData"], model, field="requestData", params=_params(body.get("requestParams"), model))

    def encode(self, outputs: Any, _call: Call, _request: Request, model: ServedModel) -> Response:
        """Write ``responseData``: an object for each row."""
        answer = {"modelUuid": model.spec.uid, "responseData": records_of(outputs, model)}
        return Response(encode(answer))

    def _decode_named(self, request: Request, model: ServedModel) -> Call:
        body = _body(request)
        schema = model.input_schema
        known = {param.name for param in model.params_schema.params} if model.params_schema else set()
        params = {name: body.pop(name) for name in known & body.keys()}
        if schema is not None and schema.is_tensor_spec() and schema.has_input_names():
            return call_of_inputs(body, model, params=params)
        if len(body) != 1:
            raise BadInput(
                f"this model has one input, and the body has {len(body)}: {', '.join(sorted(body)[:8])}",
                hint=f'send {{"{INPUT}": [{{…}}]}}',
            )
        ((name, value),) = body.items()
        if isinstance(value, list):
            return call_of_rows(value, model, field=name, params=params)
        return call_of_inputs(value, model, params=params)

    def _encode_named(self, outputs: Any, _call: Call, _request: Request, model: ServedModel) -> Response:
        if isinstance(outputs, dict):
            return Response(encode(outputs))
        names = output_names(model)
        schema = model.output_schema
        if len(names) == 1 and schema.is_tensor_spec():
            return Response(encode({names[0]: outputs}))
        return Response(encode({OUTPUT: records_of(outputs, model)}))


def _body(request: Request) -> dict[str, Any]:
    if request.media_type not in {"", JSON}:
        raise MediaTypeUnknown("this path takes JSON", hint="send Content-Type: application/json")
    body = parse_json(request.body)
    if not isinstance(body, dict):
        raise BadInput(
            f"the body must be a JSON object, and it is {json_type(body)}",
            hint='send {"requestData": [{…}], "requestParams": {}}',
        )
    return body


def _params(given: Any, model: ServedModel) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise BadInput("requestParams must be an object", field="requestParams", expected="object")
    known = {param.name for param in model.params_schema.params} if model.params_schema else set()
    return {name: value for name, value in given.items() if name in known}


def _rows(model: ServedModel) -> Any:
    own, schema = example_of(model), model.input_schema
    if own is not None and own.kind == "table" and own.rows:
        return [dict(zip(own.columns, own.rows[0], strict=True)) if own.columns else list(own.rows[0])]
    if own is not None and own.kind == "value" and isinstance(own.value, list):
        return own.value
    if schema is None:
        return [[1.5, 2.5]]
    if schema.is_tensor_spec():
        return sample_value(schema.inputs[0])
    values = [sample_value(spec) for spec in schema.inputs]
    return [dict(zip(schema.input_names(), values, strict=True)) if schema.has_input_names() else values]


DIALECT = Foundry()
