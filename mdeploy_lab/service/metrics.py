"""Asks the replicas what they counted, and keeps the last numbers of those that ended, so that totals never go down."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import httpx

from mdeploy_lab.engines.base import Engine, ReplicaObservation
from mdeploy_lab.models.deployment import Address
from mdeploy_lab.models.metrics import DeploymentMetrics, ReplicaMetrics, prometheus, summed
from mdeploy_lab.store.base import StoredDeployment

SECONDS = 2.0
"""A replica that does not answer in this time is left out; its last numbers are told."""
KEPT = 200
"""Replicas of one deployment whose last numbers are kept after their end."""


class MetricsService:
    """What replicas counted, those that ended while this engine ran too."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._seen: dict[str, dict[str, ReplicaMetrics]] = {}

    async def of(self, record: StoredDeployment) -> DeploymentMetrics:
        """Return the numbers of one deployment."""
        return summed(record.id, await self._replicas(record))

    async def text(self, records: Iterable[StoredDeployment]) -> str:
        """Return the numbers of deployments in Prometheus' format."""
        wanted = list(records)
        found = await asyncio.gather(*(self._replicas(record) for record in wanted))
        return prometheus((record.id, each) for record, many in zip(wanted, found, strict=True) for each in many)

    def forget(self, living: Iterable[str]) -> None:
        """Forget deployments that are gone; ``living`` are the uids of the others."""
        keep = set(living)
        for uid in [uid for uid in self._seen if uid not in keep]:
            del self._seen[uid]

    async def _replicas(self, record: StoredDeployment) -> list[ReplicaMetrics]:
        observed = self._engine.observe(record.uid)
        running = [each for number in sorted(observed) for each in observed[number].replicas]
        told = await asyncio.gather(*(_ask(each) for each in running))
        seen = self._seen.setdefault(record.uid, {})
        seen.update({metrics.replica: metrics for metrics in told if metrics is not None})
        alive = {each.replica.id for each in running}
        for name, last in seen.items():
            if name not in alive and not last.ended:
                seen[name] = last.model_copy(update={"ended": True})
        for name in [n for n, last in seen.items() if last.ended][:-KEPT]:
            del seen[name]
        return sorted(seen.values(), key=lambda m: (m.revision, m.started_at))


async def _ask(observation: ReplicaObservation) -> ReplicaMetrics | None:
    if observation.address is None:
        return None
    try:
        async with _client(observation.address) as http:
            answer = await http.get("/metrics", headers={"Accept": "application/json"})
        return ReplicaMetrics.model_validate_json(answer.content) if answer.status_code == httpx.codes.OK else None
    except (httpx.HTTPError, ValueError):  # it is just ending, or was started by an older version
        return None


def _client(address: Address) -> httpx.AsyncClient:
    kind, _, rest = address.target.partition(":")
    headers = {"x-mdeploy-replica": address.secret} if address.secret else {}
    if kind == "unix":
        transport = httpx.AsyncHTTPTransport(uds=rest)
        return httpx.AsyncClient(transport=transport, base_url="http://replica", headers=headers, timeout=SECONDS)
    return httpx.AsyncClient(base_url=f"http://{rest}", headers=headers, timeout=SECONDS, trust_env=False)
