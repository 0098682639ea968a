"""What to do next for one deployment: spec and observation in, decision out. Pure, so that every case is a small test.

The rules, in order:

1. A stopped deployment runs nothing.
2. Without explicit traffic everything goes to the newest revision, once it is ready in full and its parity rows agree;
   until then what served goes on serving.
3. With explicit traffic each named revision runs, and the split moves when all that are to get a share are ready.
4. A revision that failed before it ever served is abandoned: it stops, and what served goes on serving.
5. A revision that serves and fails later is kept: its engine goes on trying, and the failure is shown until it recovers, or
   until another revision is to take its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mdeploy_lab.engines.base import RevisionObservation
from mdeploy_lab.models.deployment import DeploymentSpec, DeploymentStatus, Failure, TrafficTarget


@dataclass(frozen=True)
class Situation:
    """Everything a decision depends on."""

    spec: DeploymentSpec
    status: DeploymentStatus
    version: int
    latest: int
    observed: Mapping[int, RevisionObservation]
    verified: frozenset[int] = frozenset()
    deleting: bool = False


@dataclass(frozen=True)
class Decision:
    """What to run, what to check, and how to split the traffic."""

    run: frozenset[int]
    serving: tuple[TrafficTarget, ...]
    verify: tuple[int, ...] = ()
    failure: Failure | None = None
    abandoned: frozenset[int] = field(default_factory=frozenset)
    converged: bool = False


def decide(s: Situation) -> Decision:
    """Return the next step towards the spec."""
    promoted = {t.revision for t in s.status.serving}
    if s.spec.stopped or s.deleting:
        return Decision(run=frozenset(), serving=(), converged=not s.observed)
    abandoned, failure = _abandoned(s, promoted)
    goal = _goal(s, abandoned)
    wanted = {t.revision for t in goal if t.percent > 0} or {t.revision for t in goal}
    moved = goal == s.status.serving
    candidates = tuple(r for r in sorted(wanted) if r not in promoted and r not in s.verified and _full(s, r))
    can_move = bool(goal) and all(_full(s, r) and (r in s.verified or r in promoted) for r in wanted)
    serving = goal if moved or can_move else s.status.serving
    run = ({t.revision for t in goal} | {t.revision for t in serving} | {s.latest}) - abandoned
    if failure is None:
        failure = _failing(s, ({t.revision for t in goal} | {s.latest}) - abandoned)
    settled = serving == goal and all(_full(s, r) for r in run)
    return Decision(
        run=frozenset(run),
        serving=serving,
        verify=candidates,
        failure=failure,
        abandoned=frozenset(abandoned),
        converged=settled or failure is not None,
    )


def _goal(s: Situation, abandoned: set[int]) -> tuple[TrafficTarget, ...]:
    """Return the split that is wanted, or the present one when what is wanted cannot run."""
    if s.spec.traffic is None:
        if s.latest not in abandoned:
            return (TrafficTarget(revision=s.latest, percent=100),)
        proven = max(s.verified - abandoned, default=None)
        fallback = (TrafficTarget(revision=proven, percent=100),) if proven is not None else ()
        return s.status.serving or fallback
    if any(t.revision in abandoned and t.percent > 0 for t in s.spec.traffic):
        return s.status.serving
    return tuple(t for t in s.spec.traffic if t.revision not in abandoned)


def _abandoned(s: Situation, promoted: set[int]) -> tuple[set[int], Failure | None]:
    """Return the revisions that failed before they served, and the failure to show."""
    found: dict[int, Failure] = {}
    known = s.status.failure
    if known is not None and known.revision is not None and known.revision not in promoted:
        found[known.revision] = known
    named = {t.revision for t in s.spec.traffic or ()} | {s.latest}
    for number, seen in s.observed.items():
        if seen.failure is not None and number not in promoted:
            found[number] = seen.failure.model_copy(update={"revision": number})
    relevant = {n: f for n, f in found.items() if n in named}
    shown = relevant.get(s.latest) or next(iter(relevant.values()), None)
    return set(relevant), shown


def _failing(s: Situation, wanted: set[int]) -> Failure | None:
    """Return the failure of a wanted revision that served and now crashes again and again.

    One that is about to be replaced is not wanted: the update that mends it has not failed because of it.
    """
    for number in sorted(wanted, reverse=True):
        seen = s.observed.get(number)
        if seen is not None and seen.failure is not None:
            return seen.failure.model_copy(update={"revision": number})
    return None


def _full(s: Situation, revision: int) -> bool:
    """Return whether a revision has all its replicas ready."""
    seen = s.observed.get(revision)
    return seen is not None and len(seen.ready) >= s.spec.replicas
