"""Pickle an object once, and learn from that what it needs and whether it is still the same.

One pass of cloudpickle tells three things: which modules the object's classes and functions come from, which of them
travel by value because they were made in the notebook, and a digest that is equal for equal objects. The digest's own
pickle leaves out what differs between two runs of the same cell without changing behaviour: cloudpickle's random class
ids, file names, line numbers.
"""

from __future__ import annotations

import dis
import hashlib
import io
import re
import sys
import types
from dataclasses import dataclass, field
from typing import Any

from mdeploy_lab.errors import ModelNotSupported
from mdeploy_lab.registry.wording import first_line

_TRACKER = re.compile(r"^[0-9a-f]{32}$")
_DEPTH = 6
_ITEMS = 1000


@dataclass
class Snapshot:
    """What pickling an object told."""

    digest: str = ""
    size: int = 0
    modules: set[str] = field(default_factory=set)
    by_value: set[str] = field(default_factory=set)
    """Names of classes and functions that were made in the notebook or script."""


class _Sink(io.RawIOBase):
    """A file that keeps the digest of what is written to it, so that a large model is not in memory twice."""

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.hash.update(data)
        length = memoryview(data).nbytes
        self.size += length
        return length


def take(obj: Any, *, title: str) -> Snapshot:
    """Pickle ``obj`` and return what was learnt.

    Parameters
    ----------
    obj
        The object.
    title
        How messages call it.

    Raises
    ------
    ModelNotSupported
        When it cannot be pickled; names the attribute that is to blame.
    """
    found = Snapshot()
    sink = _Sink()
    try:
        _pickler(sink, found).dump(obj)
    except RecursionError as error:
        raise ModelNotSupported(
            f"{title} is nested too deeply to be saved", hint="raise sys.setrecursionlimit, or save it in another form"
        ) from error
    except Exception as error:  # a user's own __reduce__ and __getstate__ may raise anything
        raise _unpicklable(obj, title, error) from error
    found.digest, found.size = sink.hash.hexdigest(), sink.size
    found.modules.discard("__main__")
    found.modules.discard("builtins")
    return found


def _pickler(sink: Any, found: Snapshot) -> Any:
    import cloudpickle

    class Digesting(cloudpickle.Pickler):  # type: ignore[misc]
        """Pickles for the digest alone: what it writes is never loaded."""

        def reducer_override(self, obj: Any) -> Any:
            _note(obj, found)
            if isinstance(obj, types.CodeType):
                _note_imports(obj, found)
                return tuple, (_code(obj),)
            reduced = super().reducer_override(obj)
            if isinstance(reduced, tuple) and isinstance(obj, type | types.FunctionType):
                found.by_value.add(obj.__qualname__)
                return _stable(obj, reduced)
            return reduced

    return Digesting(sink, protocol=5)


def _note(obj: Any, found: Snapshot) -> None:
    found.modules.add(type(obj).__module__)
    if isinstance(obj, types.ModuleType):
        found.modules.add(obj.__name__)
    elif isinstance(obj, type | types.FunctionType | types.BuiltinFunctionType):
        found.modules.add(str(getattr(obj, "__module__", None) or "builtins"))


def _note_imports(code: types.CodeType, found: Snapshot) -> None:
    """Note what a notebook function imports when it runs; its globals are pickled and come by themselves."""
    names = {i.argval for i in dis.get_instructions(code) if i.opname == "IMPORT_NAME"}
    found.modules.update(str(n) for n in names if str(n).partition(".")[0] in sys.modules)


def _code(code: types.CodeType) -> tuple[Any, ...]:
    """Return what a code object does, without where it was written."""
    return (
        code.co_name,
        code.co_code,
        code.co_consts,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        code.co_flags,
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
    )


def _stable(obj: Any, reduced: tuple[Any, ...]) -> tuple[Any, ...]:
    """Replace cloudpickle's random id of a class; drop the first line number that newer Pythons keep in it."""
    function, arguments, *rest = reduced
    arguments = tuple(f"class {obj.__qualname__}" if isinstance(a, str) and _TRACKER.fullmatch(a) else a for a in arguments)
    if isinstance(obj, type) and rest and isinstance(rest[0], tuple) and rest[0] and isinstance(rest[0][0], dict):
        state = {k: v for k, v in rest[0][0].items() if k not in {"__firstlineno__", "__static_attributes__"}}
        rest = [(state, *rest[0][1:]), *rest[1:]]
    return function, arguments, *rest


def _unpicklable(obj: Any, title: str, error: BaseException) -> ModelNotSupported:
    path, culprit = culprit_of(obj)
    reason = first_line(error)
    if path:
        return ModelNotSupported(
            f"{title} cannot be saved: its {path} is {_described(culprit)}",
            hint="leave it out in __getstate__ and make it when it is first used",
            details={"attribute": path, "cause": reason},
        )
    return ModelNotSupported(
        f"{title} cannot be saved: {reason}",
        hint="give a model that pickle can save, or one with a __getstate__ that leaves out what it cannot",
        details={"cause": reason},
    )


def _described(culprit: Any) -> str:
    kind = type(culprit)
    names = {
        "lock": "a lock",
        "RLock": "a lock",
        "generator": "a generator",
        "socket": "an open socket",
        "TextIOWrapper": "an open file",
        "BufferedReader": "an open file",
        "BufferedWriter": "an open file",
        "Connection": "an open connection",
        "Thread": "a thread",
        "frame": "a running frame",
    }
    where = "" if kind.__module__ in {"builtins", "_thread", "_io"} else f"{kind.__module__}."
    return f"{names[kind.__name__]}" if kind.__name__ in names else f"a {where}{kind.__qualname__}"


def culprit_of(obj: Any) -> tuple[str, Any]:
    """Return the innermost part of ``obj`` that cannot be pickled, with its path; an empty path when it is ``obj`` itself."""
    path, current = "", obj
    seen = {id(obj)}
    for _ in range(_DEPTH):
        step = next(((p, v) for p, v in _parts(current) if id(v) not in seen and not _pickles(v)), None)
        if step is None:
            break
        part, current = step
        seen.add(id(current))
        path = f"{path}{part}" if part.startswith("[") else f"{path}.{part}" if path else f"attribute {part}"
    return (path if path.startswith("attribute") else f"element {path}" if path else ""), current


def _parts(obj: Any) -> list[tuple[str, Any]]:
    if isinstance(obj, dict):
        return [(f"[{k!r}]", v) for k, v in list(obj.items())[:_ITEMS]]
    if isinstance(obj, list | tuple | set | frozenset):
        return [(f"[{i}]", v) for i, v in enumerate(list(obj)[:_ITEMS])]
    if isinstance(obj, types.FunctionType):
        closure = [c.cell_contents for c in obj.__closure__ or () if _filled(c)]
        inner = list(zip(obj.__code__.co_freevars, closure, strict=False))
        used = [(n, obj.__globals__[n]) for n in obj.__code__.co_names if n in obj.__globals__]
        return [*inner, *used]
    own = getattr(obj, "__dict__", None)
    return list(own.items()) if isinstance(own, dict) else []


def _filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # an empty cell
        return False


def _pickles(obj: Any) -> bool:
    import cloudpickle

    try:
        cloudpickle.Pickler(_Sink(), protocol=5).dump(obj)
    except Exception:  # noqa: BLE001  # whatever it raises, it does not pickle
        return False
    return True
