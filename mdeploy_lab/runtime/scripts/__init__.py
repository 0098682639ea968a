"""Serving scripts: a file of the user's own with ``load`` and ``predict``, or a class with them, served as any model.

A script's model directory holds ``script.json`` (see ``manifest``), the folder ``script`` as the user wrote it, and, when the
script stands before a model, ``model``. ``MLmodel`` names this package as the loader.
"""

from __future__ import annotations

from typing import Any


def _load_pyfunc(path: str) -> Any:
    """Load the script whose ``script.json`` is at ``path``; MLflow calls it."""
    from mdeploy_lab.runtime.scripts.model import load

    return load(path)
