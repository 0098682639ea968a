"""Import a script and find in it what loads, predicts, and stands before and after that."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from mdeploy_lab.errors import ModelNotSupported
from mdeploy_lab.runtime.scripts import kserve, source
from mdeploy_lab.runtime.scripts.arguments import Bound, where
from mdeploy_lab.runtime.scripts.source import EXAMPLE, HINT, METHODS, STREAM

ON_LOAD = ("path", "context")
ON_PREDICT = ("inputs", "params", "context", "model", "path", "feature_names", "meta", "headers")
AFTER = (*ON_PREDICT, "outputs")
_LOADERS = ("load", "initialize")
_BEFORE = ("preprocess", "transform_input")
_AFTER = ("postprocess", "transform_output")


@dataclass(frozen=True)
class Parts:
    """What a script offers; None for what it lacks."""

    name: str
    instance: Any
    """The class form's object."""
    load: Callable[..., Any] | None
    predict: Bound | None
    raw: Callable[[Any], Any] | None
    """``predict_raw``: takes and gives whole messages of Seldon's protocol."""
    stream: Bound | None
    """``predict_stream``: yields the pieces of an answer."""
    before: Bound | None
    after: Bound | None
    get: Callable[[str], Any]
    """What else it defines, by name."""
    example: Any = None
    """The value of EXAMPLE."""
    kserve: bool = False
    """Whether it is KServe's form: asked and answering in the bodies of its first protocol."""


def import_script(file: Path) -> ModuleType:
    """Run the script as a module of its own name, with its folder first on the path.

    A name that something else has already gets ``script_`` before it: a script may well be called json.py.
    """
    folder = str(file.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    taken = file.stem in sys.modules or file.stem in sys.stdlib_module_names or not file.stem.isidentifier()
    name = f"script_{file.stem}" if taken else file.stem
    kserve.stand_in(source.read(file).imports)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ModelNotSupported(f"{file.name} is no Python file", hint=HINT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def parts_of(module: ModuleType, file: Path, path: Path) -> Parts:
    """Return the parts of an imported script; a class is made an object here.

    Raises
    ------
    ModelNotSupported
        When it has none that answers, or one asks for what there is not.
    """
    own = vars(module)
    if any(inspect.isfunction(own.get(name)) for name in ("predict", STREAM, *_BEFORE, *_AFTER)):
        return _gather(file.name, own.get, None, own.get(EXAMPLE))
    cls = _class(module, file)
    if cls is None:
        raise ModelNotSupported(f"{file.name} has neither predict, preprocess nor postprocess", hint=HINT)
    instance = _made(cls, path, file.stem)
    example = own.get(EXAMPLE, getattr(instance, EXAMPLE, None))
    parts = _gather(file.name, lambda name: getattr(instance, name, None), instance, example)
    if not kserve.is_one(cls):
        return parts
    loaded = bool(getattr(instance, "ready", False))  # by its own __init__
    return replace(parts, kserve=True, load=None if loaded else parts.load)


def _class(module: ModuleType, file: Path) -> type[Any] | None:
    classes = [
        c
        for c in vars(module).values()
        if inspect.isclass(c) and c.__module__ == module.__name__ and any(callable(getattr(c, m, None)) for m in METHODS)
    ]
    named = [c for c in classes if c.__name__ in {"Model", file.stem}]
    if len(named or classes) > 1 and not named:
        names = ", ".join(c.__name__ for c in classes)
        raise ModelNotSupported(f"{file.name} has several classes that predict: {names}", hint="call the one Model")
    return next(iter(named or classes), None)


def _made(cls: type[Any], path: Path, name: str) -> Any:
    if cls.__init__ is object.__init__:
        return cls()
    first = ("name" if kserve.is_one(cls) else "path") if _asks_first(cls) else ""
    return Bound(_Init(cls), ("path", "name"), first=first)({"path": path, "name": name})


def _asks_first(cls: type[Any]) -> bool:
    """Return whether the class cannot be made without an argument: it then gets the path, whatever it calls it."""
    parameters = list(inspect.signature(cls).parameters.values())
    return bool(parameters) and parameters[0].default is inspect.Parameter.empty and parameters[0].kind < 2  # noqa: PLR2004  # positional


class _Init:
    """A class seen as the function that makes its objects, so that messages name its ``__init__``."""

    def __init__(self, cls: type[Any]) -> None:
        self._cls = cls
        self.__signature__ = inspect.signature(cls)
        self.__func__ = cls.__init__

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._cls(*args, **named)


def _gather(name: str, get: Callable[[str], Any], instance: Any, example: Any) -> Parts:
    def first_of(names: Iterable[str]) -> Any:
        return next((f for f in map(get, names) if callable(f)), None)

    predict, before, after = get("predict"), first_of(_BEFORE), first_of(_AFTER)
    stream = get(STREAM)
    raw = get("predict_raw") if not callable(predict) else None
    return Parts(
        name=name,
        instance=instance,
        load=first_of(_LOADERS),
        predict=Bound(predict, ON_PREDICT, first="inputs") if callable(predict) else None,
        raw=raw if callable(raw) else None,
        stream=Bound(stream, ON_PREDICT, first="inputs") if callable(stream) else None,
        before=Bound(before, ON_PREDICT, first="inputs") if before is not None else None,
        after=Bound(after, AFTER, first="outputs") if after is not None else None,
        get=get,
        example=example,
    )


def call_load(load: Callable[..., Any], path: Path, context: Any) -> Any:
    """Call ``load(path)``, or ``load()``, as it wants it."""
    return Bound(load, ON_LOAD, first="path")({"path": path, "context": context})


__all__ = ["Parts", "call_load", "import_script", "parts_of", "where"]
