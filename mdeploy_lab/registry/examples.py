"""Decide which data speaks for a model, and what the model answers to it: signature, example, parity rows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mdeploy_lab.errors import ModelNotSupported
from mdeploy_lab.registry import checks, flavors, forms, frames, parity, silence
from mdeploy_lab.registry.wording import first_line

SLOW = 1.0
"""Seconds for the first few rows beyond which a model is not asked again."""


@dataclass
class Evidence:
    """What data told about a model."""

    signature: Any = None
    signature_from: str = ""
    example: Any = None
    data: Any = None
    parity: dict[str, Any] | None = None
    form: dict[str, Any] = field(default_factory=lambda: forms.PLAIN)
    restore: bool = False
    notes: list[str] = field(default_factory=list)


def gather(
    flavor: flavors.Flavor, obj: Any, *, method: str, title: str, input_example: Any, namespace: Mapping[str, Any] | None
) -> Evidence:
    """Return signature, example and parity rows, as far as there is data that speaks for the model."""
    found = Evidence()
    if input_example is not None:
        _use(found, flavor, obj, method, title, input_example, "input_example")
        return found
    fitting = frames.candidates(namespace or {}, obj)
    names = [c.name for c in fitting]
    if len(fitting) == 1:
        _use(found, flavor, obj, method, title, fitting[0].frame, names[0])
    elif fitting and len({frames.shape(c.frame) for c in fitting}) == 1:
        _schema(found, flavor, obj, method, title, fitting[0].frame)
        found.signature_from = ", ".join(names) if found.signature is not None else ""
        found.notes.append(f"signature from {_listed(names)}, which have the same columns")
        found.notes.append(f"no parity check: several fit; choose one with input_example={names[-1]}")
    elif fitting:
        found.notes.append(f"no signature: {_listed(names)} fit equally; choose one with input_example={names[-1]}")
    else:
        found.notes.append("no signature and no parity check: no data at hand; give rows with input_example=")
    return found


def _listed(names: list[str]) -> str:
    shown = [*names[:4], *([f"{len(names) - 4} more"] if len(names) > 4 else [])]  # noqa: PLR2004  # a line's worth
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def _use(found: Evidence, flavor: flavors.Flavor, obj: Any, method: str, title: str, data: Any, origin: str) -> None:
    if frames.count(data) == 0:
        raise ModelNotSupported(f"{origin} has no rows", hint="give at least one row")
    found.data = data
    first = _schema(found, flavor, obj, method, title, data)
    if found.signature is None:
        return
    shown = min(frames.EXAMPLE_ROWS, frames.count(data))
    found.example = forms.schema_input(frames.rows(data, frames.EXAMPLE_ROWS))
    found.form = forms.form_of(data)
    found.restore = forms.needs_restoring(found.form, data)
    found.signature_from = origin
    found.notes.append(f"signature from {origin} ({shown} row{'s' if shown != 1 else ''})")
    _compare(found, flavor, obj, method, title, data, seconds=first)


def _schema(found: Evidence, flavor: flavors.Flavor, obj: Any, method: str, title: str, data: Any) -> float:
    """Infer the signature, and return how long the model took for a few rows."""
    from mlflow.exceptions import MlflowException
    from mlflow.models import infer_signature

    began = time.perf_counter()
    answers = ask(flavor, obj, method, title, frames.rows(data, frames.EXAMPLE_ROWS))
    seconds = time.perf_counter() - began
    inputs = forms.schema_input(frames.rows(data, frames.SCHEMA_ROWS))
    with silence.quiet():
        try:
            found.signature = infer_signature(inputs, answers)
        except (MlflowException, TypeError, ValueError):
            found.signature = _inputs_only(found, inputs)
    return seconds


def _inputs_only(found: Evidence, inputs: Any) -> Any:
    from mlflow.exceptions import MlflowException
    from mlflow.models import infer_signature

    try:
        return infer_signature(inputs)
    except (MlflowException, TypeError, ValueError) as error:
        found.notes.append(f"no signature: {first_line(error)}")
        return None


def _compare(found: Evidence, flavor: flavors.Flavor, obj: Any, method: str, title: str, data: Any, *, seconds: float) -> None:
    """Take the parity rows, unless the model is slow or answers differently each time."""
    rows = frames.rows(data, frames.EXAMPLE_ROWS if seconds > SLOW else frames.ROWS)
    try:
        document = parity.document(rows, ask(flavor, obj, method, title, frames.rows(rows, frames.ROWS)))
        if seconds <= SLOW:
            again = parity.document(rows, ask(flavor, obj, method, title, frames.rows(rows, frames.ROWS)))
            if again != document:
                found.notes.append("no parity check: the model answers differently each time it is asked")
                return
    except parity.NotComparable as error:
        found.notes.append(f"no parity check: {error}")
        return
    found.parity = document


def ask(flavor: flavors.Flavor, obj: Any, method: str, title: str, data: Any) -> Any:
    """Ask the user's object; its failure is the user's to mend, in one line."""
    try:
        with silence.unlogged():
            return flavors.ask(flavor, obj, method, data)
    except Exception as error:  # the user's code may raise anything
        if type(error).__name__ == "NotFittedError":
            raise checks.not_fitted(obj, title) from error
        asked = f"{title}.{method}" if callable(getattr(obj, method, None)) else title
        raise ModelNotSupported(
            f"{asked} fails on the example: {_reason(error)}",
            hint=f"try {asked}(rows) in a cell, or give other rows with input_example=",
        ) from error


def _reason(error: BaseException) -> str:
    kind, text = type(error).__name__, first_line(error)
    return kind if text == kind else f"{kind}: {text}"
