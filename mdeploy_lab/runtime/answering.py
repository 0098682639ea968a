"""One request in the worker thread: decode, predict, encode; and whose fault it is when the model objects.

MLflow blames the caller for everything (400). Here the caller is blamed for what they can mend: a schema that is not met, a
missing or infinite number, no rows, or a value that the library's own validation refuses. The rest is the model's
failure (500).
"""

from __future__ import annotations

import contextvars
import logging
import re
import traceback
from collections.abc import Callable, Generator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from mdeploy_lab.runtime.dialect import Call, Request, Response, Route, Streamed
from mdeploy_lab.runtime.encoding import encode
from mdeploy_lab.runtime.problems import BadInput, ModelRaised, NotSupported, RequestProblem
from mdeploy_lab.runtime.schema import expected, missing_columns, type_name

if TYPE_CHECKING:
    from mdeploy_lab.runtime.loader import ServedModel

log = logging.getLogger("mdeploy.model")

CHECKING = ("sklearn.utils.validation", "sklearn.utils._encode", "sklearn.preprocessing", "sklearn.base")
"""Modules whose ValueErrors speak of the input."""

_WIDTH = re.compile(r"X has (\d+) features, but \w+ is expecting (\d+) features")


def answer(route: Route, request: Request, model: ServedModel) -> Response:
    """Return the answer to a prediction request.

    Raises
    ------
    RequestProblem
        Everything else is turned into one.
    """
    if route.decode is None:
        raise TypeError(f"{route.path} is no prediction")
    return asked(route.decode(request, model), route, request, model)


def asked(call: Call, route: Route, request: Request, model: ServedModel) -> Response:
    """Return the answer to what was read already, whole or piece by piece."""
    if call.stream:
        return streamed(call, request, model)
    return encoded(predict(call, model), call, route, request, model)


END = object()


def streamed(call: Call, request: Request, model: ServedModel) -> Streamed:
    """Return an answer piece by piece, as server-sent events; what fails before the first piece still has its own status.

    Raises
    ------
    NotSupported
        When the model has no ``predict_stream``.
    """
    stream = model.stream
    if stream is None:
        raise NotSupported("this model answers whole: it has no predict_stream", hint="ask without Accept: text/event-stream")
    inputs = call.inputs if call.matrix is None or model.plan is None else model.plan.reader.frame(call.matrix)
    context = contextvars.copy_context()  # MLflow's generators want every step in the same one
    try:
        pieces = iter(stream(inputs, call.params))
        first = context.run(next, pieces, END)
    except Exception as error:
        raise _problem(error, inputs, model) from error
    steps = _events(first, lambda: context.run(next, pieces, END), lambda: context.run(_close, pieces), request, model)
    return Streamed(b"", content_type="text/event-stream; charset=utf-8", pieces=steps)


def _close(pieces: Iterator[Any]) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()


def _events(
    first: Any, following: Callable[[], Any], close: Callable[[], None], request: Request, model: ServedModel
) -> Generator[bytes, None, None]:
    piece = first
    try:
        while piece is not END:
            yield b"data: " + encode(piece) + b"\n\n"
            piece = following()
    except Exception as error:  # noqa: BLE001  # the model's code may raise anything; the status has been sent
        problem = _problem(error, None, model)
        problem.details.setdefault("request_id", request.request_id)
        yield b"event: error\ndata: " + encode(problem.to_body()) + b"\n\n"
        return
    finally:
        close()
    yield b"data: [DONE]\n\n"


def encoded(outputs: Any, call: Call, route: Route, request: Request, model: ServedModel) -> Response:
    """Return the model's answer in the request's dialect.

    Raises
    ------
    RequestProblem
        Also when the dialect has no form for such an answer.
    """
    if route.encode is None:
        raise TypeError(f"{route.path} is no prediction")
    try:
        return route.encode(outputs, call, request, model)
    except RequestProblem:
        raise
    except Exception as error:  # the answer is the model's: any type, any broken __array__ or __iter__
        log.exception("the model's answer cannot be written")
        raise ModelRaised(
            f"the model answered with {type(outputs).__name__}, which has no form in this dialect",
            hint="return an array, a table, a list or a dict of plain values",
        ) from error


def predict(call: Call, model: ServedModel) -> Any:
    """Return the model's answer, or say what is wrong."""
    if call.matrix is not None:
        return _predict_matrix(call.matrix, model)
    try:
        return model.predict(call.inputs, call.params)
    except Exception as error:  # the model's code may raise anything
        raise _problem(error, call.inputs, model) from error


def _problem(error: Exception, inputs: Any, model: ServedModel) -> RequestProblem:
    """Return what a caller is told of what the model raised."""
    from mlflow.exceptions import MlflowException

    if isinstance(error, RequestProblem):
        return error
    if isinstance(error, MlflowException):
        if error.get_http_status_code() < 500:  # noqa: PLR2004  # MLflow says that the caller can mend it
            return _misfit(error, inputs, model)
        return _raised(error)
    return _told(error, inputs, model)


def _predict_matrix(matrix: Any, model: ServedModel) -> Any:
    """Return the answer of the short way; what it raises is told as for the table that the matrix stands for."""
    plan = model.plan
    if plan is None:
        raise TypeError("a matrix was read without a plan")
    try:
        return plan.answer(matrix)
    except Exception as error:  # the model's code may raise anything
        raise _told(error, plan.reader.frame(matrix), model) from error


