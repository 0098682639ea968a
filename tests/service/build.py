"""Builders for the values that service tests speak of."""

from __future__ import annotations

from datetime import datetime, timezone

from mdeploy_lab.engines.base import ReplicaObservation, RevisionObservation
from mdeploy_lab.models.deployment import (
    Address,
    DeploymentSpec,
    DeploymentStatus,
    Failure,
    Model,
    Replica,
    RevisionTemplate,
    TrafficTarget,
)
from mdeploy_lab.service.decision import Situation

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def template(uri: str = "models:/churn/1") -> RevisionTemplate:
    return RevisionTemplate(model=Model(uri=uri, source="/models/churn"))


def spec(**values) -> DeploymentSpec:
    return DeploymentSpec(**{"name": "churn", "template": template(), **values})


def targets(**shares: int) -> tuple[TrafficTarget, ...]:
    """Return targets from r1=90, r2=10."""
    return tuple(TrafficTarget(revision=int(k[1:]), percent=v) for k, v in shares.items())


def failure(revision: int, reason: str = "crash") -> Failure:
    return Failure(reason=reason, message="it crashed", revision=revision, at=NOW)


def seen(revision: int, ready: int = 0, starting: int = 0, failed: bool = False) -> RevisionObservation:
    replicas = [
        ReplicaObservation(
            replica=Replica(id=f"churn-{revision}-{i}", revision=revision, state="ready" if i < ready else "starting"),
            address=Address(target=f"unix:/run/{revision}-{i}"),
        )
        for i in range(ready + starting)
    ]
    return RevisionObservation(revision=revision, replicas=tuple(replicas), failure=failure(revision) if failed else None)


def situation(*observed: RevisionObservation, status=None, verified=(), version=1, latest=None, **values) -> Situation:
    return Situation(
        spec=spec(**values),
        status=status or DeploymentStatus(),
        version=version,
        latest=latest or max((o.revision for o in observed), default=1),
        observed={o.revision: o for o in observed},
        verified=frozenset(verified),
    )
