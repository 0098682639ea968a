"""Ids for the shell's completion."""

from __future__ import annotations

from typing import Any

SECONDS = 0.5


def complete_ids(_context: Any, _param: Any, incomplete: str) -> list[str]:
    """Return the ids that begin with what was typed."""
    from mdeploy_lab.client.nearby import running_ids

    return [found for found in running_ids(SECONDS) if found.startswith(incomplete)]
