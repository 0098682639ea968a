"""Deploy machine-learning models from the notebook where they were trained.

``import mdeploy_lab as md`` is light: everything is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mdeploy_lab import errors
    from mdeploy_lab.client import aio
    from mdeploy_lab.client.deployment import Deployment
    from mdeploy_lab.client.panels import form
    from mdeploy_lab.client.sync import Client, connect, deploy, deployments, get, info
    from mdeploy_lab.notebook.widgets import widget
    from mdeploy_lab.runtime.context import request_context

_LAZY = {
    "Client": "mdeploy_lab.client.sync",
    "Deployment": "mdeploy_lab.client.deployment",
    "connect": "mdeploy_lab.client.sync",
    "deploy": "mdeploy_lab.client.sync",
    "deployments": "mdeploy_lab.client.sync",
    "form": "mdeploy_lab.client.panels",
    "get": "mdeploy_lab.client.sync",
    "info": "mdeploy_lab.client.sync",
    "request_context": "mdeploy_lab.runtime.context",
    "widget": "mdeploy_lab.notebook.widgets",
}
_MODULES = {"aio": "mdeploy_lab.client.aio", "errors": "mdeploy_lab.errors"}

__all__ = [
    "Client",
    "Deployment",
    "__version__",
    "aio",
    "connect",
    "deploy",
    "deployments",
    "errors",
    "form",
    "get",
    "info",
    "request_context",
    "widget",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def load_ipython_extension(ipython: Any) -> None:
    """Register the ``%deploy`` magics; called by ``%load_ext mdeploy_lab``."""
    from mdeploy_lab.notebook import load

    load(ipython)


def unload_ipython_extension(ipython: Any) -> None:
    """Take the magics away again."""
    from mdeploy_lab.notebook import unload

    unload(ipython)
