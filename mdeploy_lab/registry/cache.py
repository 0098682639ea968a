"""Where downloaded models are kept: one directory per source, made whole and then renamed into place."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mdeploy_lab.models.deployment import Model
from mdeploy_lab.paths import Home


def key(model: Model) -> str:
    """Return what names a model's files: the digest where the files are known, else where they come from."""
    return hashlib.sha256(f"{model.source}\0{model.model_id}\0{model.digest}".encode()).hexdigest()[:32]


def place(home: Home, name: str) -> Path:
    """Return the directory for a key."""
    return home.state / "models" / name
