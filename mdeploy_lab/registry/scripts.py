"""What travels of a serving script: its files, its requirements, its example, the model it stands before; and a digest of all.

The script is read, never run. The engine itself may look here: nothing heavy is imported.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdeploy_lab.errors import ModelNotSupported
from mdeploy_lab.registry import mlmodel
from mdeploy_lab.runtime.distributions import KNOWN
from mdeploy_lab.runtime.scripts import example, kserve, manifest, source
from mdeploy_lab.runtime.scripts.source import Source, is_script

__all__ = ["Script", "is_script", "read"]

REQUIREMENTS = "requirements.txt"
SERVING_EXAMPLE = "serving_input_example.json"
"""MLflow's name for the body of an example."""
MOST_FILES = 5000
_LEFT_OUT = frozenset({"__pycache__", "node_modules", "mlruns", "venv"})
_BESIDE = (REQUIREMENTS, example.FILE)


@dataclass(frozen=True)
class Script:
    """A script and all that travels with it."""

    source: Source
    folder: Path
    files: tuple[Path, ...]
    """Below ``folder``."""
    artifact: Path | None
    """A file or directory from elsewhere that ``load`` is given."""
    inside: str
    """Else the place in the folder that it is given; empty: the folder."""
    origin: Path
    requirements: tuple[str, ...]
    body: dict[str, Any] | None

    @property
    def manifest(self) -> manifest.Manifest:
        """Return what ``script.json`` will say."""
        if self.artifact is not None:
            place = manifest.ARTIFACT + (f"/{self.artifact.name}" if self.artifact.is_file() else "")
        else:
            place = f"{manifest.FOLDER}/{self.inside}" if self.inside else manifest.FOLDER
        return manifest.Manifest(self.source.path.relative_to(self.folder).as_posix(), place, str(self.origin))

    @property
    def model(self) -> Path | None:
        """The directory of the MLflow model that it stands before, if it does."""
        place = self.artifact or (self.folder / self.inside)
        return place if (place / mlmodel.FILE).is_file() else None

    def digest(self) -> str:
        """Return a digest of everything that travels."""
        found = hashlib.sha256(repr((self.manifest.file, self.manifest.artifact, self.requirements)).encode())
        for root, name in self.everything():
            path = root / name
            found.update(f"{name.as_posix()}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as file:
                while part := file.read(2**20):
                    found.update(part)
        return found.hexdigest()

    def everything(self) -> Iterator[tuple[Path, Path]]:
        """Yield every file as root and place below it: the script's, then the artifact's."""
        yield from ((self.folder, file) for file in self.files)
        if self.artifact is not None:
            root = self.artifact.parent if self.artifact.is_file() else self.artifact
            names = [Path(self.artifact.name)] if self.artifact.is_file() else _walk(self.artifact)
            yield from ((root, name) for name in names)


def read(path: Path, model: Path | None = None) -> Script:
    """Read a script, or the one in a folder. A file travels with the modules beside it that it imports; a folder whole.

    Parameters
    ----------
    path
        A file, or a folder.
    model
        A file or directory that ``load`` is given; without it the folder itself.

    Raises
    ------
    ModelNotSupported
        When it is no script, or stands before a model that is not there. The message names the line where there is one.
    """
    path = path.expanduser().absolute()
    if not path.exists():
        raise ModelNotSupported(f"there is no script at {path}", hint="give a Python file, or a folder with one")
    found = source.find(path)
    folder = path if path.is_dir() else path.parent
    files = tuple(_walk(folder)) if path.is_dir() else tuple(_with_modules(found))
    if model is not None and not model.exists():
        raise ModelNotSupported(f"there is no model at {model}", hint="give a file or a directory that load(path) can read")
    inside = _model_inside(folder) if path.is_dir() and model is None else ""
    script = Script(found, folder, files, model, inside, path, (), _body(found, folder))
    if found.needs_model and script.model is None:
        raise ModelNotSupported(
            f"{found.path.name} has no predict, and no MLflow model to stand before",
            hint="write a function predict(inputs), or name the model: deploy it with --script, serve it with --model",
        )
    return Script(found, folder, files, model, inside, path, tuple(_requirements(script)), _inherited(script))


def _model_inside(folder: Path) -> str:
    if (folder / mlmodel.FILE).is_file():
        return "."
    return manifest.ARTIFACT if (folder / manifest.ARTIFACT / mlmodel.FILE).is_file() else ""


def _body(found: Source, folder: Path) -> dict[str, Any] | None:
    body = example.read(folder)
    return example.body_of(found.example) if body is None and found.example is not None else body


def _inherited(script: Script) -> dict[str, Any] | None:
    """Return the script's example, or that of the model that it stands before, when callers send the same to both."""
    if script.body is not None or script.model is None or "preprocess" in script.source.functions or script.source.classes:
        return script.body
    try:
        return example.body_of(json.loads((script.model / SERVING_EXAMPLE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def _walk(folder: Path) -> list[Path]:
    """Return the files below a folder; hidden ones, caches and environments are left out."""
    found: list[Path] = []
    for place, directories, names in os.walk(folder, followlinks=True):
        directories[:] = sorted(d for d in directories if not d.startswith(".") and d not in _LEFT_OUT)
        found += [Path(place, n).relative_to(folder) for n in sorted(names) if not n.startswith(".") and not n.endswith(".pyc")]
        if len(found) > MOST_FILES:
            raise ModelNotSupported(
                f"{folder} holds more than {MOST_FILES} files, which would all travel with the script",
                hint="put the script into a folder of its own, or name the file instead of the folder",
            )
    return found


def _with_modules(found: Source) -> Iterator[Path]:
    """Yield a single script, what declares its needs, and the modules beside it that it imports, and they in turn."""
    folder = found.path.parent
    yield Path(found.path.name)
    yield from (Path(name) for name in _BESIDE if (folder / name).is_file())
    waiting, seen = set(found.imports), {found.path.stem}
    while waiting:
        name = waiting.pop()
        seen.add(name)
        if (folder / f"{name}.py").is_file():
            yield Path(f"{name}.py")
            waiting |= source.read(folder / f"{name}.py").imports - seen
        elif (folder / name / "__init__.py").is_file():
            for file in _walk(folder / name):
                yield name / file
                if file.suffix == ".py":
                    waiting |= source.read(folder / name / file).imports - seen


def _requirements(script: Script) -> list[str]:
    """Return requirements.txt beside the script and that of its model; without one, the libraries that it imports."""
    lines: list[str] = []
    for place in (script.folder, script.model):
        if place is not None and (place / REQUIREMENTS).is_file():
            lines += (place / REQUIREMENTS).read_text(encoding="utf-8", errors="replace").splitlines()
    if not (script.folder / REQUIREMENTS).is_file():
        lines += _imported(script)
    return list(dict.fromkeys(text for line in lines if (text := line.strip()) and not text.startswith("#")))


def _imported(script: Script) -> list[str]:
    own = {file.parts[0].removesuffix(".py") for file in script.files}
    tops = {name for file in script.files if file.suffix == ".py" for name in source.read(script.folder / file).imports}
    libraries = tops - own - set(sys.stdlib_module_names) - {"mdeploy_lab", *kserve.LIBRARIES}
    return sorted(KNOWN.get(name, name) for name in libraries)
