"""A migrated, empty registry database, kept once per user and MLflow version and copied into each new home.

MLflow creates a new SQLite registry by running every migration it ever had, which takes 3 to 5 seconds; a copy takes
milliseconds.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import quote

from mdeploy_lab.paths import Home

DATABASE = "mlflow.db"


def mlflow_version() -> str:
    """Return the installed MLflow's version without importing it; empty when there is none."""
    try:
        return version("mlflow")
    except PackageNotFoundError:
        return ""


def path(mlflow: str | None = None) -> Path:
    """Return where the template for this MLflow version is kept."""
    from platformdirs import user_cache_path

    found = mlflow_version() if mlflow is None else mlflow
    return user_cache_path("mdeploy", appauthor=False) / "registry" / f"mlflow-{found}.db"


def provide(home: Home) -> bool:
    """Copy the template to a home that has no registry yet; return whether the home now has one."""
    target = home.registry / DATABASE
    if target.exists():
        return True
    source = path()
    if not source.is_file():
        return False
    home.registry.mkdir(mode=0o700, parents=True, exist_ok=True)
    _place(source, target, artifacts=home.registry / "artifacts")
    return True


def build() -> Path:
    """Make the template where it is missing, with the mlflow of this process; several at once do no harm."""
    target = path()
    if target.is_file():
        return target
    from mlflow import MlflowClient

    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as work:
        fresh = Path(work) / DATABASE
        uri = f"sqlite:///{fresh}"
        MlflowClient(uri, uri).search_experiments(max_results=1)
        MlflowClient(uri, uri).search_registered_models(max_results=1)
        _place(fresh, target, artifacts=None)
    return target


def keep(home: Home) -> None:
    """Build the template from a home's registry that was just migrated, before anything is in it. Never fails."""
    source, target = home.registry / DATABASE, path()
    if target.is_file() or not source.is_file():
        return
    with suppress(OSError, sqlite3.Error):  # a cache: without it the next home is only slower
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _place(source, target, artifacts=None)


def _place(source: Path, target: Path, *, artifacts: Path | None) -> None:
    """Copy a database so that ``target`` is either absent or whole; who comes first wins."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    os.close(handle)
    try:
        _copy(source, Path(name))
        if artifacts is not None:
            _point(Path(name), artifacts)
        with suppress(FileExistsError):
            _link(name, target)
    finally:
        Path(name).unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    """Copy through SQLite, so that a journal beside the source is part of the copy."""
    journals = [source.with_name(source.name + end) for end in ("-wal", "-journal")]
    if not any(j.exists() for j in journals):
        shutil.copyfile(source, target)
        return
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _link(name: str, target: Path) -> None:
    try:
        os.link(name, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if not target.exists():
            Path(name).replace(target)


def _point(database: Path, artifacts: Path) -> None:
    """Let MLflow's default experiment keep its artifacts in this home rather than where the template was made."""
    location = f"file://{quote(str(artifacts))}"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE experiments SET artifact_location = ? WHERE experiment_id = 0", (f"{location}/0",))
