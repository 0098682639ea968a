"""Whether a caller may start more in a group: membership and quota, with nobody else's start in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.models.access import Group, InstanceType, Usage
from mdeploy_lab.models.deployment import DeploymentSpec
from mdeploy_lab.service import diff, lookup, membership, quota
from mdeploy_lab.service.membership import Caller, Limits
from mdeploy_lab.store.base import Store, StoredDeployment


class Admission:
    """The doorkeeper of all groups of a home; the service asks it before it writes."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._turns: dict[str, asyncio.Lock] = {}

    async def groups(self, caller: Caller) -> list[Group]:
        """Return the caller's groups with what they use and what is free."""
        await self._limits.refresh()
        mine = membership.groups_of(caller, self._limits)
        owned: dict[str, list[StoredDeployment]] = {name: [] for name in mine}
        for record in await self._store.all():
            if record.spec.group in owned:
                owned[record.spec.group].append(record)
        return [_with_use(group, await self._total(owned[name])) for name, group in mine.items()]

    async def instance_types(self) -> list[InstanceType]:
        """Return the sizes that replicas can have, smallest first."""
        await self._limits.refresh()
        return self._sorted_types()

    async def check_group(self, name: str, caller: Caller) -> None:
        """Raise Forbidden when the caller may not deploy in the group, before anything slow is done."""
        await self._limits.refresh()
        membership.chosen(name, caller, self._limits)

    @asynccontextmanager
    async def admitted(self, spec: DeploymentSpec, caller: Caller, own: StoredDeployment | None = None) -> AsyncIterator[None]:
        """Let the body write ``spec``; until it ends, nobody else takes what is free in the group.

        A deployment (``own``) that needs no more than before always passes: whoever lost the group may still change texts,
        get smaller, or stop.

        Raises
        ------
        Forbidden
            When the caller may not deploy in the group.
        QuotaExceeded
            Naming quota, used and wanted.
        InvalidInput
            When the instance type does not exist.
        """
        await self._limits.refresh()
        before = await self._usage(own.spec, own) if own is not None else Usage()
        wanted = await self._usage(spec, own)
        more = own is None or quota.grows(before, wanted)
        if more or own is None or spec.template.instance_type != own.spec.template.instance_type:
            self._check_type(spec.template.instance_type)
        if not more:
            yield
            return
        group = membership.chosen(spec.group, caller, self._limits)
        if not quota.limited(group.quota):
            yield
            return
        async with self._turns.setdefault(group.name, asyncio.Lock()):
            quota.check(group, await self._used(group.name, own), wanted, before)
            yield

    async def _used(self, group: str, own: StoredDeployment | None) -> Usage:
        """Return what the group's other deployments take."""
        records = await self._store.all()
        return await self._total(r for r in records if r.spec.group == group and (own is None or r.uid != own.uid))

    async def _total(self, records: Iterable[StoredDeployment]) -> Usage:
        """Return what deployments take together; only those that run are looked at, and one with a split twice."""
        types = self._limits.instance_types
        running = [r for r in records if not (r.deleting or r.spec.stopped)]
        parts = [quota.needs(r.spec, types) for r in running if not r.spec.traffic]
        return quota.total([*parts, *[await self._usage(r.spec, r) for r in running if r.spec.traffic]])

    async def _usage(self, spec: DeploymentSpec, record: StoredDeployment | None) -> Usage:
        """Return what ``spec`` takes, for a deployment that has this record."""
        kept = {t.revision for t in spec.traffic or ()}
        if not kept or record is None or spec.stopped:
            return quota.needs(spec, self._limits.instance_types)
        revisions = await self._store.revisions(record.uid)
        same = diff.runs_the_same(spec.template, record.spec.template)
        newest = revisions[-1].number if same else revisions[-1].number + 1
        others = [r.template.instance_type for r in revisions if r.number in kept and r.number != newest]
        return quota.needs(spec, self._limits.instance_types, others)

    def _sorted_types(self) -> list[InstanceType]:
        return sorted(self._limits.instance_types.values(), key=lambda t: (t.gpu, t.cpu, t.memory))

    def _check_type(self, name: str) -> None:
        if name not in self._limits.instance_types:
            raise InvalidInput(
                f"there is no instance type {lookup.shortened(name)!r}",
                hint=f"use one of: {', '.join(t.name for t in self._sorted_types())}",
                details={"fields": {"instance_type": "unknown"}},
            )


def _with_use(group: Group, used: Usage) -> Group:
    return group.model_copy(update={"used": used, "free": quota.free(group.quota, used)})
