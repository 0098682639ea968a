"""What the panel asks the user's kernel: which models and frames it holds, rows of them, and what its own model answers.

Called from JupyterLab in a silent request's ``user_expressions``, so it leaves no trace in the history, ``Out`` or ``_``. It
imports neither pandas nor mlflow, and every answer is bounded. The display formatter makes JSON of an answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from mdeploy_lab.errors import InvalidInput, MDeployError
from mdeploy_lab.notebook.plain import TEXT, Plainer
from mdeploy_lab.notebook.tables import COLUMNS, Frame, frame_of
from mdeploy_lab.notebook.variables import model_names

NAMES = 200
"""Variables that are told at most."""
ROWS = 1000
"""Rows of one answer."""
_UNSET = object()


class Answer:
    """A JSON document for the display formatter, which the front end reads as ``application/json``."""

    def __init__(self, value: dict[str, Any]) -> None:
        self._value = value

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {"application/json": self._value}

    def __repr__(self) -> str:
        return "<answer to the panel>"


def models(shell: Any = None) -> Answer:
    """Return the variables that hold models: ``{"models": [{"name", "type"}]}``."""
    space = _space(shell)
    return Answer({"models": [{"name": n, "type": _type_name(space[n])} for n in model_names(space)[:NAMES]]})


def frames(shell: Any = None) -> Answer:
    """Return the variables that hold tables: ``{"frames": [{"name", "type", "rows", "columns": [{"name", "type"}]}]}``."""
    found: list[dict[str, Any]] = []
    for name, value in sorted(_space(shell).items()):
        table = frame_of(value) if not name.startswith("_") else None
        if table is not None and len(found) < NAMES:
            columns = [{"name": n, "type": t} for n, t in table.columns[:COLUMNS]]
            found.append({"name": name, "type": type(value).__name__, "rows": table.length, "columns": columns})
    return Answer({"frames": found})


def rows(frame: str, start: int = 0, count: int = 1, shell: Any = None) -> Answer:
    """Return ``count`` rows from ``start``: ``{"columns", "start", "rows"}``; fewer at the end, and at most ``ROWS``."""
    return _told(lambda: _rows(_space(shell), frame, start, count))


def answer(
    model: str,
    frame: str,
    start: int = 0,
    count: int = 1,
    method: str = "predict",
    columns: Sequence[str] = (),
    shell: Any = None,
) -> Answer:
    """Let the kernel's own model answer rows of a frame: ``{"model", "method", "values", "milliseconds"}``.

    ``columns`` are those that the model takes, all when there are none: a frame often holds the target too.
    """
    return _told(lambda: _answer(_space(shell), (model, method), frame, (start, count), columns))


def _told(ask: Callable[[], dict[str, Any]]) -> Answer:
    """Return what was found, or why not in one line."""
    try:
        return Answer(ask())
    except MDeployError as error:
        return Answer({"error": error.message, "hint": error.hint})
    except Exception as error:  # noqa: BLE001  # the user's own model or data may raise anything
        return Answer({"error": f"{type(error).__name__}: {error}"[:TEXT], "hint": ""})


def _space(shell: Any) -> dict[str, Any]:
    from IPython.core.getipython import get_ipython

    found = shell if shell is not None else get_ipython()
    return dict(found.user_ns) if found is not None else {}


def _rows(space: dict[str, Any], frame: str, start: int, count: int) -> dict[str, Any]:
    table = _known(space, frame)
    first = max(0, int(start))
    part = table.slice(first, max(0, min(int(count), ROWS)))
    return {"columns": [n for n, _ in table.columns[:COLUMNS]], "start": first, "rows": table.lists(part)}


def _answer(
    space: dict[str, Any], by: tuple[str, str], frame: str, where: tuple[int, int], columns: Sequence[str]
) -> dict[str, Any]:
    model, method = by
    asked = space.get(model, _UNSET)
    if asked is _UNSET:
        raise InvalidInput(f"there is no variable {model!r}", hint="run the cell that makes it first")
    ask = asked if method == "__call__" else getattr(asked, method, None)
    if not callable(ask):
        raise InvalidInput(f"{model} has no method {method}", hint="choose the method that was deployed")
    table = _known(space, frame)
    part = table.slice(max(0, where[0]), max(0, min(where[1], ROWS)))
    if columns:
        part = table.only(part, columns)
    began = time.perf_counter()
    value = ask(part)
    took = (time.perf_counter() - began) * 1000
    return {"model": model, "method": method, "values": Plainer().plain(value), "milliseconds": took}


def _known(space: dict[str, Any], name: str) -> Frame:
    value = space.get(name, _UNSET)
    if value is _UNSET:
        raise InvalidInput(f"there is no variable {name!r}", hint="run the cell that makes it first")
    table = frame_of(value)
    if table is None:
        raise InvalidInput(f"{name} is no table", hint="choose a DataFrame, an array, or a list of rows")
    return table


def _type_name(value: Any) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ in {"builtins", "__main__"} else f"{kind.__module__}.{kind.__qualname__}"
