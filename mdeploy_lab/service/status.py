"""The status that users see, from a decision and an observation. Pure."""

from __future__ import annotations

from datetime import datetime

from mdeploy_lab.models.deployment import DeploymentStatus, Health, Phase, Receipt, ReplicaCount, State, TrafficTarget
from mdeploy_lab.service.decision import Decision, Situation


def status_of(s: Situation, decision: Decision, receipt: Receipt | None, now: datetime) -> DeploymentStatus:
    """Return the new status; ``changed_at`` moves only with the state."""
    state = _state(s, decision)
    wanted = s.spec.replicas if not (s.spec.stopped or s.deleting) else 0
    carrying = {t.revision for t in decision.serving if t.percent > 0} or {s.latest}
    ready = {r: len(s.observed[r].ready) for r in carrying if r in s.observed}
    count = ReplicaCount(wanted=wanted * len(carrying), ready=sum(ready.values()))
    newest = s.observed.get(s.latest)
    timeline = newest.timeline if newest is not None and newest.timeline else _kept_timeline(s)
    decided = decision.converged or s.status.observed_version >= s.version
    return DeploymentStatus(
        state=state,
        health=_health(s, decision, ready),
        message=_message(s, decision, state, count, timeline),
        failure=decision.failure,
        revision=s.latest,
        serving=decision.serving,
        replicas=count,
        timeline=timeline,
        receipt=receipt,
        observed_version=s.version if decided else s.status.observed_version,
        changed_at=s.status.changed_at if state == s.status.state and s.status.changed_at else now,
    )


def _kept_timeline(s: Situation) -> tuple[Phase, ...]:
    return s.status.timeline if s.status.revision == s.latest else ()


def _state(s: Situation, decision: Decision) -> State:
    if s.spec.stopped or s.deleting:
        return "stopping" if s.observed else "stopped"
    if decision.failure is not None:
        return "failed"
    if decision.converged or s.status.observed_version >= s.version:
        return "deployed"
    return "deploying"


def _health(s: Situation, decision: Decision, ready: dict[int, int]) -> Health:
    if s.spec.stopped or s.deleting or not decision.serving:
        return "unknown"
    return "healthy" if any(ready.values()) or s.spec.replicas == 0 else "unhealthy"


def _serves(serving: tuple[TrafficTarget, ...]) -> str:
    shares = [t for t in serving if t.percent > 0]
    if len(shares) == 1:
        return f"revision {shares[0].revision} serves"
    return ", ".join(f"revision {t.revision} serves {t.percent} %" for t in shares)


def _message(s: Situation, decision: Decision, state: State, count: ReplicaCount, timeline: tuple[Phase, ...]) -> str:
    if state == "stopped":
        return "Stopped; start it again and it has the same URL"
    if state == "stopping":
        return "Finishing the requests that run"
    serves = _serves(decision.serving)
    if decision.failure is not None:
        text = f"revision {decision.failure.revision} failed: {decision.failure.message}"
        others = tuple(t for t in decision.serving if t.revision != decision.failure.revision)
        return f"{text}; {_serves(others)}" if _serves(others) else text
    if state == "deploying":
        running = next((p for p in reversed(timeline) if p.seconds is None and p.name != "ready"), None)
        step = f"Revision {s.latest} is starting" + (f": {running.name}" if running else "")
        return f"{step}; {serves}" if serves else step
    short = "" if count.ready >= count.wanted else f"; {count.ready} of {count.wanted} replicas are ready"
    pinned = s.spec.traffic is not None and s.latest not in {t.revision for t in decision.serving if t.percent}
    extra = f"; revision {s.latest} is ready at 0 %" if pinned and s.latest in s.observed else ""
    return (serves[:1].upper() + serves[1:] if serves else "Ready") + short + extra
