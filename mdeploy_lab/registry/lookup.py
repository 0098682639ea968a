"""What the registry worker can be asked about one model: resolve, download. Runs where mlflow may be imported."""

from __future__ import annotations

import difflib
import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mdeploy_lab.errors import ModelNotFound, RegistryUnavailable
from mdeploy_lab.registry import mlmodel, template
from mdeploy_lab.registry.backend import Backend, called, client, knock, local_path, unavailable
from mdeploy_lab.registry.wording import first_line

Progress = Callable[[float | None, str], None]
PAGE = 1000
POLL = 0.5
"""Seconds between two looks at how far a download is."""


def warm(*, progress: Progress) -> dict[str, str]:
    """Import mlflow, and make the registry template when it is missing."""
    import mlflow
    import mlflow.artifacts

    progress(None, "mlflow imported")
    with suppress(OSError):  # the template is a cache
        template.build()
    return {"mlflow": str(mlflow.__version__)}


@lru_cache(maxsize=32)
def _client(tracking_uri: str, registry_uri: str) -> Any:
    return client(Backend(tracking_uri, registry_uri, "request"))


def open_client(tracking_uri: str, registry_uri: str) -> tuple[Any, Backend]:
    """Return a client of a registry, which is known to be there.

    Raises
    ------
    ModelNotFound
        When nothing was registered in it yet.
    RegistryUnavailable
        When it cannot be reached.
    """
    backend = Backend(tracking_uri, registry_uri or tracking_uri, "request")
    for uri in (backend.tracking_uri, backend.registry_uri):
        missing = uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).is_file()
        if missing:  # SQLAlchemy would make an empty one, in seconds, to say that there is nothing in it
            raise ModelNotFound("no model was registered yet", hint="deploy an object, or set MLFLOW_TRACKING_URI")
        knock(uri, backend)
    return _client(backend.tracking_uri, backend.registry_uri), backend


def resolve(*, uri: str, tracking_uri: str, registry_uri: str, progress: Progress) -> dict[str, Any]:  # noqa: ARG001  # one form for all operations
    """Return the fields of a ``Model`` for a models:/, runs:/ or artifact URI."""
    if uri.startswith("models:/"):
        return _resolve_model(uri, *open_client(tracking_uri, registry_uri))
    if uri.startswith("runs:/"):
        return _resolve_run(uri, *open_client(tracking_uri, registry_uri))
    return {
        "uri": uri,
        "requested": uri,
        "source": uri,
        "tracking_uri": tracking_uri,
        "registry_uri": registry_uri,
        **_remote(uri, tracking_uri),
    }


def _resolve_model(uri: str, mlflow_client: Any, backend: Backend) -> dict[str, Any]:
    from mlflow.exceptions import MlflowException

    name, version, alias = parse(uri)
    base = {"requested": uri, "tracking_uri": backend.tracking_uri, "registry_uri": backend.registry_uri}
    try:
        if not version and not alias:
            return base | _logged(uri, name, mlflow_client, backend)
        entry = called(backend, _version, mlflow_client, name, version, alias)
        source = called(backend, mlflow_client.get_model_version_download_uri, name, entry.version)
    except MlflowException as error:
        raise unknown(uri, name, mlflow_client, backend, aliases=bool(alias)) from error
    if source.startswith("models:/"):
        source = _logged(source, source.removeprefix("models:/"), mlflow_client, backend)["source"]
    found = base | {
        "uri": f"models:/{name}/{entry.version}",
        "source": source,
        "name": name,
        "version": str(entry.version),
        "run_id": entry.run_id or "",
        "model_id": entry.model_id or "",
    }
    return _completed(found, backend)


