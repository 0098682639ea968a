"""A deployment as a cell's output keeps it: our own MIME type, shown live by JupyterLab, with HTML and text beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mdeploy_lab.models.deployment import Deployment

MIME_TYPE = "application/vnd.mdeploy.deployment.v1+json"
API = "mdeploy/api"
"""Where the REST interface is, from the base URL of whichever Jupyter shows the notebook."""


def payload(d: Deployment) -> dict[str, Any]:
    """Return what a notebook file keeps: enough for a picture when nothing answers, and no value of the environment.

    Environment variables often hold secrets, and metadata, evidence and descriptions can be long; all are fetched when shown.
    """
    left_out: dict[str, Any] = {
        "spec": {
            "template": {"env": True, "secret_env": True, "model": {"interpreter", "source", "tracking_uri", "registry_uri"}},
            "metadata": True,
            "description": True,
        },
        "status": {"timeline": True, "receipt": True, "failure": {"evidence"}},
    }
    return {
        "id": d.id,
        "uid": d.uid,
        "name": d.spec.name,
        "url": d.url,
        "state": d.status.state,
        "base": API,
        "deployment": d.model_dump(mode="json", exclude=left_out),
    }


def bundle(d: Deployment, *, html: str, text: str) -> dict[str, Any]:
    """Return the output of one deployment, for ``_repr_mimebundle_``."""
    return {MIME_TYPE: payload(d), "text/html": html, "text/plain": text}


def list_bundle(deployments: Iterable[Deployment], *, view: str = "cards", html: str, text: str) -> dict[str, Any]:
    """Return the output of several deployments, for ``_repr_mimebundle_``: ``cards`` are these, ``grid`` is all there is."""
    shown = {"base": API, "view": view, "deployments": [payload(d) for d in deployments]}
    return {MIME_TYPE: shown, "text/html": html, "text/plain": text}


def view_bundle(view: str, d: Deployment | None, *, html: str, text: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the output of one view, such as ``logs``, of a deployment or of none."""
    shown = {**(payload(d) if d is not None else {"base": API}), "view": view, "options": dict(options)}
    return {MIME_TYPE: shown, "text/html": html, "text/plain": text}
