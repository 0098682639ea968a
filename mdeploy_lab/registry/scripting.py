"""What the registry worker can be asked about a serving script: make a model version of it. Runs where mlflow may be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mdeploy_lab.models.deployment import Interpreter
from mdeploy_lab.paths import Home, find_home
from mdeploy_lab.registry import cache, lookup, mlmodel, script_model, scripts
from mdeploy_lab.registry.backend import Backend, local_path
from mdeploy_lab.registry.lookup import Progress
from mdeploy_lab.runtime.scripts import manifest


def register(
    *,
    path: str,
    model: str,
    name: str,
    home: str,
    interpreter: dict[str, Any] | None,
    tracking_uri: str,
    registry_uri: str,
    origin: str,
    progress: Progress,
) -> dict[str, Any]:
    """Register a script, before a model where one is named; return the version's URI, and its directory when that is local."""
    place = find_home(home)
    backend = Backend(tracking_uri, registry_uri or tracking_uri, origin)
    artifact = _behind(artifact_of(model, place, backend, progress)) if model else None
    script = scripts.read(Path(path), artifact)
    python = Interpreter.model_validate(interpreter) if interpreter is not None else None
    version, unchanged = script_model.register(script, name, place, backend, python)
    source = str(version.source) if version.source is not None else ""
    return {"uri": version.uri, "source": source, "unchanged": unchanged}


def _behind(model: Path) -> Path:
    """Return the model that an older script stands before: a new one takes its place."""
    old = manifest.read(model)
    before = old is not None and old.artifact.partition("/")[0] == manifest.ARTIFACT
    return model / old.artifact if old is not None and before else model


def artifact_of(model: str, home: Home, backend: Backend, progress: Progress) -> Path:
    """Return the file or directory of a model that a script stands before; what is remote is downloaded and kept.

    Raises
    ------
    ModelNotFound
        When it leads nowhere.
    """
    if ":/" not in model:
        return Path(model).expanduser().absolute()
    uris = {"tracking_uri": backend.tracking_uri, "registry_uri": backend.registry_uri}
    found = lookup.resolve(uri=model, progress=progress, **uris)
    where = local_path(found["source"])
    if where is not None:
        return where
    kept = cache.place(home, cache.key(found["source"], found.get("digest", "")))
    if not (kept / mlmodel.FILE).is_file():
        lookup.download(uri=found["source"], target=str(kept), progress=progress, **uris)
    return kept


OPERATIONS: dict[str, Callable[..., Any]] = {"script": register}
