"""MLflow's scoring protocol: ``POST /invocations``, as ``mlflow models serve`` answers it, with its flaws mended.

Mended: a body without Content-Type is JSON (there: 500), errors name the field and the expected type and never repeat the data,
a failure inside the model is 500 and not the caller's fault, and a missing number in an answer is ``null`` (there: NaN, which
is no JSON).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from mdeploy_lab.runtime.dialect import JSON, Call, Dialect, Example, Request, Response, Route
from mdeploy_lab.runtime.encoding import encode
from mdeploy_lab.runtime.problems import BadInput, BodyTooLarge, MediaTypeUnknown, RequestProblem
from mdeploy_lab.runtime.schema import FORMATS, diagnose, example_body, expected, json_type, meant_for

if TYPE_CHECKING:
    from mdeploy_lab.runtime.loader import ServedModel

CSV = "text/csv"
EVENT_STREAM = "text/event-stream"
"""What a caller accepts who wants the answer piece by piece."""
PARQUET = ("application/vnd.apache.parquet", "application/x-parquet")

PARQUET_EXPANSION = 10
"""How many times ``max_payload`` a Parquet file may unpack to."""


class Invocations(Dialect):
    """MLflow."""

    name = "invocations"
    title = "MLflow scoring server"
    content_types = (JSON, CSV, PARQUET[0])
    multi_io = True

    def routes(self) -> tuple[Route, ...]:
        """Return the one path."""
        return (Route("POST", "/invocations", decode=self.decode, encode=self.encode),)

    def describe(self, model: ServedModel) -> Example:
        """Return the model's own example."""
        return Example("/invocations", example_body(model))

    def error(self, problem: RequestProblem) -> dict[str, Any]:
        """Return our body with MLflow's ``error_code``."""
        return {"error_code": problem.error_code, **problem.to_body()}

    def decode(self, request: Request, model: ServedModel) -> Call:
        """Read a body by its media type."""
        kind = self._media_type(request)
        if kind == CSV:
            return Call(read_csv(request.body, model))
        if kind in PARQUET:
            return Call(read_parquet(request.body, PARQUET_EXPANSION * model.spec.template.runtime.max_payload))
        call = read_json(request.body, model)
        call.stream = EVENT_STREAM in request.header(b"accept")
        return call

    def encode(self, outputs: Any, call: Call, _request: Request, _model: ServedModel) -> Response:
        """Write ``{"predictions": …}``; a chat-style request gets the answer bare, as in MLflow."""
        body = encode(outputs)
        return Response(body if call.extra == "bare" else b'{"predictions":' + body + b"}")

    def _media_type(self, request: Request) -> str:
        kind, *parameters = [part.strip() for part in request.header(b"content-type").split(";")]
        kind = kind.lower() or JSON
        for parameter in filter(None, parameters):
            name, _, value = parameter.partition("=")
            if name.strip().lower() != "charset":
                raise MediaTypeUnknown(
                    "the Content-Type has a parameter that is not known", hint="only charset=utf-8 is understood"
                )
            if value.strip().strip('"').lower().replace("_", "-") not in ("utf-8", "utf8"):
                raise MediaTypeUnknown("only UTF-8 is supported", hint="send the body in UTF-8")
        if kind not in (JSON, CSV, *PARQUET):
            raise MediaTypeUnknown(
                "this media type is not supported by /invocations",
                hint=f"send {JSON}, {CSV} or {PARQUET[0]}",
                details={"supported": [JSON, CSV, PARQUET[0]]},
            )
        return kind


def parse_json(body: bytes) -> Any:
    """Return the document, or refuse with the place where it breaks."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass  # what is wrong is said by the slower one, which also takes NaN
    try:
        return json.loads(body)
    except json.JSONDecodeError as error:
        raise BadInput(
            f"the body is not valid JSON: line {error.lineno}, column {error.colno}",
            hint="send one JSON document in UTF-8",
        ) from None
    except RecursionError:
        raise BadInput("the JSON is nested too deeply", hint="send a flat table") from None
    except ValueError:  # not UTF-8, or an integer of thousands of digits
        raise BadInput("the body is not valid JSON in UTF-8", hint="send one JSON document in UTF-8") from None


def read_json(body: bytes, model: ServedModel) -> Call:
    """Read a JSON body in one of MLflow's four forms, or a chat-style one."""
    document = parse_json(body)
    if not isinstance(document, dict):
        raise BadInput(
            f"the body must be a JSON object with one of {', '.join(FORMATS)}, and it is {json_type(document)}",
            hint='wrap the rows, such as {"inputs": [[…]]}',
        )
    return read_document(document, model)


