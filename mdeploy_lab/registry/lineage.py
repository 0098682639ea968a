"""Say where a model came from: notebook, cell, commit, and the data it was fitted on."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

from mdeploy_lab.models.registry import CellContext
from mdeploy_lab.registry import frames

GIT_SECONDS = 2.0
_SAMPLE = 100


def lineage(
    *, variable: str | None, cell: CellContext | None, data: Any = None, directory: Path | None = None
) -> dict[str, Any]:
    """Return the JSON that goes into the model's metadata; what is not known is left out."""
    found: dict[str, Any] = {"variable": variable or ""}
    if cell is not None:
        found |= {"notebook": cell.notebook, "cell_id": cell.cell_id, "execution_count": cell.execution_count}
    found |= commit(directory or (Path(cell.notebook).parent if cell and cell.notebook else Path.cwd()))
    found["run_id"] = active_run()
    if data is not None:
        found["data_fingerprint"] = data_fingerprint(data)
    return {k: v for k, v in found.items() if v not in ("", None)}


def commit(directory: Path) -> dict[str, Any]:
    """Return the git commit of ``directory`` and whether files that git knows are changed; empty outside a repository."""
    if not directory.is_dir() or not any((d / ".git").exists() for d in (directory.absolute(), *directory.absolute().parents)):
        return {}
    git = ["git", "--no-optional-locks", "-C", str(directory)]
    try:
        answer = subprocess.run(
            [*git, "status", "--porcelain=v2", "--branch", "--untracked-files=no"],
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=True,
        ).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):  # no git, no commit yet, or a slow disk: lineage is no reason to fail
        return {}
    head = next((line.split()[-1] for line in answer if line.startswith("# branch.oid")), "")
    if not head or head == "(initial)":
        return {}
    return {"git_commit": head, "git_dirty": any(not line.startswith("#") for line in answer)}


def active_run() -> str:
    """Return the id of the user's active run, read without starting or touching one."""
    fluent = sys.modules.get("mlflow.tracking.fluent")
    if fluent is None:
        return ""
    run = fluent.active_run()
    return str(run.info.run_id) if run is not None else ""


def data_fingerprint(data: Any) -> str:
    """Return a digest of columns, types, shape and a sample of rows; equal data gives equal digests."""
    found = hashlib.sha256()
    if frames.is_frame(data):
        found.update(repr([(str(c), str(t)) for c, t in data.dtypes.items()]).encode())
    found.update(f"{getattr(data, 'dtype', '')}{getattr(data, 'shape', '')}{frames.count(data)}".encode())
    sample = frames.rows(data, _SAMPLE)
    if frames.is_frame(sample):
        found.update(sample.to_csv().encode())
    elif frames.is_array(sample) and sample.dtype.kind != "O":
        found.update(sample.tobytes())
    else:
        found.update(repr(sample).encode())
    return found.hexdigest()[:16]
