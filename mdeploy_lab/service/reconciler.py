"""Makes what is wanted so: reads spec and observation, decides, tells engine and gateway, and writes down what it saw.

It is level-triggered: each pass looks at everything of one deployment afresh, so a lost notification or a death in the middle
costs a pass, never a state. Order within a pass: start what is missing; check rows on what is new; move the traffic and wait
until the gateway serves it; only then stop what nobody needs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from mdeploy_lab.engines.base import Engine, RevisionObservation, RevisionPlan
from mdeploy_lab.errors import MDeployError
from mdeploy_lab.gateway.base import Gateway, Route
from mdeploy_lab.models.access import InstanceType
from mdeploy_lab.models.deployment import DeploymentStatus, Failure, Model, Receipt, Revision
from mdeploy_lab.models.history import Change, Event, Level
from mdeploy_lab.service import fixes, parity, routing
from mdeploy_lab.service.clock import Clock, utc_now
from mdeploy_lab.service.decision import Decision, Situation, decide
from mdeploy_lab.service.endpoint import Endpoint
from mdeploy_lab.service.hub import Hub
from mdeploy_lab.service.queue import WorkQueue
from mdeploy_lab.service.status import status_of
from mdeploy_lab.store.base import Store, StoredDeployment

log = logging.getLogger(__name__)

Fetch = Callable[[Model], Awaitable[Path]]
"""Returns the local directory of a model's files, which the engine has fetched before."""

FALLBACK_TYPE = InstanceType(name="small", cpu=1, memory=2**30)