def read_document(document: dict[str, Any], model: ServedModel) -> Call:
    """Read a document in one of MLflow's forms; other dialects bring theirs into one of them."""
    if model.plan is not None and (matrix := model.plan.reader.read(document)) is not None:
        return Call(None, matrix=matrix)
    if any(key in document for key in ("messages", "prompt", "input")):
        return _chat(document, model)
    params = document.get("params")
    if params is not None and not isinstance(params, dict):
        raise BadInput("params must be an object", hint='send {"params": {"name": value}}', field="params")
    forms = [key for key in FORMATS if key in document]
    if len(forms) != 1:
        raise BadInput(
            f"the body must have exactly one of {', '.join(FORMATS)}, and it has "
            + (" and ".join(forms) if forms else "none of them"),
            hint=meant_for(document) or "see / for a body that works",
        )
    if model.typed_by_hints:
        if forms != ["inputs"]:
            raise BadInput("this model takes its input under the key inputs", hint='send {"inputs": …}')
        return Call(document["inputs"], params)
    if model.speaks_for_itself and model.input_schema is None and forms == ["inputs"]:
        return Call(as_sent(document["inputs"]), params)
    return Call(_table({forms[0]: document[forms[0]]}, model), params)


def as_sent(value: Any) -> Any:
    """Return inputs for code that declares none: lists of numbers as arrays, also within an object; the rest as it was sent."""
    import numpy as np

    if isinstance(value, dict):
        return {name: as_sent(inner) if isinstance(inner, list) else inner for name, inner in value.items()}
    if isinstance(value, list):
        try:
            array = np.asarray(value)
        except (ValueError, OverflowError):  # ragged, or too large for a number
            return value
        return array if array.dtype.kind in "biuf" else value
    return value


def _chat(document: dict[str, Any], model: ServedModel) -> Call:
    known = {param.name for param in model.params_schema.params} if model.params_schema else set()
    params = {key: value for key, value in document.items() if key in known}
    data = {key: value for key, value in document.items() if key not in known}
    return Call(data, params, extra="bare")


def _table(document: Mapping[str, Any], model: ServedModel) -> Any:
    """Return what MLflow makes of the document; its refusals become ours, without the data."""
    from mlflow.exceptions import MlflowException
    from mlflow.utils.proto_json_utils import dataframe_from_parsed_json, parse_tf_serving_input

    ((form, value),) = document.items()
    try:
        if form.startswith("dataframe_"):
            return dataframe_from_parsed_json(value, pandas_orient=form[10:], schema=model.input_schema)
        return parse_tf_serving_input(dict(document), schema=model.input_schema)
    except MlflowException:
        pass
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError):
        pass  # MLflow's parser trips over shapes that it does not expect; the caller gets the same 400
    raise diagnose(document, model.input_schema) or BadInput(
        f"{form} does not hold a table that fits this model",
        hint=f"expected: {expected(model.input_schema)}",
        field=form,
    )


def read_csv(body: bytes, model: ServedModel) -> Any:
    """Read CSV with a header line; columns take the types of the signature."""
    import pandas as pd

    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput("the CSV is not UTF-8", hint="send the body in UTF-8") from None
    schema = model.input_schema
    types = None
    if schema is not None and not schema.is_tensor_spec():
        types = dict(zip(schema.input_names(), schema.pandas_types(), strict=False))
    try:
        return pd.read_csv(io.StringIO(text), dtype=types)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError):  # pandas' parser errors are ValueErrors
        raise BadInput(
            "the CSV cannot be read as a table that fits this model",
            hint=f"first line: column names; expected: {expected(schema)}",
        ) from None


def read_parquet(body: bytes, limit: int) -> Any:
    """Read a Parquet file that does not unpack to more than ``limit`` bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(body))
        found = file.metadata
        size = sum(found.row_group(i).total_byte_size for i in range(found.num_row_groups))
        if max(size, found.num_rows * found.num_columns) > limit:
            raise BodyTooLarge("the Parquet file unpacks to more than this model accepts", hint="send fewer rows at a time")
        return file.read().to_pandas()
    except (pa.ArrowException, ValueError, TypeError, OSError, KeyError):
        raise BadInput("the body is not a readable Parquet file", hint="send what DataFrame.to_parquet writes") from None


DIALECT = Invocations()
