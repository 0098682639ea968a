"""Checks of a traffic split. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from mdeploy_lab.errors import InvalidInput, RevisionNotFound
from mdeploy_lab.models.deployment import TrafficTarget

WHOLE = 100


def checked(targets: Sequence[TrafficTarget], known: set[int], id_: str) -> tuple[TrafficTarget, ...]:
    """Return the targets by revision.

    Raises
    ------
    InvalidInput
        When the shares do not sum to 100 or a revision is named twice.
    RevisionNotFound
        When a revision does not exist.
    """
    numbers = [t.revision for t in targets]
    twice = {n for n in numbers if numbers.count(n) > 1}
    if twice:
        raise InvalidInput(f"revision {min(twice)} is named twice", hint="name each revision once")
    missing = sorted(set(numbers) - known)
    if missing:
        raise RevisionNotFound(
            f"deployment {id_} has no revision {missing[0]}", hint=f"`mdeploy history {id_}` shows its revisions"
        )
    total = sum(t.percent for t in targets)
    if total != WHOLE:
        raise InvalidInput(
            f"the shares sum to {total} %, not 100 %",
            hint=f"for example: mdeploy traffic {id_} {numbers[0] if numbers else 1}=100",
            details={"fields": {"targets": f"sum to {total}"}},
        )
    return tuple(sorted(targets, key=lambda t: t.revision))
