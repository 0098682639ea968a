"""What a warm parent imports before it forks: nothing is computed, no thread is started."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterable

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "_MLFLOW_IS_IN_SERVING_ENVIRONMENT": "true"}

CORE = ("numpy", "pandas", "mlflow.pyfunc", "uvicorn", "uvloop", "httptools")

FLAVORS = {
    "sklearn": (
        "sklearn",
        "mlflow.sklearn",
        "sklearn.utils.validation",
        "sklearn.pipeline",
        "sklearn.compose",
        "sklearn.preprocessing",
        "sklearn.linear_model",
        "sklearn.ensemble",
        "skops.io",
        "cloudpickle",
    ),
    "xgboost": ("xgboost", "mlflow.xgboost"),
    "lightgbm": ("lightgbm", "mlflow.lightgbm"),
    "catboost": ("catboost", "mlflow.catboost"),
    "statsmodels": ("statsmodels.api", "mlflow.statsmodels"),
    "onnx": ("onnx", "mlflow.onnx"),
    "python_function": ("mlflow.pyfunc.model", "cloudpickle"),
}
"""Torch, TensorFlow, gRPC, the JVM and CUDA are not here: a process that holds them must not fork."""

OURS = (
    "uvicorn.protocols.http.httptools_impl",
    "mlflow.models.utils",
    "mlflow.pyfunc.scoring_server",
    "mlflow.utils.proto_json_utils",
    "mlflow.utils.requirements_utils",
    "mdeploy_lab.runtime.replica",
    "mdeploy_lab.runtime.app",
    "mdeploy_lab.runtime.loader",
    "threadpoolctl",
)


def quiet() -> None:
    """Switch MLflow's telemetry off, before it is imported."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def preload(flavors: Iterable[str]) -> None:
    """Import what replicas of these flavours need, the core first; what is not installed is left out."""
    quiet()
    wanted = [*CORE]
    for flavor in flavors:
        wanted += FLAVORS.get(flavor, ())
    for name in dict.fromkeys([*wanted, *OURS]):
        _import(name)
    from mdeploy_lab.runtime.dialect import load_dialects

    load_dialects()


def _import(name: str) -> None:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
