"""The notebook surface: the ``%deploy`` magics, their completion, and what a cell shows."""

from __future__ import annotations

from mdeploy_lab.notebook.extension import load, unload

__all__ = ["load", "unload"]
