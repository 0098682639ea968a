"""Choose the MLflow registry, and talk to it without touching MLflow's global state.

Chosen: the argument, else the environment, else what the kernel's own mlflow was set to, else MLflow's default store where it
exists, else a SQLite registry in the home. URIs are made absolute: the engine reads them from another directory.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from mdeploy_lab.errors import MDeployError, RegistryNotConfigured, RegistryUnavailable
from mdeploy_lab.paths import Home
from mdeploy_lab.registry.silence import silenced
from mdeploy_lab.registry.wording import first_line

P = ParamSpec("P")
T = TypeVar("T")
SPECIFIC = frozenset({"RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS", "INVALID_PARAMETER_VALUE"})
KNOCK_SECONDS = 5.0
LOCK_DEADLINE = 30.0
"""Seconds for which "database is locked" is tried again."""
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
"""What our own processes get before they import mlflow."""


@dataclass(frozen=True)
class Backend:
    """A tracking and a registry URI, and why these."""

    tracking_uri: str
    registry_uri: str
    origin: str

    @property
    def ours(self) -> bool:
        """Whether it is the home's own registry."""
        return self.origin == "home"


def home_uri(home: Home) -> str:
    """Return the URI of the home's own registry."""
    return f"sqlite:///{home.registry / 'mlflow.db'}"


