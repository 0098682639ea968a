"""Write a captured object into the registry as a new version, whole or not at all; find the version that is already there.

Only MlflowClient is used: ``log_model`` works on global state (the active run, the tracking URI), and a model's URI given
as the source of a version is looked up in the global registry rather than in the client's.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from mdeploy_lab.errors import ModelNotSupported, RegistryUnavailable
from mdeploy_lab.paths import Home
from mdeploy_lab.registry import cache, mlmodel, template
from mdeploy_lab.registry.backend import Backend, called, client, local_path, unavailable
from mdeploy_lab.registry.wording import first_line

EXPERIMENT = "mdeploy"
DIGEST_TAG = "mdeploy.digest"

Save = Callable[[Path, Any], None]
"""Writes a model directory; gets its path and the mlflow ``Model`` to fill."""


@dataclass(frozen=True)
class Version:
    """One model version, and its directory when that is local."""

    name: str
    version: str
    source: Path | None
    tags: dict[str, str]

    @property
    def uri(self) -> str:
        """``models:/name/version``."""
        return f"models:/{self.name}/{self.version}"


def open_client(home: Home, backend: Backend) -> Any:
    """Return a client; a home without a registry gets a copy of the migrated template first."""
    fresh = False
    if backend.ours:
        try:
            fresh = not template.provide(home)
            home.registry.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise unavailable(error, backend) from error
    found = client(backend)
    if fresh:
        template.keep(home)
    return found


def find(mlflow_client: Any, backend: Backend, name: str, digest: str) -> Version | None:
    """Return the newest version of ``name`` that has this digest and whose files are still there."""
    condition = f"name = '{name}' and tags.`{DIGEST_TAG}` = '{digest}'"
    found = called(backend, mlflow_client.search_model_versions, condition, max_results=10)
    for entry in sorted(found, key=lambda v: int(v.version), reverse=True):
        where = local_path(called(backend, mlflow_client.get_model_version_download_uri, name, entry.version))
        if entry.status == "READY" and (where is None or (where / mlmodel.FILE).is_file()):
            return Version(name, str(entry.version), where, dict(entry.tags))
    return None


def add(mlflow_client: Any, home: Home, backend: Backend, name: str, save: Save, *, tags: dict[str, str]) -> Version:
    """Save a model with ``save`` and register it.

    Raises
    ------
    RegistryUnavailable
        When it cannot be written; nothing half-made is left.
    """
    from mlflow.exceptions import MlflowException

    try:
        experiment = called(backend, _experiment, mlflow_client, home, backend)
        logged = called(backend, mlflow_client.create_logged_model, experiment, name=_artifact_name(name), tags=tags)
        target = local_path(logged.artifact_location)
        try:
            with _saved(backend, logged, target.absolute().parent if target else cache.root(home), save) as directory:
                if target is None:
                    called(backend, mlflow_client.log_model_artifacts, logged.model_id, str(directory))
                else:
                    _move(backend, directory, target.absolute())
                called(backend, mlflow_client.finalize_logged_model, logged.model_id, "READY")
                version = _register(mlflow_client, backend, name, logged, tags)
                if target is None:
                    where = called(backend, mlflow_client.get_model_version_download_uri, name, version)
                    _move(backend, directory, cache.place(home, cache.key(where, mlmodel.brief_digest(directory))))
        except BaseException:  # KeyboardInterrupt too: what was begun is taken away again
            _discard(mlflow_client, logged.model_id, target)
            raise
    except MlflowException as error:
        raise RegistryUnavailable(
            f"the registry refuses the model {name}: {first_line(error)}", hint="choose another name"
        ) from error
    return Version(name, version, target, tags)


def _discard(mlflow_client: Any, model_id: str, target: Path | None) -> None:
    with suppress(Exception):  # the first error is the one to show
        mlflow_client.delete_logged_model(model_id)
    if target is not None:
        shutil.rmtree(target.parent, ignore_errors=True)


def _artifact_name(name: str) -> str:
    """Return a logged model's name, which may hold fewer characters than a registered one's."""
    return "".join("-" if c in "/:.%\"'" else c for c in name) or EXPERIMENT


def _experiment(mlflow_client: Any, home: Home, backend: Backend) -> str:
    """Return the experiment that the model is logged to: the user's present one, where there is one, else our own."""
    fluent = sys.modules.get("mlflow.tracking.fluent")
    active = getattr(fluent, "_active_experiment_id", None)
    if active and backend.origin in {"mlflow.set_tracking_uri", "mlflow.db here", "mlruns here"}:
        return str(active)
    found = mlflow_client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        place = _artifacts(home, backend)
        return _create_experiment(mlflow_client, f"file://{quote(str(place))}" if place is not None else None)
    if found.lifecycle_stage != "active":
        mlflow_client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _artifacts(home: Home, backend: Backend) -> Path | None:
    """Return where the experiment's artifacts belong; None for what the store knows itself.

    MLflow would put those of a local database below the present directory, which in the engine's worker is nobody's.
    """
    if backend.ours:
        return home.registry / "artifacts"
    database = backend.tracking_uri.removeprefix("sqlite:///")
    return Path(database).parent / "mlruns" if database != backend.tracking_uri else None


