"""The user's variables: where ``deploy`` looks for a model's name and its training data."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FrameType
from typing import Any

OURS = ("mdeploy_lab.", "asyncio", "threading", "concurrent.", "functools", "contextlib", "selectors", "importlib")


def user_namespace() -> Mapping[str, Any] | None:
    """Return the variables of the nearest frame on this thread's stack that is neither ours nor asyncio's."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001  # the interpreter's own interface for this
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if not module.startswith(OURS) and module != "mdeploy_lab":
            return {**frame.f_globals, **frame.f_locals}
        frame = frame.f_back
    return None


def name_of(value: Any, namespace: Mapping[str, Any]) -> str:
    """Return the variable that holds ``value``; nothing when none does or only IPython's history."""
    for name, held in reversed(list(namespace.items())):
        if held is value and not name.startswith("_"):
            return str(name)
    return ""
