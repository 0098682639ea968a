"""Isolated environments: built by uv from a model's requirements, kept by the digest of what is in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mdeploy_lab.models.deployment import Model
from mdeploy_lab.paths import Home

from .problems import StartProblem

Progress = Callable[[float | None, str], None]


class Environments:
    """Builds and keeps isolated environments."""

    def __init__(self, home: Home) -> None:
        self._home = home

    async def build(self, model_path: Path, model: Model, progress: Progress) -> str:
        """Return the interpreter of the environment for a model, built when there is none yet."""
        raise StartProblem("environment", "isolate is not there yet")