def parse(uri: str) -> tuple[str, str, str]:
    """Return name, version and alias of a models:/ URI; both last ones empty for ``models:/<model id>``.

    A name may hold spaces, as they are or percent-encoded. ``latest`` is a version.
    """
    path = unquote(uri.removeprefix("models:/").lstrip("/"))
    name, slash, version = path.rpartition("/")
    if slash:
        if not name or not (version.isdigit() or version.lower() == "latest"):
            raise ModelNotFound(
                f"{uri} names neither a version nor an alias",
                hint=f"write models:/{name or 'name'}/1 or models:/{name or 'name'}@alias",
            )
        return name, version.lower(), ""
    name, at, alias = path.rpartition("@")
    if at and name and alias:
        return name, "", alias
    return path, "", ""


def _version(mlflow_client: Any, name: str, version: str, alias: str) -> Any:
    if alias:
        return mlflow_client.get_model_version_by_alias(name, alias)
    if version != "latest":
        return mlflow_client.get_model_version(name, version)
    newest = mlflow_client.get_registered_model(name).latest_versions
    if not newest:
        raise ModelNotFound(f"the registered model {name} has no versions", hint="register one first")
    return max(newest, key=lambda v: int(v.version))


def _logged(uri: str, model_id: str, mlflow_client: Any, backend: Backend) -> dict[str, Any]:
    """Return a logged model by its id; without an id, the name alone is not enough."""
    from mlflow.exceptions import MlflowException

    if not model_id.startswith("m-"):
        raise unknown(uri, model_id, mlflow_client, backend, aliases=True)
    try:
        logged = called(backend, mlflow_client.get_logged_model, model_id)
    except MlflowException as error:
        raise ModelNotFound(f"there is no logged model {model_id}", hint="give models:/name/version") from error
    source = logged.artifact_location
    found = {"uri": uri, "source": source, "model_id": model_id, "run_id": logged.source_run_id or ""}
    return _completed(found, backend)


def unknown(uri: str, name: str, mlflow_client: Any, backend: Backend, *, aliases: bool) -> ModelNotFound:
    """Return the error for a model that is not there, with what is near as its hint."""
    names = [m.name for m in called(backend, mlflow_client.search_registered_models, max_results=PAGE)]
    if name in names:
        model = called(backend, mlflow_client.get_registered_model, name)
        versions = all_versions(mlflow_client, backend, name)
        told = [f"models:/{name}@{a}" for a in sorted(model.aliases)] if aliases or not versions else []
        told += [f"models:/{name}/{v.version}" for v in versions[: 5 - len(told)]]
        hint = f"there {'are' if len(told) > 1 else 'is'} {', '.join(told)}" if told else "it has no versions yet"
        return ModelNotFound(f"{uri} does not exist", hint=hint)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return ModelNotFound(f"there is no registered model {name}", hint=f"did you mean {' or '.join(near)}?")
    where = f"the registry has {', '.join(sorted(names)[:5])}" if names else "the registry has no models yet"
    return ModelNotFound(f"there is no registered model {name}", hint=where)


def _resolve_run(uri: str, mlflow_client: Any, backend: Backend) -> dict[str, Any]:
    from mlflow.exceptions import MlflowException

    run_id, _, path = uri.removeprefix("runs:/").lstrip("/").partition("/")
    base = {
        "uri": uri,
        "requested": uri,
        "run_id": run_id,
        "tracking_uri": backend.tracking_uri,
        "registry_uri": backend.registry_uri,
    }
    try:
        run = called(backend, mlflow_client.get_run, run_id)
    except MlflowException as error:
        raise ModelNotFound(f"there is no run {run_id}", hint="copy the run's id from MLflow") from error
    logged = _logged_in(run, mlflow_client, backend)
    chosen = next((m for m in logged if m.name == path), None)
    if chosen is None:
        source = f"{run.info.artifact_uri.rstrip('/')}/{path}"
        if not _holds_model(source, backend.tracking_uri):
            names = ", ".join(f"runs:/{run_id}/{m.name}" for m in logged[:5])
            raise ModelNotFound(
                f"the run has no model at {path or 'its root'}", hint=f"it has {names}" if names else "it has no models"
            )
        return _completed(base | {"source": source}, backend)
    return _completed(base | {"source": chosen.artifact_location, "model_id": chosen.model_id}, backend)


