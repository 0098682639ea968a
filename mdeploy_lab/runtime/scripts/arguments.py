"""Call a user's function with the arguments that it names, and no others."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from mdeploy_lab.errors import ModelNotSupported

ALIASES: Mapping[str, str] = {
    "X": "inputs",
    "features": "inputs",
    "input": "inputs",
    "data": "inputs",
    "model_input": "inputs",
    "parameters": "params",
    "ctx": "context",
    "names": "feature_names",
    "features_names": "feature_names",
    "metadata": "meta",
    "model_path": "path",
    "model_uri": "path",
    "model_dir": "path",
    "payload": "inputs",
    "instances": "inputs",
    "predictions": "outputs",
}
"""Other frameworks' words for the same."""

Plan = list[tuple[str, str, bool]]


class Bound:
    """A function of the script and how it wants to be called."""

    def __init__(self, function: Callable[..., Any], offered: Iterable[str], *, first: str = "") -> None:
        """Take ``function``; its first argument of an unknown name gets ``first``.

        Raises
        ------
        ModelNotSupported
            When it asks for something that there is not.
        """
        self.function = function
        self.where = where(function)
        self._positional: list[str] = []
        self._named: dict[str, str] = {}
        self._plan(set(offered), first)
        self.asks = {*self._positional, *self._named.values()}

    def _plan(self, offered: set[str], first: str) -> None:
        try:
            parameters = list(inspect.signature(self.function).parameters.values())
        except (TypeError, ValueError):  # written in C: it gets the one thing that it is about
            self._positional = [first] if first else []
            return
        meaning = {p.name: ALIASES.get(p.name, p.name) for p in parameters}
        meant = {name: what for name, what in meaning.items() if what in offered}
        if first and first not in meant.values():
            free = (None, "inputs") if first == "outputs" else (None,)  # postprocess(X) is asked about the answer
            unknown = next((p.name for p in parameters if meant.get(p.name) in free and p.kind not in _OPEN), None)
            if unknown is not None:
                meant[unknown] = first
        for p in parameters:
            if p.name in meant and p.kind is p.POSITIONAL_ONLY:
                self._positional.append(meant[p.name])
            elif p.name in meant and p.kind not in _OPEN:
                self._named[p.name] = meant[p.name]
            elif p.kind not in _OPEN and p.default is p.empty:
                raise ModelNotSupported(
                    f"{self.where} asks for {p.name!r}, which there is not",
                    hint=f"it may ask for {', '.join(sorted(offered))}; give what else it needs a default",
                )
            elif p.kind is p.VAR_POSITIONAL and first and first not in meant.values():
                self._positional.append(first)

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """Call it with what it asks for of ``values``."""
        named = {name: values[what] for name, what in self._named.items()}
        return self.function(*[values[what] for what in self._positional], **named)


_OPEN = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def where(function: Any) -> str:
    """Return how messages call a function: its name, file and line."""
    target = inspect.unwrap(getattr(function, "__func__", function))
    code = getattr(target, "__code__", None)
    name = getattr(target, "__qualname__", type(function).__name__)
    return f"{name} ({Path(code.co_filename).name}, line {code.co_firstlineno})" if code is not None else name