def choose(
    home: Home,
    *,
    tracking_uri: str | None = None,
    registry_uri: str | None = None,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Backend:
    """Return the registry to use; reads the user's mlflow where it is loaded, and never imports it."""
    environ = os.environ if environ is None else environ
    directory = Path.cwd() if directory is None else directory
    tracking, origin = _tracking(home, tracking_uri, environ, directory)
    follows = "" if tracking_uri else _set_registry() or environ.get("MLFLOW_REGISTRY_URI", "")
    registry = registry_uri or follows
    return Backend(absolute(tracking, directory), absolute(registry or tracking, directory), origin)


def _tracking(home: Home, argument: str | None, environ: Mapping[str, str], directory: Path) -> tuple[str, str]:
    if argument:
        return argument, "argument"
    set_in_kernel = _set_tracking()
    if set_in_kernel:
        return set_in_kernel, "mlflow.set_tracking_uri"
    if environ.get("MLFLOW_TRACKING_URI"):
        return environ["MLFLOW_TRACKING_URI"], "environment MLFLOW_TRACKING_URI"
    if _has_experiments(directory / "mlruns"):
        return str(directory / "mlruns"), "mlruns here"
    if (directory / "mlflow.db").is_file():
        return f"sqlite:///{directory / 'mlflow.db'}", "mlflow.db here"
    return home_uri(home), "home"


def _set_tracking() -> str:
    """Return what ``mlflow.set_tracking_uri`` was called with in this process, if it was."""
    module = sys.modules.get("mlflow.tracking._tracking_service.utils")
    return str(getattr(module, "_tracking_uri", None) or "")


def _set_registry() -> str:
    module = sys.modules.get("mlflow.tracking._model_registry.utils")
    return str(getattr(module, "_registry_uri", None) or "")


def _has_experiments(mlruns: Path) -> bool:
    """Return whether ``mlruns`` is a file store that was used, and not just a directory of artifacts."""
    try:
        return any((entry / "meta.yaml").is_file() for entry in mlruns.iterdir())
    except OSError:
        return False


def absolute(uri: str, directory: Path) -> str:
    """Return a URI that means the same from any directory."""
    if uri.startswith("sqlite:///") and not uri.startswith("sqlite:////"):
        return f"sqlite:///{(directory / uri.removeprefix('sqlite:///')).absolute()}"
    parts = urlsplit(uri)
    if parts.scheme == "" and not uri.startswith("databricks"):
        return str((directory / Path(uri).expanduser()).absolute())
    if parts.scheme == "file" and not parts.path.startswith("/"):
        return str((directory / parts.path).absolute())
    return uri


def local_path(uri: str) -> Path | None:
    """Return the path of a local directory URI, or None when it is remote."""
    parts = urlsplit(uri)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"}:
        return Path(unquote(parts.path))
    if parts.scheme == "":
        return Path(uri)
    return None


def quietly() -> None:
    """Keep mlflow's telemetry off in this process, unless it is already loaded or the user decided otherwise."""
    if "mlflow" not in sys.modules:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")


def client(backend: Backend) -> Any:
    """Return an MlflowClient for this registry.

    Raises
    ------
    RegistryUnavailable
        When it cannot be opened.
    """
    quietly()
    for uri in {backend.tracking_uri, backend.registry_uri}:
        knock(uri, backend)
    from mlflow import MlflowClient

    with silenced():
        return called(backend, MlflowClient, backend.tracking_uri, backend.registry_uri)


def knock(uri: str, backend: Backend) -> None:
    """Find out in seconds that nobody listens at a server's address: MLflow would try for minutes."""
    parts = urlsplit(uri)
    host = parts.hostname
    if parts.scheme not in {"http", "https"} or not host:
        return
    if parts.scheme in getproxies() and not proxy_bypass(host):
        return
    try:
        socket.create_connection((host, parts.port or (443 if parts.scheme == "https" else 80)), KNOCK_SECONDS).close()
    except OSError as error:
        raise RegistryUnavailable(
            f"the model registry {redacted(backend.registry_uri)} cannot be reached: {error.strerror or error}",
            hint="check MLFLOW_TRACKING_URI, and that the server runs",
        ) from error


def called(backend: Backend, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call into MLflow: a locked database is waited for, and its failures become RegistryUnavailable.

    An ``MlflowException`` that speaks of one thing (it is not there, it is there already, its name is not allowed) passes
    through, for the caller to read.
    """
    deadline = time.monotonic() + LOCK_DEADLINE
    pause = 0.05
    while True:
        try:
            return call(*args, **kwargs)
        except MDeployError:
            raise
        except Exception as error:  # mlflow lets errors of SQLAlchemy, requests and the file system through
            if _locked(error) and time.monotonic() < deadline:
                time.sleep(pause)
                pause = min(pause * 2, 1.0)
                continue
            if _not_configured(error):
                raise not_configured(error, backend) from error
            if getattr(error, "error_code", "") in SPECIFIC:
                raise
            raise unavailable(error, backend) from error


def _locked(error: BaseException) -> bool:
    return "database is locked" in str(error)


def _not_configured(error: BaseException) -> bool:
    """Return whether nothing but another configuration would help: an unknown kind of URI, a driver or credentials missing."""
    text = f"{error}"
    return (
        type(error).__name__.startswith("Unsupported")
        or isinstance(error, ModuleNotFoundError)
        or "credential configuration failed" in text
        or "is in maintenance mode" in text
    )


def not_configured(error: BaseException, backend: Backend) -> RegistryNotConfigured:
    """Return the one line that says what is missing."""
    where = redacted(backend.registry_uri)
    if isinstance(error, ModuleNotFoundError):
        return RegistryNotConfigured(
            f"the model registry {where} needs the library {error.name!r}, which is not installed",
            hint="install it where mdeploy runs, or set MLFLOW_TRACKING_URI to another registry",
        )
    if "is in maintenance mode" in f"{error}":
        return RegistryNotConfigured(
            f"the model registry {where} is a directory of files, which this MLflow does not serve any more",
            hint="migrate it to sqlite:///mlflow.db, or set MLFLOW_TRACKING_URI to another registry",
        )
    return RegistryNotConfigured(
        f"the model registry {where} is not configured: {first_line(error)}",
        hint="set MLFLOW_TRACKING_URI to a registry that can be asked from here, or unset it to use the home's own",
    )


def unavailable(error: BaseException, backend: Backend) -> RegistryUnavailable:
    """Return the one line that says why the registry did not do it."""
    text = f"{error}"
    where = redacted(backend.registry_uri)
    if "Read-only file system" in text or "readonly database" in text or isinstance(error, PermissionError):
        return RegistryUnavailable(
            f"the model registry {where} is read-only", hint="set MLFLOW_TRACKING_URI to one that can be written"
        )
    if "No space left" in text or "database or disk is full" in text:
        return RegistryUnavailable(
            f"no space left for the model in the registry {where}", hint="free some space, then run it again"
        )
    if isinstance(error, ConnectionError) or "Max retries exceeded" in text or "Connection refused" in text:
        return RegistryUnavailable(
            f"the model registry {where} cannot be reached", hint="check MLFLOW_TRACKING_URI, and that the server runs"
        )
    if _locked(error):
        return RegistryUnavailable(
            f"the model registry {where} is locked by another process",
            hint="end the process that holds it, then run it again",
        )
    if "Detected out-of-date database schema" in text:
        return RegistryUnavailable(
            f"the model registry {where} was made by another version of MLflow",
            hint=f"run: mlflow db upgrade {where}",
        )
    return RegistryUnavailable(
        f"the model registry {where} cannot be used: {first_line(error)}",
        hint="check MLFLOW_TRACKING_URI, and that the server answers",
    )


def redacted(uri: str) -> str:
    """Return a URI without its password."""
    parts = urlsplit(uri)
    if parts.password is None:
        return uri
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username or ''}:***@{host}").geturl()
