"""``mlflow deployments … -t mdeploy``: what MLflow loads by the entry point ``mlflow.deployments``.

MLflow wants exactly one client class here, ``run_local`` and ``target_help``. Everything is a call of ``mdeploy_lab.client``.
"""

from __future__ import annotations

from mdeploy_lab.mlflow_plugin.deployments import MDeployClient, run_local
from mdeploy_lab.mlflow_plugin.manual import target_help

__all__ = ["MDeployClient", "run_local", "target_help"]
