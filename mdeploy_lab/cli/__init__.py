"""The shell: ``mdeploy``. Commands are made from the client's table of verbs; nothing heavy is imported for ``--help``."""

from __future__ import annotations

from mdeploy_lab.cli.root import main

__all__ = ["main"]
