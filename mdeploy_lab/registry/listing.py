"""What the registry worker can be asked about many models: list them, their versions, one version whole, its facts.

Runs where mlflow may be imported.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mdeploy_lab.errors import MDeployError, ModelNotFound
from mdeploy_lab.registry import facts, mlmodel
from mdeploy_lab.registry.backend import Backend, called, local_path
from mdeploy_lab.registry.lookup import PAGE, Progress, all_versions, open_client, pull, unknown

LOGGED_LIMIT = 200
"""Versions of which the logged model is asked for its own metrics and parameters."""


def models(*, tracking_uri: str, registry_uri: str, progress: Progress) -> list[dict[str, Any]]:  # noqa: ARG001  # one form for all
    """Return all registered models as fields of ``RegisteredModelInfo``."""
    try:
        mlflow_client, backend = open_client(tracking_uri, registry_uri)
    except ModelNotFound:
        return []
    found: list[dict[str, Any]] = []
    token = None
    while True:
        page = called(backend, mlflow_client.search_registered_models, max_results=PAGE, page_token=token)
        found += [_model_fields(m) for m in page]
        token = page.token
        if not token:
            return sorted(found, key=lambda m: str(m["name"]).lower())


def _model_fields(model: Any) -> dict[str, Any]:
    newest = max((int(v.version) for v in model.latest_versions or ()), default=0)
    return {
        "name": model.name,
        "description": model.description or "",
        "tags": _texts(model.tags),
        "aliases": {k: str(v) for k, v in (model.aliases or {}).items()},
        "latest_version": str(newest) if newest else "",
        "created_at": _seconds(model.creation_timestamp),
        "updated_at": _seconds(model.last_updated_timestamp),
    }


def versions(*, name: str, tracking_uri: str, registry_uri: str, progress: Progress) -> list[dict[str, Any]]:  # noqa: ARG001  # one form for all
    """Return the versions of a registered model as fields of ``ModelVersionInfo``, newest first."""
    from mlflow.exceptions import MlflowException

    mlflow_client, backend = open_client(tracking_uri, registry_uri)
    try:
        model = called(backend, mlflow_client.get_registered_model, name)
    except MlflowException as error:
        raise unknown(f"models:/{name}", name, mlflow_client, backend, aliases=True) from error
    aliases: dict[str, list[str]] = {}
    for alias, version in (model.aliases or {}).items():
        aliases.setdefault(str(version), []).append(alias)
    entries = all_versions(mlflow_client, backend, name)
    runs = _runs(mlflow_client, backend, {v.run_id for v in entries if v.run_id})
    found = []
    for number, entry in enumerate(entries):
        logged = _logged(mlflow_client, backend, entry) if number < LOGGED_LIMIT else None
        found.append(_version_fields(entry, aliases.get(str(entry.version), []), runs.get(entry.run_id), logged))
    return found


def version(*, name: str, version: str, tracking_uri: str, registry_uri: str, progress: Progress) -> dict[str, Any]:
    """Return one version as fields of ``ModelVersionDetails``."""
    every = versions(name=name, tracking_uri=tracking_uri, registry_uri=registry_uri, progress=progress)
    found = next((v for v in every if v["version"] == version), None)
    if found is None:
        known = ", ".join(v["version"] for v in every[:5])
        raise ModelNotFound(
            f"models:/{name}/{version} does not exist", hint=f"it has {known}" if known else "it has no versions"
        )
    return found | _from_files(name, version, tracking_uri, registry_uri)


def _from_files(name: str, version: str, tracking_uri: str, registry_uri: str) -> dict[str, Any]:
    """Return what the files of a version say; when they cannot be read, why."""
    from mlflow.models import ModelSignature

    from mdeploy_lab.runtime.signature import signature_of

    mlflow_client, backend = open_client(tracking_uri, registry_uri)
    try:
        source = called(backend, mlflow_client.get_model_version_download_uri, name, version)
        with _files(source, backend) as directory:
            found = mlmodel.read(directory)
    except MDeployError as error:
        return {"note": error.message}
    told: dict[str, Any] = {"flavors": found.flavors}
    if found.signature:
        signature = ModelSignature.from_dict(found.signature)
        made = signature_of(signature.inputs, signature.outputs, signature.params)
        told["signature"] = made.model_dump(mode="json") if made is not None else None
    return told


@contextmanager
def _files(source: str, backend: Backend) -> Iterator[Path]:
    """Yield a directory that holds MLmodel and requirements.txt of a model: its own, or a copy of those two."""
    local = local_path(source)
    if local is not None:
        yield local
        return
    with tempfile.TemporaryDirectory(prefix="mdeploy-") as work:
        pull(f"{source.rstrip('/')}/{mlmodel.FILE}", work, backend.tracking_uri)
        with suppress(MDeployError):  # not every model has one
            pull(f"{source.rstrip('/')}/requirements.txt", work, backend.tracking_uri)
        yield Path(work)


def model_facts(
    *,
    name: str,
    version: str,
    run_id: str,
    model_id: str,
    source: str,
    tracking_uri: str,
    registry_uri: str,
    progress: Progress,
) -> dict[str, Any]:
    """Return what can be compared of one model: from its files, and from the registry where it is registered or logged."""
    backend = Backend(tracking_uri, registry_uri or tracking_uri, "request")
    found: dict[str, Any] = {}
    if name and version:
        entry = next(
            (
                v
                for v in versions(name=name, tracking_uri=tracking_uri, registry_uri=registry_uri, progress=progress)
                if v["version"] == version
            ),
            None,
        )
        if entry is None:
            raise ModelNotFound(f"models:/{name}/{version} is not in the registry any more", hint="compare other revisions")
        # A version that was registered in a database does not say which logged model it is; the deployment knows.
        logged = _get_logged(*open_client(tracking_uri, registry_uri), model_id)
        metrics, params = {**entry["metrics"], **_metrics(None, logged)}, {**entry["params"], **_params(None, logged)}
        found = facts.of_registry(metrics, params, entry["tags"])
    elif run_id or model_id:
        mlflow_client, backend = open_client(tracking_uri, registry_uri)
        run = _runs(mlflow_client, backend, {run_id} - {""}).get(run_id)
        logged = _get_logged(mlflow_client, backend, model_id)
        found = facts.of_registry(_metrics(run, logged), _params(run, logged), {})
    with _files(source, backend) as directory:
        return found | facts.of_files(directory)


def _runs(mlflow_client: Any, backend: Backend, ids: set[str]) -> dict[str, Any]:
    from mlflow.exceptions import MlflowException

    found = {}
    for run_id in ids:
        with suppress(MlflowException):  # the run may be gone; the version is still a version
            found[run_id] = called(backend, mlflow_client.get_run, run_id)
    return found


def _logged(mlflow_client: Any, backend: Backend, entry: Any) -> Any:
    """Return the logged model behind a version; None when there is none."""
    return _get_logged(mlflow_client, backend, getattr(entry, "model_id", None))


def _get_logged(mlflow_client: Any, backend: Backend, model_id: str | None) -> Any:
    from mlflow.exceptions import MlflowException

    if not model_id:
        return None
    try:
        return called(backend, mlflow_client.get_logged_model, model_id)
    except MlflowException:
        return None


def _metrics(run: Any, logged: Any) -> dict[str, float]:
    """Return the metrics of a run, and those that were logged to the model itself, which count."""
    own = {m.key: float(m.value) for m in (logged.metrics or [])} if logged is not None else {}
    return {**({k: float(v) for k, v in run.data.metrics.items()} if run is not None else {}), **own}


def _params(run: Any, logged: Any) -> dict[str, str]:
    own = _texts(logged.params) if logged is not None else {}
    return {**(_texts(run.data.params) if run is not None else {}), **own}


def _version_fields(entry: Any, aliases: list[str], run: Any, logged: Any) -> dict[str, Any]:
    return {
        "name": entry.name,
        "version": str(entry.version),
        "uri": f"models:/{entry.name}/{entry.version}",
        "aliases": sorted(aliases),
        "tags": _texts(entry.tags),
        "params": _params(run, logged),
        "metrics": _metrics(run, logged),
        "run_id": entry.run_id or "",
        "model_id": entry.model_id or "",
        "source": entry.source or "",
        "status": str(entry.status),
        "description": entry.description or "",
        "created_at": _seconds(entry.creation_timestamp),
        "updated_at": _seconds(entry.last_updated_timestamp),
    }


def _texts(values: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in (values or {}).items()}


def _seconds(milliseconds: Any) -> float | None:
    return milliseconds / 1000 if milliseconds else None


OPERATIONS: dict[str, Callable[..., Any]] = {"models": models, "versions": versions, "version": version, "facts": model_facts}
