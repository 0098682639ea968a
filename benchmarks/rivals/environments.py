"""Environments of other model servers: made once with uv, kept under ``.cache/rivals``."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMON = ("scikit-learn==1.9.1", "joblib")
PACKAGES = {
    "mlserver": ("mlserver==1.7.1", "uvloop<0.22", "mlserver-mlflow==1.7.1", "mlserver-sklearn==1.7.1"),
    "bentoml": ("bentoml==1.4.40",),
    "kserve": ("kserve==0.21.0",),
    "litserve": ("litserve==0.2.19",),
}


def python_of(name: str) -> Path:
    """Return the interpreter of a server's environment, made when it is not there."""
    packages = (*PACKAGES[name], *COMMON)
    digest = hashlib.sha256("\n".join(packages).encode()).hexdigest()[:12]
    place = ROOT / ".cache" / "rivals" / f"{name}-{digest}"
    done = place / "complete"
    python = place / "bin" / "python"
    if not done.exists():
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, place], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *packages], check=True)
        done.touch()
    return python
