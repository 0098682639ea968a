"""Where downloaded models are kept: one directory per source, made whole and then renamed into place."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mdeploy_lab.paths import Home


def key(source: str, digest: str) -> str:
    """Return what names the files of a remote model: where they are, and the digest of their MLmodel."""
    return hashlib.sha256(f"{source}\0{digest}".encode()).hexdigest()[:32]


def root(home: Home) -> Path:
    """Return the directory of all downloaded models."""
    return home.state / "models"


def place(home: Home, name: str) -> Path:
    """Return the directory for a key."""
    return root(home) / name