class Reconciler:
    """The only one of a home."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        gateway: Gateway,
        endpoint: Endpoint,
        hub: Hub,
        instance_types: Mapping[str, InstanceType],
        *,
        fetch: Fetch,
        drain_seconds: float = 10.0,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._engine = engine
        self._gateway = gateway
        self._endpoint = endpoint
        self._hub = hub
        self._types = instance_types
        self._fetch = fetch
        self._drain = drain_seconds
        self._clock = clock
        self._queue = WorkQueue(self.reconcile)
        self._events: asyncio.Queue[tuple[str, Event]] = asyncio.Queue()
        self._removing: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._patient: set[tuple[str, int]] = set()
        self._ids: dict[str, str] = {}
        self._unsubscribe: Callable[[], None] = lambda: None
        self._recorder: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Adopt what runs, bring the gateway up with it, and look at every deployment once."""
        await self._engine.open(self._queue.add, self.emit)
        records = await self._store.all()
        self._ids = {r.uid: r.id for r in records}
        routes: dict[str, Route] = {}
        for record in records:
            if not record.deleting:
                clients = await self._store.clients(record.uid)
                seen = self._engine.observe(record.uid)
                routes[record.uid] = routing.route_for(record, record.status.serving, seen, clients, self._clock())
        await self._gateway.open(routes, self._endpoint.used)
        self._unsubscribe = self._store.subscribe(self._stored)
        self._recorder = asyncio.create_task(self._record_events(), name="record-events")
        self._queue.start()
        for record in records:
            if self._needs_work(record):
                self._queue.add(record.uid)
        for uid in self._engine.deployments() - {r.uid for r in records}:
            self._queue.add(uid)

    async def halt(self) -> None:
        """Begin no further pass: from now on nothing is started that somebody else ends."""
        self._unsubscribe()
        await self._queue.stop()

    async def stop(self) -> None:
        """Stop reconciling; replicas and gateway go on."""
        await self.halt()
        if self._recorder is not None:
            self._recorder.cancel()
        await asyncio.gather(*filter(None, [self._recorder]), return_exceptions=True)
        await self._flush_events()
        for task in self._removing.values():
            task.cancel()
        await asyncio.gather(*self._removing.values(), return_exceptions=True)
        await self._engine.close()
        await self._gateway.close()

    def poke(self, uid: str) -> None:
        """Look at a deployment soon."""
        self._queue.add(uid)

    def emit(self, uid: str, event: Event) -> None:
        """Record an event; never waits."""
        self._events.put_nowait((uid, event))

    def _needs_work(self, record: StoredDeployment) -> bool:
        settled = record.status.observed_version == record.resource_version
        at_rest = record.spec.stopped and record.status.state == "stopped" and not self._engine.observe(record.uid)
        return record.deleting or not (settled and at_rest)

    def _stored(self, uid: str, what: str) -> None:
        if what in {"spec", "clients"}:
            self._queue.add(uid)

    async def reconcile(self, uid: str) -> None:
        """Do one pass over one deployment."""
        record = await self._store.get(uid)
        if record is None:
            await self._end_stray(uid)
            return
        self._ids[uid] = record.id
        if record.deleting:
            await self._delete(record)
            return
        revisions = {r.number: r for r in await self._store.revisions(uid)}
        await self._pass(record, revisions)

    async def _pass(self, record: StoredDeployment, revisions: Mapping[int, Revision]) -> None:
        situation = self._situation(record, revisions)
        decision = decide(situation)
        for number in sorted(decision.run):
            if (record.uid, number) not in self._removing:
                await self._engine.ensure(self._plan(record, revisions[number]))
        situation = self._situation(record, revisions)
        decision = decide(situation)
        receipts = {r.number: r.receipt for r in revisions.values() if r.receipt is not None}
        for number in decision.verify:
            failure = await self._verify(record, revisions[number], decision, receipts)
            if failure is not None:
                situation = replace(situation, status=record.status.model_copy(update={"failure": failure}))
            else:
                situation = replace(situation, verified=situation.verified | {number})
        decision = decide(situation)
        await self._route(record, decision)
        status = status_of(situation, decision, receipts.get(situation.latest), self._clock())
        status = fixes.added(status, record.id, record.spec)
        await self._note(record, status)
        for number in set(situation.observed) - decision.run:
            self._remove(record.uid, number, self._drain if record.spec.stopped else None)

    def _situation(self, record: StoredDeployment, revisions: Mapping[int, Revision]) -> Situation:
        return Situation(
            spec=record.spec,
            status=record.status,
            version=record.resource_version,
            latest=max(revisions),
            observed=self._engine.observe(record.uid) if record.spec.stopped else self._lasting(record.uid),
            verified=frozenset(n for n, r in revisions.items() if _passed(r)),
        )

    def _lasting(self, uid: str) -> dict[int, RevisionObservation]:
        """Return what runs and is not on its way out; a revision that is wanted again starts after its end."""
        return {n: seen for n, seen in self._engine.observe(uid).items() if (uid, n) not in self._removing}

    def _plan(self, record: StoredDeployment, revision: Revision) -> RevisionPlan:
        return RevisionPlan(
            uid=record.uid,
            deployment=record.id,
            group=record.spec.group,
            revision=revision.number,
            template=revision.template,
            instance_type=self._types.get(revision.template.instance_type, FALLBACK_TYPE),
            replicas=record.spec.replicas,
            start_timeout=record.spec.start_timeout,
        )

    async def _verify(
        self, record: StoredDeployment, revision: Revision, decision: Decision, receipts: dict[int, Receipt]
    ) -> Failure | None:
        """Replay the parity rows on a revision that is ready but has no traffic."""
        model = await self._fetch(revision.template.model)
        stored = await asyncio.to_thread(parity.rows_in, model)
        if stored is None:
            return None
        await self._route(record, decision)

        async def ask(body: object) -> tuple[int, object]:
            return await self._endpoint.invoke(record, revision.number, body)

        overridden = not record.spec.check_parity
        found = await parity.replay(stored, revision.number, ask, self._clock(), overridden=overridden)
        if isinstance(found, Failure):
            return None if overridden else found
        await self._store.set_receipt(record.uid, revision.number, found)
        receipts[revision.number] = found
        self._say(
            record.uid,
            "parity.checked",
            f"{found.agreed} of {found.rows} rows agree with the notebook",
            revision=revision.number,
            level="info" if found.agreed == found.rows else "warning",
        )
        return None if found.agreed == found.rows or overridden else parity.refusal(found, self._clock())

    async def _route(self, record: StoredDeployment, decision: Decision) -> None:
        for uid in [u for u, id_ in self._ids.items() if id_ == record.id and u != record.uid]:
            await self._gateway.drop(uid)  # one that is being deleted had this id before
            self._ids.pop(uid, None)
        clients = await self._store.clients(record.uid)
        now = self._clock()
        observed = {n: seen for n, seen in self._lasting(record.uid).items() if n in decision.run}
        served = record.model_copy(update={"status": record.status.model_copy(update={"serving": decision.serving})})
        await self._gateway.put(routing.route_for(served, decision.serving, observed, clients, now))
        self._wake_at_expiry(record.uid, [s.expires_at for c in clients for s in c.secrets], now)

    def _wake_at_expiry(self, uid: str, ends: list[datetime | None], now: datetime) -> None:
        coming = [e for e in ends if e is not None and e > now]
        if coming:
            self._queue.add_after(uid, (min(coming) - now).total_seconds() + 0.05)

    async def _note(self, record: StoredDeployment, status: DeploymentStatus) -> None:
        before = record.status
        if status == before:
            return
        await self._store.set_status(record.uid, status)
        if status.state != before.state:
            level: Level = "error" if status.state == "failed" else "info"
            self._say(record.uid, f"state.{status.state}", status.message, revision=status.revision, level=level)
        if status.serving != before.serving and status.serving:
            split = ", ".join(f"revision {t.revision}: {t.percent} %" for t in status.serving)
            self._say(record.uid, "traffic.moved", split, revision=status.revision)

    def _remove(self, uid: str, number: int, drain: float | None) -> None:
        """Remove a revision; one that is being removed with patience is removed in ``drain`` seconds after all."""
        key = (uid, number)
        before = self._removing.get(key)
        if before is not None and (drain is None or key not in self._patient):
            return
        if drain is None:
            self._patient.add(key)
        else:
            self._patient.discard(key)
        removal = self._removal(uid, number, drain, before)
        self._removing[key] = asyncio.create_task(removal, name=f"remove-{uid}-{number}")

    async def _removal(self, uid: str, number: int, drain: float | None, before: asyncio.Task[None] | None) -> None:
        key = (uid, number)
        try:
            await self._engine.remove(uid, number, drain=drain)
            if before is not None:
                await asyncio.wait({before})
        except MDeployError:
            log.exception("removing revision %s of %s failed", number, uid)
        finally:
            if self._removing.get(key) is asyncio.current_task():
                del self._removing[key]
                self._patient.discard(key)
            self._queue.add(uid)

    async def _delete(self, record: StoredDeployment) -> None:
        await self._gateway.drop(record.uid)
        self._ids.pop(record.uid, None)
        if await self._store.find(record.id) is None:
            self._hub.publish(Change(topic="deleted", id=record.id))
        await self._engine_end(record.uid)
        await self._store.remove(record.uid)

    async def _end_stray(self, uid: str) -> None:
        """End what still runs of a deployment that nobody wants."""
        if uid in self._engine.deployments():
            await self._gateway.drop(uid)
            await self._engine_end(uid)

    async def _engine_end(self, uid: str) -> None:
        running = [t for (u, _), t in self._removing.items() if u == uid]
        await asyncio.gather(*(self._engine.remove(uid, n, drain=self._drain) for n in self._engine.observe(uid)))
        await asyncio.gather(*running, return_exceptions=True)
        await self._engine.purge(uid)

    def _say(self, uid: str, kind: str, message: str, *, revision: int | None = None, level: Level = "info") -> None:
        self.emit(uid, Event(at=self._clock(), kind=kind, message=message, revision=revision, level=level))

    async def _record_events(self) -> None:
        while True:
            uid, event = await self._events.get()
            await self._store_events(uid, event)

    async def _flush_events(self) -> None:
        while not self._events.empty():
            await self._store_events(*self._events.get_nowait())

    async def _store_events(self, uid: str, event: Event) -> None:
        try:
            kept = await self._store.add_events(uid, [event])
        except MDeployError as error:
            log.warning("an event of %s was not kept: %s", uid, error.message)
            return
        for item in kept:
            self._hub.publish(Change(topic="event", id=self._ids.get(uid, ""), event=item))


def _passed(revision: Revision) -> bool:
    receipt = revision.receipt
    return receipt is not None and (receipt.agreed == receipt.rows or receipt.overridden)
