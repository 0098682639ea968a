"""Finding deployments: by id, by unique name, and the near names of one that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mdeploy_lab.errors import DeploymentNotFound
from mdeploy_lab.store.base import StoredDeployment


def find(records: Iterable[StoredDeployment], wanted: str) -> StoredDeployment:
    """Return the deployment with this id, else with this unique name.

    Raises
    ------
    DeploymentNotFound
        With near ids in the hint, or the ids of those that share the name.
    """
    alive = [r for r in records if not r.deleting]
    for record in alive:
        if record.id == wanted:
            return record
    named = [r for r in alive if r.spec.name == wanted]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(sorted(r.id for r in named))
        raise DeploymentNotFound(f"{len(named)} deployments are named {wanted!r}", hint=f"use the id: {ids}")
    raise DeploymentNotFound(f"there is no deployment {shortened(wanted)!r}", hint=_near(alive, wanted))


def shortened(text: str, limit: int = 80) -> str:
    """Return text that fits into a message."""
    return text if len(text) <= limit else f"{text[:limit]}…"


def _near(alive: Sequence[StoredDeployment], wanted: str) -> str:
    names = {r.id for r in alive} | {r.spec.name for r in alive}
    close = difflib.get_close_matches(wanted[:200], names, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    if names:
        return "`mdeploy list` shows what there is"
    return "nothing is deployed yet: `%deploy MODEL --name NAME` in a notebook, or `mdeploy deploy MODEL --name NAME`"


@dataclass(frozen=True)
class Filters:
    """What a list is filtered by; empty is no filter."""

    search: str = ""
    groups: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    mine: str | None = None


def matches(record: StoredDeployment, wanted: Filters) -> bool:
    """Return whether a deployment passes the list's filters."""
    if record.deleting:
        return False
    text = wanted.search.casefold()
    return (
        (not text or text in record.id.casefold() or text in record.spec.name.casefold())
        and (not wanted.groups or record.spec.group in wanted.groups)
        and (not wanted.states or record.status.state in wanted.states)
        and (not wanted.types or record.spec.type in wanted.types)
        and (wanted.mine is None or wanted.mine in {record.created_by, record.updated_by})
    )
