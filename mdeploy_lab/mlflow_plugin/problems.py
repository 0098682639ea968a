"""Our errors as MLflow's: every call of the plugin raises ``MlflowException``, as MLflow's contract asks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from click import ClickException
from mlflow.exceptions import MlflowException, get_error_code
from mlflow.protos import databricks_pb2 as codes

from mdeploy_lab import errors

P = ParamSpec("P")
R = TypeVar("R")

CODES: dict[type, int] = {
    errors.InvalidInput: codes.INVALID_PARAMETER_VALUE,
    errors.NotFound: codes.RESOURCE_DOES_NOT_EXIST,
    errors.NameTaken: codes.RESOURCE_ALREADY_EXISTS,
    errors.Conflict: codes.RESOURCE_CONFLICT,
    errors.QuotaExceeded: codes.RESOURCE_EXHAUSTED,
    errors.Forbidden: codes.PERMISSION_DENIED,
    errors.NotCapable: codes.NOT_IMPLEMENTED,
    errors.WaitTimeout: codes.DEADLINE_EXCEEDED,
    errors.RegistryUnavailable: codes.TEMPORARILY_UNAVAILABLE,
    errors.EngineUnavailable: codes.TEMPORARILY_UNAVAILABLE,
    errors.HomeUnusable: codes.TEMPORARILY_UNAVAILABLE,
}


class MDeployProblem(MlflowException, ClickException):  # type: ignore[misc]  # mlflow is untyped
    """An ``MlflowException`` that MLflow's command line prints as a message with its hint, not as a traceback.

    ``serialize_as_json`` has our ``reason``, ``code``, ``hint`` and ``details`` besides MLflow's ``error_code``.
    """


def problem(error: errors.MDeployError) -> MDeployProblem:
    """Return ``error`` as MLflow's, with the nearest of MLflow's codes."""
    found = next((CODES[cls] for cls in type(error).__mro__ if cls in CODES), codes.INTERNAL_ERROR)
    if isinstance(error, errors.PredictFailed):
        found = _of_status(int(error.details.get("status", 500)))
    body = {name: value for name, value in error.to_body().items() if name != "message"}
    return MDeployProblem(str(error), found, **body)  # type: ignore[call-arg]  # MlflowException's, which is untyped


def _of_status(status: int) -> int:
    """Return the code of an endpoint's answer; MLflow has none for some that are the caller's fault, such as 413."""
    found = int(get_error_code(status))
    return int(codes.BAD_REQUEST) if found == codes.INTERNAL_ERROR and status // 100 == 4 else found  # noqa: PLR2004  # 4xx


def translated(call: Callable[P, R]) -> Callable[P, R]:
    """Return ``call`` with its failures as MLflow's."""

    @functools.wraps(call)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except errors.MDeployError as error:
            raise problem(error) from error

    return run