def _create_experiment(mlflow_client: Any, where: str | None) -> str:
    from mlflow.exceptions import MlflowException

    try:
        return str(mlflow_client.create_experiment(EXPERIMENT, artifact_location=where))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":  # another kernel was first
            raise
        return str(mlflow_client.get_experiment_by_name(EXPERIMENT).experiment_id)


@contextmanager
def _saved(backend: Backend, logged: Any, beside: Path, save: Save) -> Iterator[Path]:
    """Save the model to a directory ``beside`` the place it belongs to, so that a rename can put it there whole."""
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model

    model = Model(artifact_path=logged.artifact_location, model_uuid=logged.model_id, model_id=logged.model_id)
    with ExitStack() as stack:
        try:
            beside.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".saving-", dir=beside))) / "model"
            save(directory, model)
        except OSError as error:
            raise unavailable(error, backend) from error
        except MlflowException as error:
            if isinstance(error.__cause__, OSError):
                raise unavailable(error.__cause__, backend) from error
            raise ModelNotSupported(
                f"MLflow cannot save it: {first_line(error)}", hint="save it with mlflow, then deploy its URI"
            ) from error
        yield directory


def _move(backend: Backend, directory: Path, target: Path) -> None:
    try:
        if target.is_dir():
            shutil.rmtree(target)
        directory.rename(target)
    except OSError as error:
        raise unavailable(error, backend) from error


def _register(mlflow_client: Any, backend: Backend, name: str, logged: Any, tags: dict[str, str]) -> str:
    made = _ensure_registered_model(mlflow_client, backend, name)
    # A server resolves the id against itself; a database in this process would resolve it against the global registry.
    remote = urlsplit(backend.registry_uri).scheme in {"http", "https"}
    source, model_id = (f"models:/{logged.model_id}", logged.model_id) if remote else (logged.artifact_location, None)
    try:
        entry = called(backend, mlflow_client.create_model_version, name, source=source, tags=tags, model_id=model_id)
    except BaseException:
        if made:
            with suppress(Exception):  # the first error is the one to show
                mlflow_client.delete_registered_model(name)
        raise
    with suppress(Exception):  # only for MLflow's own screens: which versions this logged model became
        told = json.dumps([{"name": name, "version": int(entry.version)}])
        mlflow_client.set_logged_model_tags(logged.model_id, {"mlflow.modelVersions": told})
    return str(entry.version)


def _ensure_registered_model(mlflow_client: Any, backend: Backend, name: str) -> bool:
    """Make the registered model; return whether it was not there before."""
    from mlflow.exceptions import MlflowException

    try:
        called(backend, mlflow_client.create_registered_model, name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return False
    return True
