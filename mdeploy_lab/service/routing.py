"""A deployment's route, from its record and what runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from mdeploy_lab.engines.base import RevisionObservation
from mdeploy_lab.gateway.base import Backend, Credential, Route, Unavailable
from mdeploy_lab.models.deployment import Address, DeploymentStatus, TrafficTarget
from mdeploy_lab.store.base import StoredClient, StoredDeployment

GATEWAY_GRACE = 5.0
"""Seconds that the gateway waits longer than the replica, so that the replica's own 504 arrives."""


def shares(serving: Sequence[TrafficTarget], ready: Mapping[int, bool]) -> dict[int, int]:
    """Return the percent per ready revision: what a revision without a replica cannot take goes to the others.

    The result is empty or sums to 100; the order of shares is kept.
    """
    alive = [t for t in serving if t.percent > 0 and ready.get(t.revision)]
    total = sum(t.percent for t in alive)
    if not total:
        return {}
    whole = {t.revision: t.percent * 100 // total for t in alive}
    rest = 100 - sum(whole.values())
    for target in sorted(alive, key=lambda t: -(t.percent * 100 % total))[:rest]:
        whole[target.revision] += 1
    return whole


def answering(seen: RevisionObservation) -> tuple[Address, ...]:
    """Return where a revision answers, by target: its ready replicas, else those that are being restarted.

    The engine holds the listener of a replica that it restarts, so requests wait there for a moment instead of failing.
    """
    ready = [r.address for r in seen.ready if r.address is not None]
    back = [r.address for r in seen.replicas if r.address is not None and r.replica.state == "starting" and r.replica.restarts]
    return tuple(sorted(ready or back, key=lambda a: a.target))


def route_for(
    record: StoredDeployment,
    serving: Sequence[TrafficTarget],
    observed: Mapping[int, RevisionObservation],
    clients: Sequence[StoredClient],
    now: datetime,
) -> Route:
    """Return the route: every ready revision under its own URL, and the split of the plain one."""
    running = not (record.spec.stopped or record.deleting)
    alive = {n: found for n, seen in observed.items() if (found := answering(seen))} if running else {}
    weights = shares(serving, dict.fromkeys(alive, True))
    runtime = record.spec.template.runtime
    return Route(
        uid=record.uid,
        id=record.id,
        group=record.spec.group,
        api_name=record.spec.api_name,
        public=record.spec.public,
        credentials=credentials(clients, now),
        backends=tuple(
            Backend(revision=number, weight=weights.get(number, 0), addresses=addresses)
            for number, addresses in sorted(alive.items())
        ),
        unavailable=None if weights else _unavailable(record, record.status),
        timeout=runtime.predict_timeout + GATEWAY_GRACE,
        max_payload=runtime.max_payload,
    )


def credentials(clients: Sequence[StoredClient], now: datetime) -> tuple[Credential, ...]:
    """Return the secrets that are valid now."""
    return tuple(
        Credential(client=s.client, key_id=s.key_id, sha1=s.sha1)
        for client in sorted(clients, key=lambda c: c.info.name)
        for s in client.secrets
        if s.expires_at is None or s.expires_at > now
    )


def _unavailable(record: StoredDeployment, status: DeploymentStatus) -> Unavailable:
    if record.spec.stopped:
        return Unavailable(
            reason="stopped", message=f"deployment {record.id} is stopped", hint=f"start it: mdeploy start {record.id}"
        )
    if status.serving:
        return Unavailable(
            reason="no_replica",
            message=f"no replica of deployment {record.id} answers at the moment",
            hint="try again in a moment; the cause is in the deployment's events",
        )
    return Unavailable(
        reason="never_ready",
        message=f"deployment {record.id} is not ready",
        hint=f"see why: mdeploy get {record.id}",
    )
