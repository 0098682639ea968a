"""The short way of a table of numbers from a body to the model: one array, no enforcement, no DataFrame where none is needed.

MLflow makes a DataFrame of every body and then walks over its columns; for one row that takes longer than most models. A table
that is plainly what the signature wants needs neither: its columns are there by name, its values are of the wanted types. Only
such a table is read here (``readers``). Everything else, right or wrong, goes the long way through MLflow, which therefore
decides what is accepted and what an error says; property tests hold the two ways together.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mdeploy_lab.runtime import forests, rowwise
from mdeploy_lab.runtime.readers import DTYPES, MIXED, MixedReader, Reader, TensorReader

if TYPE_CHECKING:
    from mdeploy_lab.runtime.loader import ServedModel

log = logging.getLogger(__name__)

_ROWS = 4
"""Rows on which the short way is compared with the long one before it is taken."""
_ROUNDING = 1e-12
_MATRIX = 2
"""Axes from which a tensor has rows."""


@dataclass(frozen=True)
class Plan:
    """How this model answers a matrix."""

    reader: Reader
    answer: Callable[[Any], Any]
    """Takes (rows, columns) and returns what the model's method returns for the table."""
    rowwise: bool
    """Whether the answer to some rows together is that to each of them."""


def plan_for(model: ServedModel) -> Plan | None:
    """Return the short way of a model, None when it has none or when the two ways do not agree on its example."""
    reader = _reader(model)
    if reader is None:
        return None
    wanted = model.spec.template.runtime.batching
    if model.speaks_for_itself:  # a script is not asked about rows that are made up: it may do anything with them
        function = _by_frame(model, reader)
        return Plan(reader, function, rowwise=wanted == "on") if function is not None else None
    if model.unchecked is None:
        return Plan(reader, lambda matrix: model.predict(reader.frame(matrix)), rowwise=True) if wanted == "on" else None
    together = wanted == "on" or (wanted == "auto" and rowwise.is_rowwise(model))
    by_frame = _by_frame(model, reader)
    for answer in filter(None, (*_by_array(model), by_frame)):
        if _agrees(model, reader, answer, raising=answer is by_frame and isinstance(reader, MixedReader)):
            return Plan(reader, answer, together)
    return None


def _reader(model: ServedModel) -> Reader | None:
    schema = model.input_schema
    if schema is None or model.typed_by_hints or model.params_schema is not None:
        return None
    if schema.is_tensor_spec():
        return _tensor_reader(schema)
    names = schema.input_names() if schema.has_input_names() else []
    if not names or len(set(names)) != len(names):
        return None
    kinds = [getattr(spec.type, "name", "") for spec in schema.inputs]
    if len(set(kinds)) == 1 and kinds[0] in DTYPES:
        return Reader(names, DTYPES[kinds[0]])
    if all(kind in MIXED for kind in kinds):
        return MixedReader(names, [MIXED[kind] for kind in kinds])
    return None


def _tensor_reader(schema: Any) -> Reader | None:
    if len(schema.inputs) != 1 or schema.has_input_names():
        return None
    (spec,) = schema.inputs
    if len(spec.shape) < _MATRIX or spec.shape[0] != -1 or min(spec.shape[1:]) < 1 or spec.type.name not in DTYPES.values():
        return None
    return TensorReader(spec.shape, spec.type.name)


def _by_array(model: ServedModel) -> Iterator[Callable[[Any], Any] | None]:
    """Yield the estimator's own method on an array, where it does not choose columns by their names; a forest's trees first."""
    estimator = rowwise.estimator_of(model)
    if estimator is None or not rowwise.takes_arrays(estimator):
        return
    plain = rowwise.nameless(estimator)
    found = getattr(plain, model.method, None)
    if callable(found):
        yield forests.direct(plain, model.method)
        yield found


def _by_frame(model: ServedModel, reader: Reader) -> Callable[[Any], Any] | None:
    """Return the model on a frame (or tensor), past the enforcement of a schema that is met."""
    function = model.unchecked
    frame = reader.frame
    return (lambda matrix: function(frame(matrix))) if function is not None else None


def _agrees(model: ServedModel, reader: Reader, answer: Callable[[Any], Any], *, raising: bool) -> bool:
    """Return whether an answer is that of the long way, on the model's own rows or else on a few made up.

    ``raising``: it is enough that both ways refuse the rows in the same way, as words that are made up will be.
    """
    import numpy as np

    matrix = _rows(model, reader)
    frame = reader.frame(matrix)
    try:
        long = model.predict(frame)
    except Exception as error:  # noqa: BLE001  # rows that are made up may be none that the model takes
        return raising and _raises(answer, matrix, type(error))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            short = answer(matrix)
    except Exception:  # noqa: BLE001  # a warning is a difference too: it would be logged at each request
        return False
    if type(short) is not type(long):
        return False
    ours, theirs = np.asarray(short), np.asarray(long)
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return False
    if ours.dtype.kind == "f":  # trees that are summed by several threads differ in the last bits from one time to the next
        return bool(np.allclose(ours, theirs, rtol=_ROUNDING, atol=0.0, equal_nan=True))
    return bool(np.array_equal(ours, theirs))


def _raises(answer: Callable[[Any], Any], matrix: Any, kind: type[Exception]) -> bool:
    try:
        answer(matrix)
    except Exception as error:  # noqa: BLE001  # compared, not handled
        return type(error) is kind
    return False


def _rows(model: ServedModel, reader: Reader) -> Any:
    body = model.own_example or {}
    for form in ("dataframe_split", "inputs"):
        if form in body and (given := reader.read({form: body[form]})) is not None:
            return given[:_ROWS]
    return reader.made_up(_ROWS)
