"""A home with two groups and two registered versions of one model, and MLflow's two ways in: its client and its commands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mdeploy_lab.client.sync import default_client
from mdeploy_lab.paths import Home
from mdeploy_lab.registry import template
from mdeploy_lab.registry.backend import home_uri
from tests.e2e.conftest import home, iris

__all__ = ["home", "iris"]

MLflow = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def registry(home: Home, iris) -> Iterator[str]:
    """Register ``iris`` twice; version 2, the champion, answers 10 more. Returns the registry's URI."""
    import mlflow
    from mlflow.models import infer_signature
    from sklearn.linear_model import LogisticRegression

    home.create()
    home.config.write_text("[groups.risk]\n", encoding="utf-8")
    template.build()
    assert template.provide(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", home_uri(home))
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        default_client().info()  # the engine warms up meanwhile
        x, y = iris
        for shift in (0, 10):
            model = LogisticRegression(max_iter=500).fit(x, y + shift)
            signature = infer_signature(x, model.predict(x))
            mlflow.sklearn.log_model(
                model, name="model", registered_model_name="iris", signature=signature, pip_requirements=["scikit-learn"]
            )
        mlflow.MlflowClient().set_registered_model_alias("iris", "champion", "2")
        yield home_uri(home)


@pytest.fixture(scope="module")
def target(registry: str):
    """MLflow's Python client for the target ``mdeploy``."""
    from mlflow.deployments import get_deploy_client

    return get_deploy_client("mdeploy")


@pytest.fixture(scope="module")
def mlflow_command(home: Home, registry: str) -> MLflow:
    """Run ``mlflow deployments …`` in a process of its own."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mlflow", "deployments", *words]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=100, check=False, cwd=home.root.parent, env=dict(os.environ)
        )

    return run


@pytest.fixture
def command(registry: str):
    """Run MLflow's own commands in this process, which saves its three seconds of imports."""
    from click.testing import CliRunner
    from mlflow.deployments.cli import commands

    return lambda *words: CliRunner().invoke(commands, list(words))


@pytest.fixture(scope="module")
def rows_file(home: Home, iris) -> Path:
    """Five rows of each kind, as pandas writes JSON."""
    path = home.root.parent / "rows.json"
    iris[0].iloc[::30].to_json(path)
    return path
