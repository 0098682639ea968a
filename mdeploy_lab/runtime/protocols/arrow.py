"""Our own dialect: ``POST /predict`` with an Arrow stream in and out, so that dtype, shape, index and container survive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.runtime.dialect import Call, Dialect, Example, Request, Response, Route
from mdeploy_lab.runtime.problems import BadInput, MediaTypeUnknown
from mdeploy_lab.runtime.schema import expected
from mdeploy_lab.values import MEDIA_TYPE, decode, encode

if TYPE_CHECKING:
    from mdeploy_lab.runtime.loader import ServedModel


class Arrow(Dialect):
    """Arrow IPC streams."""

    name = "arrow"
    title = "Arrow streams"
    content_types = (MEDIA_TYPE,)
    binary = True
    multi_io = True

    def routes(self) -> tuple[Route, ...]:
        """Return the one path."""
        return (Route("POST", "/predict", decode=self.decode, encode=self.encode),)

    def describe(self, _model: ServedModel) -> Example:
        """Return how to make a body: a stream is no text."""
        return Example("/predict", "mdeploy_lab.values.encode(X), or any table as an Arrow IPC stream", content_type=MEDIA_TYPE)

    def decode(self, request: Request, model: ServedModel) -> Call:
        """Read the stream; a matrix gets the signature's names by position, as in the kernel."""
        if request.media_type not in {"", MEDIA_TYPE, "application/octet-stream"}:
            raise MediaTypeUnknown(
                "this path takes Arrow streams", hint=f"send Content-Type: {MEDIA_TYPE}, or JSON to /invocations"
            )
        try:
            value = decode(request.body)
        except InvalidInput as error:
            raise BadInput(error.message, hint=error.hint) from None
        try:
            return Call(_fit(value, model))
        except (ValueError, TypeError, OverflowError):  # ragged lists, values that no array can hold
            raise BadInput(
                "the value is no table that fits this model", hint=f"expected: {expected(model.input_schema)}"
            ) from None

    def encode(self, outputs: Any, _call: Call, _request: Request, _model: ServedModel) -> Response:
        """Write the answer as it is."""
        return Response(encode(outputs), content_type=MEDIA_TYPE)


def _fit(value: Any, model: ServedModel) -> Any:
    """Return the value as the signature wants it, where that loses nothing."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    if isinstance(value, pa.Table):
        value = value.to_pandas()
    schema = model.input_schema
    if schema is None:
        return value
    if schema.is_tensor_spec():
        return _tensor(value, schema.inputs[0]) if not schema.has_input_names() else value
    rows = value.to_numpy() if isinstance(value, pd.DataFrame) and isinstance(value.columns, pd.RangeIndex) else value
    if isinstance(rows, np.ndarray | list) and schema.has_input_names():
        matrix = np.asarray(rows) if isinstance(rows, list) and not _records(rows) else rows
        if isinstance(matrix, np.ndarray) and matrix.shape[1:] == (len(schema.inputs),):
            value = pd.DataFrame(
                matrix,
                columns=schema.input_names(),
                index=getattr(value, "index", None) if isinstance(value, pd.DataFrame) else None,
            )
    return _widen(value, schema) if isinstance(value, pd.DataFrame) else value


def _tensor(value: Any, spec: Any) -> Any:
    """Return lists in the signature's dtype, and integers as floats where it says so; arrays keep their width."""
    import numpy as np

    if isinstance(value, list):
        value = np.asarray(value)
        return value.astype(spec.type) if value.dtype.kind in "iuf" and spec.type.kind == "f" else value
    widen = isinstance(value, np.ndarray) and value.dtype.kind in "iu" and spec.type.kind == "f"
    return value.astype(spec.type) if widen else value


def _records(rows: list[Any]) -> bool:
    return bool(rows) and isinstance(rows[0], dict)


def _widen(frame: Any, schema: Any) -> Any:
    """Return the frame with integers as doubles where the signature says double: MLflow refuses int64, JSON does not."""
    from mlflow.types import DataType

    wanted = [
        spec.name
        for spec in schema.inputs
        if spec.type in {DataType.double, DataType.float}
        and spec.name in frame.columns
        and getattr(frame.dtypes.get(spec.name), "kind", "") in ("i", "u")
    ]
    return frame.astype(dict.fromkeys(wanted, "float64")) if wanted else frame


DIALECT = Arrow()
