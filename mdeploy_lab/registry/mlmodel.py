"""Read a model directory without mlflow: what its ``MLmodel`` says, and a digest of its files."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from mdeploy_lab.errors import ModelNotFound
from mdeploy_lab.models.deployment import Interpreter

FILE = "MLmodel"
WHOLE = 4 * 2**20
"""Bytes up to which a file is hashed whole; of a longer one its size, first and last part."""
PART = 2**20
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class MLmodel:
    """What ``MLmodel`` says that a deployment needs."""

    directory: Path
    flavors: tuple[str, ...]
    run_id: str = ""
    model_id: str = ""
    mlflow_version: str = ""
    signature: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)
    """What it says of each flavor."""

    @property
    def mdeploy(self) -> dict[str, Any]:
        """The part of the metadata that capture wrote; empty for a model that was logged otherwise."""
        found = self.metadata.get("mdeploy")
        return found if isinstance(found, dict) else {}

    @property
    def interpreter(self) -> Interpreter | None:
        """The interpreter that made the model, where it was recorded."""
        try:
            return Interpreter.model_validate(self.mdeploy["interpreter"])
        except (KeyError, ValidationError):
            return None


def read(directory: Path) -> MLmodel:
    """Read ``directory/MLmodel``.

    Raises
    ------
    ModelNotFound
        When there is none, or it is not what MLflow writes.
    """
    path = directory / FILE
    try:
        raw = yaml.load(path.read_bytes(), Loader=_Loader)  # noqa: S506  # a safe loader, the C one where there is one
    except OSError as error:
        raise _missing(directory, error) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ModelNotFound(f"{path} is not valid YAML", hint="log the model again: the file is damaged") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("flavors"), dict) or not raw["flavors"]:
        raise ModelNotFound(f"{path} names no flavor", hint="give the directory that mlflow saved the model to")
    return MLmodel(
        directory=directory,
        flavors=tuple(sorted(str(f) for f in raw["flavors"])),
        run_id=str(raw.get("run_id") or ""),
        model_id=str(raw.get("model_id") or ""),
        mlflow_version=str(raw.get("mlflow_version") or ""),
        signature=raw["signature"] if isinstance(raw.get("signature"), dict) else {},
        metadata=raw["metadata"] if isinstance(raw.get("metadata"), dict) else {},
        raw=raw["flavors"],
    )


def _missing(directory: Path, error: OSError) -> ModelNotFound:
    if not directory.exists():
        return ModelNotFound(f"{directory} does not exist", hint="give a directory that holds a file MLmodel")
    if isinstance(error, PermissionError):
        return ModelNotFound(f"{directory / FILE} cannot be read: {error.strerror}", hint="check its permissions")
    below = sorted(p.parent for p in _below(directory))
    hint = f"did you mean {', '.join(str(p) for p in below[:3])}?" if below else "give a directory that holds MLmodel"
    return ModelNotFound(f"{directory} holds no model", hint=hint)


def _below(directory: Path) -> list[Path]:
    """Return the models one or two levels below; a path that is one level too high is a common slip."""
    if not directory.is_dir():
        return []
    return [p for pattern in (f"*/{FILE}", f"*/*/{FILE}") for p in directory.glob(pattern)]


def brief_digest(directory: Path) -> str:
    """Return a digest of MLmodel alone: what is known of remote artifacts without downloading them."""
    data = (directory / FILE).read_bytes()
    return hashlib.sha256(f"{FILE}\0{len(data)}\0".encode() + data).hexdigest()


def digest(directory: Path) -> str:
    """Return a digest of the model's files: names, sizes, and contents (of files over 4 MiB the first and last MiB).

    MLmodel holds the id and time of its saving, so two saved models never share one, and a copy always does.
    """
    found = hashlib.sha256()
    for path in sorted(p for p in directory.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        size = path.stat().st_size
        found.update(f"{path.relative_to(directory).as_posix()}\0{size}\0".encode())
        with path.open("rb") as file:
            if size <= WHOLE:
                found.update(file.read())
            else:
                found.update(file.read(PART))
                file.seek(-PART, os.SEEK_END)
                found.update(file.read(PART))
    return found.hexdigest()
