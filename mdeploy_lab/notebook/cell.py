"""The cell that runs: notebook, cell id and execution count, as far as the front end tells the kernel."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mdeploy_lab.models.registry import CellContext


def cell_context(ipython: Any) -> CellContext:
    """Return where the running cell is, for a model's lineage."""
    return CellContext(
        notebook=_notebook(ipython), cell_id=_cell_id(ipython), execution_count=getattr(ipython, "execution_count", None)
    )


def _notebook(ipython: Any) -> str:
    """Return the notebook's path: as VS Code tells it, or as Jupyter's session does."""
    told = ipython.user_ns.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or ""
    if not isinstance(told, str) or not told.endswith(".ipynb"):
        return ""
    return str(Path(told).absolute())


def _cell_id(ipython: Any) -> str:
    kernel = getattr(ipython, "kernel", None)
    if kernel is None:
        return ""
    parent = kernel.get_parent()
    found = parent.get("metadata", {}).get("cellId", "") if isinstance(parent, dict) else ""
    return found if isinstance(found, str) else ""
