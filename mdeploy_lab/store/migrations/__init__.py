"""Numbered migrations of the SQLite store, oldest first; each module's docstring is the reason for it.

A migration that was released is never edited: a new one follows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from mdeploy_lab.store.migrations import m0001_deployments


@dataclass(frozen=True)
class Migration:
    """One step of the schema; its statements run in one transaction."""

    number: int
    name: str
    reason: str
    statements: tuple[str, ...]


MIGRATIONS = (Migration(1, "deployments", m0001_deployments.__doc__ or "", m0001_deployments.STATEMENTS),)
