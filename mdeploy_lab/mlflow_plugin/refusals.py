"""What MLflow's contract has and mdeploy has not: each is refused with what to do instead."""

# ruff: noqa: ARG002  # MLflow's contract names the arguments
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from mlflow.deployments import BaseDeploymentClient

from mdeploy_lab.errors import NotCapable
from mdeploy_lab.mlflow_plugin.problems import problem

Config = Mapping[str, Any] | None


class Refusing(BaseDeploymentClient):  # type: ignore[misc]  # mlflow is untyped
    """The calls that are refused."""

    def explain(self, deployment_name: str | None = None, df: Any = None, endpoint: str | None = None) -> NoReturn:
        """Refuse: there is no explainer beside a model."""
        _refuse("mdeploy computes no explanations", "deploy a function that returns them, such as one that calls shap")

    def predict_stream(self, deployment_name: str | None = None, inputs: Any = None, endpoint: str | None = None) -> NoReturn:
        """Refuse: answers come whole."""
        _refuse("mdeploy answers as a whole, not as a stream", "use predict")

    def create_endpoint(self, name: str, config: Config = None) -> NoReturn:
        """Refuse: groups are configured."""
        _refuse_group("made")

    def update_endpoint(self, endpoint: str, config: Config = None) -> NoReturn:
        """Refuse: groups are configured."""
        _refuse_group("changed")

    def delete_endpoint(self, endpoint: str) -> NoReturn:
        """Refuse: groups are configured."""
        _refuse_group("deleted")


def _refuse(what: str, hint: str) -> NoReturn:
    raise problem(NotCapable(what, hint=hint))


def _refuse_group(done: str) -> NoReturn:
    _refuse(f"an endpoint is a group, and groups are not {done} from here", "[groups.NAME] in the home's config.toml makes one")
