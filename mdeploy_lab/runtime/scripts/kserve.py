"""KServe's class form, and KFServing's before it: a subclass of ``Model`` that is asked with ``{"instances": rows}``.

Such a script needs the library for nothing but its base class and the server that it starts when it is run by itself. Where it
is not installed, a stand-in has both names, so that the script is served as it is.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from types import ModuleType
from typing import Any

LIBRARIES = ("kserve", "kfserving")
_BASES = frozenset({"Model", "KFModel", "BaseKServeModel", "InferenceModel"})


def stand_in(imports: Iterable[str]) -> None:
    """Put a stand-in for each of the libraries that a script imports and that is not installed."""
    for name in set(LIBRARIES) & set(imports):
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            sys.modules[name] = _Library(name)


class _Base:
    """What a script's class inherits from."""

    def __init__(self, name: str = "", *_args: Any, **_options: Any) -> None:
        self.name = name
        self.ready = False


class _Library(ModuleType):
    """A module that has whatever class a script imports from it: some are only named in hints."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "Stands for a library that a serving script needs nothing else of.")
        for base in _BASES:
            setattr(self, base, type(base, (_Base,), {"__module__": name}))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = type(name, (), {"__module__": self.__name__})
        setattr(self, name, found)
        return found


def is_one(cls: type[Any]) -> bool:
    """Return whether a class is a model of KServe's."""
    return any(c.__name__ in _BASES and c.__module__.partition(".")[0] in LIBRARIES for c in cls.__mro__)


def payload(inputs: Any) -> Any:
    """Return inputs as the body of KServe's first protocol."""
    if isinstance(inputs, dict) and "instances" in inputs:
        return inputs
    if hasattr(inputs, "columns") and hasattr(inputs, "to_dict"):
        named = all(isinstance(column, str) for column in inputs.columns)
        return {"instances": inputs.to_dict(orient="records") if named else inputs.to_numpy().tolist()}
    return {"instances": inputs.tolist() if hasattr(inputs, "tolist") else inputs}


def content(answer: Any) -> Any:
    """Return what an answer of that protocol holds; another answer as it is."""
    return answer["predictions"] if isinstance(answer, dict) and set(answer) == {"predictions"} else answer
