"""Find the user's own modules that a model needs: those in the notebook's folder, and editable installs.

A module from site-packages is a requirement; a module of the user's own travels with the model. So do the modules of
the user's own that it imports.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import types
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from mdeploy_lab.registry.interpreter import package_directories


def own_modules(modules: Iterable[str]) -> dict[str, Path]:
    """Return top-level module → file or package directory, for each of the user's own that ``modules`` need."""
    found: dict[str, Path] = {}
    waiting = {name.partition(".")[0] for name in modules}
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        place = _own(name)
        if place is not None:
            found[name] = place
            waiting |= _imported(name) - seen
    return dict(sorted(found.items()))


def _own(name: str) -> Path | None:
    """Return where a top-level module of the user's own lies; None for libraries and for what is not loaded."""
    module = sys.modules.get(name)
    if module is None or name in {"__main__", "__mp_main__", "mdeploy_lab"} or name in sys.stdlib_module_names:
        return None
    file = getattr(module, "__file__", None)
    if file:
        path = Path(file).resolve()
        place = path.parent if path.name.startswith("__init__.") else path
    else:
        parts = list(getattr(module, "__path__", []))  # a namespace package
        if len(parts) != 1:
            return None
        place = Path(parts[0]).resolve()
    return None if _is_library(place) or not place.exists() else place


def _is_library(place: Path) -> bool:
    return any(place.is_relative_to(d) for d in _library_directories())


@lru_cache(maxsize=1)
def _library_directories() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    known = [*package_directories(), *(paths[k] for k in ("stdlib", "platstdlib", "purelib", "platlib"))]
    return tuple(Path(os.path.realpath(d)) for d in dict.fromkeys(known))


def _imported(name: str) -> set[str]:
    """Return the top-level modules that a loaded package's modules refer to."""
    found: set[str] = set()
    for loaded in [m for n, m in list(sys.modules.items()) if n == name or n.startswith(f"{name}.")]:
        for value in list(vars(loaded).values()):
            if isinstance(value, types.ModuleType):
                found.add(value.__name__.partition(".")[0])
            elif isinstance(value, type | types.FunctionType):
                found.add(str(value.__module__ or "").partition(".")[0])
    return found - {""}


def content(places: Iterable[Path]) -> bytes:
    """Return the names and bytes of all source files, for the digest."""
    parts: list[bytes] = []
    for place in places:
        files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
        for file in files:
            parts.append(f"{place.name}/{file.relative_to(place).as_posix()}\0".encode())
            parts.append(file.read_bytes())
    return b"".join(parts)


def libraries(name: str) -> set[str]:
    """Return the top-level modules that one of the user's own modules imports; the libraries among them are requirements."""
    return _imported(name)
