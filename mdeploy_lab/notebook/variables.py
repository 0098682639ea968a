"""The user's variables on a magic's line: models, rows, and which of them could be meant."""

from __future__ import annotations

import difflib
import inspect
import os
import re
import types
from collections.abc import Mapping
from typing import Any

from IPython.core.error import UsageError

_REFERENCE = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*:/|[./~]|\w:\\)")
_WORD = re.compile(r"[A-Za-z_]\w*")


def holds_model(value: Any) -> bool:
    """Return whether a variable's value is offered as a model: it has ``predict`` and is neither module nor class."""
    if isinstance(value, types.ModuleType | type):
        return False
    try:
        return callable(inspect.getattr_static(value, "predict", None) and value.predict)
    except Exception:  # noqa: BLE001  # a property of the user's object may raise anything
        return False


def model_names(namespace: Mapping[str, Any]) -> list[str]:
    """Return the variables that hold models."""
    from mdeploy_lab.client.show import ShownDeployment

    return sorted(
        name
        for name, value in list(namespace.items())
        if not name.startswith("_") and not isinstance(value, ShownDeployment) and holds_model(value)
    )


def model_of(text: str, namespace: Mapping[str, Any]) -> Any:
    """Return the model that a word of the line means: a variable, a reference, or an expression.

    Raises
    ------
    UsageError
        When it means nothing, with near variables as the hint.
    """
    if text in namespace:
        return namespace[text]
    if _REFERENCE.match(text) or os.path.exists(text):  # noqa: PTH110  # a word that may be anything
        return text
    if _WORD.fullmatch(text):
        raise _unknown(text, namespace, models=True)
    return value_of(text, namespace)


def value_of(text: str, namespace: Mapping[str, Any]) -> Any:
    """Return the value of an expression in the user's namespace.

    Raises
    ------
    UsageError
        With what went wrong in one line.
    """
    try:
        return eval(text, dict(namespace))  # noqa: S307  # the user's own line in the user's own kernel
    except NameError as error:
        raise _unknown(str(error.name or text), namespace, models=False) from error
    except Exception as error:  # whatever an expression raises is one line for its author
        raise UsageError(
            f"{text} cannot be evaluated: {type(error).__name__}: {error}\n\nhint: give the name of a variable"
        ) from error


def _unknown(name: str, namespace: Mapping[str, Any], *, models: bool) -> UsageError:
    known = model_names(namespace) if models else [n for n in namespace if not n.startswith("_")]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif models and known:
        hint = f"variables that hold models: {', '.join(known[:5])}"
    else:
        hint = "run the cell that makes it first" if not models else "fit a model first, or give models:/NAME/VERSION"
    return UsageError(f"there is no variable {name!r}\n\nhint: {hint}")