def _completed(found: dict[str, Any], backend: Backend) -> dict[str, Any]:
    """Add what MLmodel says of remote artifacts; what the registry said itself counts. Local ones are read by the engine."""
    if local_path(found["source"]) is not None:
        return found
    return _remote(found["source"], backend.tracking_uri) | {k: v for k, v in found.items() if v}


def _logged_in(run: Any, mlflow_client: Any, backend: Backend) -> list[Any]:
    """Return the logged models of a run, newest first: MLflow 3 keeps them outside of the run's artifacts."""
    outputs = run.outputs.model_outputs if run.outputs is not None else []
    found = [called(backend, mlflow_client.get_logged_model, o.model_id) for o in outputs]
    return sorted(found, key=lambda m: m.creation_timestamp, reverse=True)


def _holds_model(source: str, tracking_uri: str) -> bool:
    local = local_path(source)
    if local is not None:
        return (local / mlmodel.FILE).is_file()
    try:
        _remote(source, tracking_uri)
    except ModelNotFound:
        return False
    return True


def _remote(source: str, tracking_uri: str) -> dict[str, Any]:
    """Read the MLmodel of remote artifacts: flavours, interpreter, and a digest of it, which holds the model's id and time."""
    with tempfile.TemporaryDirectory(prefix="mdeploy-") as work:
        pull(f"{source.rstrip('/')}/{mlmodel.FILE}", work, tracking_uri)
        directory = Path(work)
        found = mlmodel.read(directory)
        return {
            "flavors": found.flavors,
            "digest": mlmodel.brief_digest(directory),
            "run_id": found.run_id,
            "model_id": found.model_id,
            "interpreter": found.interpreter.model_dump(mode="json") if found.interpreter is not None else None,
        }


def pull(uri: str, target: str, tracking_uri: str) -> str:
    """Download an artifact into a directory, and return where it is."""
    from mlflow.artifacts import download_artifacts

    try:
        return str(download_artifacts(artifact_uri=uri, dst_path=target, tracking_uri=tracking_uri or None))
    except Exception as error:  # every artifact store has its own exceptions
        text = first_line(error)
        missing = any(w in text.lower() for w in ("no such", "404", "not found", "does not exist", "nosuchkey"))
        if missing:
            raise ModelNotFound(f"{uri} does not exist", hint="check the URI; the artifacts may have been deleted") from error
        raise RegistryUnavailable(f"{uri} cannot be read: {text}", hint="check the credentials and the network") from error


def download(*, uri: str, target: str, tracking_uri: str, registry_uri: str, progress: Progress) -> str:
    """Download a model directory to ``target``, which appears whole or not at all."""
    place = Path(target)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    backend = Backend(tracking_uri, registry_uri, "request")
    try:
        with tempfile.TemporaryDirectory(prefix=".download-", dir=place.parent) as work, _watch(Path(work), progress):
            got = Path(pull(uri, work, tracking_uri))
            mlmodel.read(got)
            if place.exists():
                shutil.rmtree(place)
            got.rename(place)
    except OSError as error:
        raise unavailable(error, backend) from error
    return str(place)


class _watch:  # noqa: N801  # used like a function
    """Say every half second how much of a download has come."""

    def __init__(self, directory: Path, progress: Progress) -> None:
        self._directory = directory
        self._progress = progress
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(POLL):
            with suppress(OSError):  # files come and go while it runs
                size = sum(p.stat().st_size for p in self._directory.rglob("*") if p.is_file())
                self._progress(None, f"{size / 1e6:.1f} MB")


def all_versions(mlflow_client: Any, backend: Backend, name: str) -> list[Any]:
    """Return the versions of a registered model, newest first."""
    quoted = f"name = '{name}'" if "'" not in name else f'name = "{name}"'
    found = list(called(backend, mlflow_client.search_model_versions, quoted, max_results=PAGE))
    return sorted(found, key=lambda v: int(v.version), reverse=True)


OPERATIONS: dict[str, Callable[..., Any]] = {
    "warm": warm,
    "resolve": resolve,
    "download": download,
}
