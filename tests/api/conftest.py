"""The API as it is served: a real engine, over its socket. Deployments are made stopped, so nothing has to start."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from mdeploy_lab.client.sync import Client
from mdeploy_lab.paths import Home
from tests.e2e.conftest import client, engine, home, iris, models  # noqa: F401  # fixtures


@pytest.fixture(scope="module")
def model(models, iris, tmp_path_factory) -> str:  # noqa: F811  # pytest's way
    """Return the path of a model that works."""
    import mlflow

    path = tmp_path_factory.mktemp("models") / "iris"
    mlflow.sklearn.save_model(
        models[0],
        path,
        input_example=iris[0].head(),
        pip_requirements=["mlflow", "scikit-learn"],
        serialization_format="cloudpickle",
    )
    return str(path)


@pytest.fixture(scope="module")
def http(home: Home, client: Client) -> Iterator[httpx.Client]:  # noqa: F811  # pytest's way
    """Return plain HTTP to the engine."""
    client.info()
    with engine(home) as made:
        yield made