def _told(error: Exception, inputs: Any, model: ServedModel) -> RequestProblem:
    problem = _refused(error, inputs, model)
    if problem is None:
        return _raised(error)
    log.warning("the model refused an input: %s", type(error).__name__, exc_info=error)
    return problem


def _misfit(error: Any, inputs: Any, model: ServedModel) -> BadInput:
    """Return MLflow's refusal in our words: which field, which type."""
    schema = model.input_schema
    if "arameter" in error.message and "Failed to enforce" not in error.message:
        specs = model.params_schema.params if model.params_schema else []
        wanted = ", ".join(f"{spec.name} ({spec.dtype})" for spec in specs)
        problem = BadInput(
            "a value in params does not have the type of the signature", hint=f"expected: {wanted}", field="params"
        )
    else:
        problem = _field_misfit(inputs, schema) or BadInput(
            "the input does not fit the model's signature", hint=f"expected: {expected(schema)}"
        )
    problem.error_code = error.error_code
    return problem


def _field_misfit(inputs: Any, schema: Any) -> BadInput | None:
    import pandas as pd

    if schema is None or schema.is_tensor_spec():
        return None
    if isinstance(inputs, dict):
        columns = {name: getattr(value, "dtype", type(value).__name__) for name, value in inputs.items()}
    else:
        try:
            frame = inputs if isinstance(inputs, pd.DataFrame) else pd.DataFrame(inputs)
        except (ValueError, TypeError):
            return None
        columns = dict(zip(frame.columns, frame.dtypes, strict=True))
    if not schema.has_input_names():
        wanted = len(schema.inputs)
        if len(columns) >= wanted:
            return None
        return BadInput(f"the model takes {wanted} columns, and the input has {len(columns)}")
    missing = [spec.name for spec in schema.inputs if spec.required and spec.name not in columns]
    if missing:
        return missing_columns(missing, list(columns), schema)
    return _type_misfit(columns, schema)


def _type_misfit(columns: dict[Any, Any], schema: Any) -> BadInput | None:
    for spec in schema.inputs:
        found = columns.get(spec.name)
        kind = getattr(spec.type, "to_numpy", None)
        if found is None or kind is None or kind() == found:
            continue
        if getattr(found, "kind", "") == "f" and kind().kind == "f" and found.itemsize <= kind().itemsize:
            continue
        return BadInput(
            f"column {spec.name!r} must be {type_name(spec)}, and it came as {found}",
            hint="cast it, or fit the model on the type that you send",
            field=str(spec.name),
            expected=type_name(spec),
        )
    return None


def _refused(error: Exception, inputs: Any, model: ServedModel) -> BadInput | None:
    """Return a refusal when the input explains the exception, else None."""
    if not isinstance(error, ValueError | TypeError | KeyError | IndexError | OverflowError):
        return None
    if (problem := _unusable(inputs, model)) is not None:
        return problem
    if match := _WIDTH.search(str(error)):
        return BadInput(f"the model takes {match[2]} columns, and the input has {match[1]}")
    if isinstance(error, ValueError) and _innermost(error.__traceback__).startswith(CHECKING):
        return BadInput(
            "the model's own validation refused a value of the input",
            hint="a value lies outside of what the model was fitted on, such as an unknown category; see the log",
        )
    if model.input_schema is None and not model.speaks_for_itself:
        return BadInput(
            f"the model refused the input ({type(error).__name__}); it has no signature to check against",
            hint="save the model with an input example, so that errors name the field",
        )
    return None


def _unusable(inputs: Any, model: ServedModel) -> BadInput | None:
    """Return what is wrong with the values: no rows, missing, or infinite ones."""
    import numpy as np
    import pandas as pd

    try:
        frame = inputs if isinstance(inputs, pd.DataFrame) else pd.DataFrame(np.asarray(inputs))
    except (ValueError, TypeError):
        return None
    if frame.shape[0] == 0 or frame.shape[1] == 0:
        return BadInput("the input has no rows", hint="send at least one row")
    names = {spec.name: type_name(spec) for spec in model.input_schema.inputs} if model.input_schema else {}
    for name in frame.columns:
        column = frame[name]
        if isinstance(column, pd.DataFrame):
            return BadInput("a column occurs twice", hint="send every column once", field=str(name))
        for test, what in ((pd.isna(column), "no value"), (_too_large(column), "an infinite or too large value")):
            if test.any():
                row = int(np.argmax(np.asarray(test)))
                return BadInput(
                    f"column {str(name)!r} has {what} in row {row}, which this model does not accept",
                    hint="fill it in before sending, or add an imputer to the model",
                    field=str(name),
                    expected=names.get(name, "a number"),
                    row=row,
                )
    return None


def _too_large(column: Any) -> Any:
    import numpy as np

    if column.dtype.kind != "f":
        return np.zeros(len(column), dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        return ~np.isfinite(column.to_numpy().astype(np.float32))


def _innermost(trace: TracebackType | None) -> str:
    name = ""
    while trace is not None:
        name = str(trace.tb_frame.f_globals.get("__name__", ""))
        trace = trace.tb_next
    return name


def _raised(error: Exception) -> ModelRaised:
    log.error("the model raised %s", type(error).__name__, exc_info=error)
    frames = traceback.extract_tb(error.__traceback__)
    where = ""
    if frames:
        last = frames[-1]
        where = f" in {last.name} ({last.filename.rsplit('/', 1)[-1]}, line {last.lineno})"
    return ModelRaised(
        f"the model raised {type(error).__name__}{where}",
        hint="the deployment's log has the traceback under this request id",
        details={"type": type(error).__name__},
    )
