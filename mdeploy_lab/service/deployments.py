"""DeploymentService: every use case, once, for every surface.

A use case checks, writes what is wanted together with its history entry, and returns; the reconciler makes it so. No method
waits for a replica.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

from pydantic import BaseModel

from mdeploy_lab.engines.base import Engine, LogQuery
from mdeploy_lab.errors import (
    MDeployError,
    NameTaken,
    RevisionNotFound,
    StaleEdit,
    WrongState,
)
from mdeploy_lab.models.access import Group, InstanceType, Pass
from mdeploy_lab.models.deployment import Deployment, DeploymentSpec, DeploymentStatus, Model, Replica, Revision
from mdeploy_lab.models.description import Description
from mdeploy_lab.models.history import Action, Diff, DiffOf, Event, FieldChange, HistoryEntry, LogLine, LogReplica
from mdeploy_lab.models.metrics import DeploymentMetrics
from mdeploy_lab.models.names import is_id, slug, with_suffix
from mdeploy_lab.models.requests import (
    Act,
    ApiNameCheck,
    Changed,
    CreateDeployment,
    IdCheck,
    ModelSource,
    Predict,
    PredictResult,
    Rollback,
    SetTraffic,
    UpdateDeployment,
)
from mdeploy_lab.service import capable, diff, drafts, lookup, naming, traffic
from mdeploy_lab.service.access import AccessService
from mdeploy_lab.service.admission import Admission
from mdeploy_lab.service.answers import KeptAnswer
from mdeploy_lab.service.clock import Clock, utc_now
from mdeploy_lab.service.endpoint import Endpoint
from mdeploy_lab.service.membership import Caller, Limits
from mdeploy_lab.service.metrics import MetricsService
from mdeploy_lab.service.reconciler import Reconciler
from mdeploy_lab.store.base import Store, StoredDeployment

ID_TRIES = 5


class Registry(Protocol):
    """What resolves models."""

    async def resolve(self, source: ModelSource, name: str = "", *, dry_run: bool = False) -> Model:
        """Return the model that a URI means now; a serving script becomes a version of the registered model ``name``."""
        ...

    async def facts(self, model: Model) -> dict[str, Any]:
        """Return what can be compared of a model, by dotted path."""
        ...

    async def notes(self, model: Model) -> tuple[str, ...]:
        """Return what the user should know before it runs, such as packages that differ."""
        ...


class DeploymentService:
    """All behaviour. Every method may raise any MDeployError that its arguments deserve."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        registry: Registry,
        reconciler: Reconciler,
        endpoint: Endpoint,
        limits: Limits,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._store = store
        self._engine = engine
        self._registry = registry
        self._reconciler = reconciler
        self._endpoint = endpoint
        self._admission = Admission(store, limits)
        self._clock = clock
        self._written: dict[str, tuple[StoredDeployment, bytes]] = {}
        self.metrics_of = MetricsService(engine)
        self.clients = AccessService(store, reconciler.emit, clock)

    # -- reading -----------------------------------------------------------------------------------------------

    async def search(
        self,
        caller: Caller,
        *,
        text: str = "",
        group: Sequence[str] = (),
        state: Sequence[str] = (),
        types: Sequence[str] = (),
        mine: bool = False,
    ) -> list[bytes]:
        """Return deployments as JSON, newest update first; what did not change since the last time is not written again."""
        who = caller.actor if mine else None
        found = await self._matching(lookup.Filters(text, frozenset(group), frozenset(state), frozenset(types), who))
        for record in found:
            known = self._written.get(record.uid)
            if known is None or known[0] is not record:
                self._written[record.uid] = (record, self.view(record).model_dump_json().encode())
        return [self._written[r.uid][1] for r in found]

    async def _matching(self, wanted: lookup.Filters) -> list[StoredDeployment]:
        everything = await self._store.all()
        if len(self._written) > len(everything):
            self._written = {r.uid: self._written[r.uid] for r in everything if r.uid in self._written}
        return [r for r in everything if lookup.matches(r, wanted)]

    async def get(self, wanted: str) -> Deployment:
        """Return one by id or unique name."""
        return self.view(await self.record(wanted))

    async def record(self, wanted: str) -> StoredDeployment:
        """Return the stored record by id or unique name."""
        found = await self._store.find(wanted) if is_id(wanted) else None
        if found is not None and not found.deleting:
            return found
        return lookup.find(await self._store.all(), wanted)

    def view(self, record: StoredDeployment) -> Deployment:
        """Return a record as callers see it."""
        return Deployment(
            id=record.id,
            uid=record.uid,
            spec=record.spec,
            status=record.status,
            url=self._endpoint.url(record.id),
            api_url=self._endpoint.api_url(record.spec.group, record.spec.api_name),
            resource_version=record.resource_version,
            created_at=record.created_at,
            created_by=record.created_by,
            updated_at=record.updated_at,
            updated_by=record.updated_by,
        )

    async def history(self, wanted: str) -> list[HistoryEntry]:
        """Return every change, newest first."""
        return (await self._store.history((await self.record(wanted)).uid))[::-1]

    async def revisions(self, wanted: str) -> list[Revision]:
        """Return every revision, newest first, each with its URL while it runs."""
        record = await self.record(wanted)
        live = self._engine.observe(record.uid)
        return [
            r.model_copy(update={"url": self._endpoint.url(record.id, r.number) if r.number in live else ""})
            for r in reversed(await self._store.revisions(record.uid))
        ]

    async def revision(self, wanted: str, number: int) -> Revision:
        """Return one revision."""
        return _pick(await self.revisions(wanted), number, wanted)

    async def diff(self, wanted: str, before: int, after: int, of: DiffOf = "revisions") -> Diff:
        """Return what differs between two revisions or history entries, field by field and model against model."""
        one: BaseModel
        two: BaseModel
        if of == "revisions":
            found = await self.revisions(wanted)
            one, two = _pick(found, before, wanted).template, _pick(found, after, wanted).template
            models = one.model, two.model
        else:
            entries = {e.number: e for e in await self.history(wanted)}
            one, two = _entry_of(entries, before, wanted).spec, _entry_of(entries, after, wanted).spec
            models = one.template.model, two.template.model
        model, note = await self._compare(*models)
        return Diff(of=of, before=before, after=after, changes=diff.changes(one, two), model=model, note=note)

    async def _compare(self, one: Model, two: Model) -> tuple[tuple[FieldChange, ...] | None, str]:
        """Return what differs between two models, None with the reason when that cannot be known."""
        if one.model_copy(update={"requested": ""}) == two.model_copy(update={"requested": ""}):
            return (), ""
        try:
            old, new = await asyncio.gather(self._registry.facts(one), self._registry.facts(two))
        except MDeployError as error:
            return None, f"the models cannot be compared: {error.message}"
        return diff.between(old, new), ""

    async def events(self, wanted: str, *, limit: int = 1000, after: int = 0) -> list[Event]:
        """Return observations, oldest first."""
        return await self._store.events((await self.record(wanted)).uid, limit=limit, after=after)

    async def replicas(self, wanted: str) -> list[Replica]:
        """Return running replicas, by revision and id."""
        seen = self._engine.observe((await self.record(wanted)).uid)
        return [r.replica for number in sorted(seen) for r in sorted(seen[number].replicas, key=lambda o: o.replica.id)]

    async def metrics(self, wanted: str) -> DeploymentMetrics:
        """Return what a deployment's replicas counted."""
        return await self.metrics_of.of(await self.record(wanted))

    async def metrics_text(self, wanted: str = "") -> str:
        """Return the numbers of one deployment, or of all, in Prometheus' format."""
        if wanted:
            return await self.metrics_of.text([await self.record(wanted)])
        everything = [record for record in await self._store.all() if not record.deleting]
        self.metrics_of.forget(record.uid for record in everything)
        return await self.metrics_of.text(everything)

    async def logs(self, wanted: str, query: LogQuery, *, follow: bool) -> AsyncIterator[LogLine]:
        """Return an iterator over log lines."""
        return self._engine.logs((await self.record(wanted)).uid, query, follow=follow)

    async def log_replicas(self, wanted: str) -> list[LogReplica]:
        """Return the replicas whose logs are kept, the newest line first."""
        return await self._engine.log_replicas((await self.record(wanted)).uid)

    async def check_id(self, wanted: str) -> IdCheck:
        """Say whether an id is free, and what would be."""
        return naming.check_id(wanted, taken=is_id(wanted) and await self._store.find(wanted) is not None)

    async def check_api_name(self, group: str, wanted: str) -> ApiNameCheck:
        """Say whether an API name is free in a group, and what would be."""
        return naming.check_api_name(group, wanted, await self._store.all())

    async def groups(self, caller: Caller) -> list[Group]:
        """Return the caller's groups, disabled ones too, with what they use and what is free."""
        return await self._admission.groups(caller)

    async def instance_types(self) -> list[InstanceType]:
        """Return the sizes that replicas can have, smallest first."""
        return await self._admission.instance_types()

    # -- changing ----------------------------------------------------------------------------------------------

    async def create(self, request: CreateDeployment, caller: Caller) -> Changed:
        """Create a deployment with revision 1."""
        await self._admission.check_group(request.group, caller)
        model = await self._registry.resolve(drafts.source_of(request.model), request.name, dry_run=request.dry_run)
        spec = drafts.spec_for(request, model)
        capable.check(self._engine.capabilities(), spec)
        notes = await self._registry.notes(model) if not spec.template.runtime.isolate else ()
        async with self._admission.admitted(spec, caller):
            return await self._create(request, spec, caller, notes)

    async def _create(self, request: CreateDeployment, spec: DeploymentSpec, caller: Caller, notes: tuple[str, ...]) -> Changed:
        base = request.id or slug(request.name)
        for attempt in range(ID_TRIES):
            taken = await self._store.find(base)
            id_ = base if (request.id or taken is None) and attempt == 0 else with_suffix(base)
            record, revision, entry = self._first(id_, spec, request.message, caller.actor)
            if request.dry_run:
                naming.check_free(spec, await self._store.all())
                return Changed(deployment=self.view(record), changed=False, new_revision=True, notes=notes)
            try:
                await self._store.create(record, revision, entry)
            except NameTaken as error:
                if request.id or error.details.get("field") != "id":
                    raise
                continue
            self._reconciler.poke(record.uid)
            return Changed(deployment=self.view(record), new_revision=True, notes=notes)
        raise NameTaken(f"no free id was found for {base!r}", hint="choose one with --id", details={"field": "id"})

    async def update(self, wanted: str, request: UpdateDeployment, caller: Caller) -> Changed:
        """Change a deployment; a new revision only when what runs changes."""
        record = await self.record(wanted)
        _check_version(record, request.resource_version, self.view(record))
        model = None
        if request.model is not None:
            name = request.name or record.spec.name
            model = await self._registry.resolve(drafts.source_of(request.model), name, dry_run=request.dry_run)
        spec = drafts.updated(record.spec, request, model)
        capable.check(self._engine.capabilities(), spec)
        notes = await self._registry.notes(model) if model and not spec.template.runtime.isolate else ()
        return await self._apply(record, spec, "update", request.message, caller, notes=notes, dry_run=request.dry_run)

    async def rollback(self, wanted: str, request: Rollback, caller: Caller) -> Changed:
        """Make a new revision that repeats an old one, and give it all the traffic."""
        record = await self.record(wanted)
        _check_version(record, request.resource_version, self.view(record))
        found = await self._store.revisions(record.uid)
        old = _pick(found, request.to, wanted)
        if old.number == found[-1].number:
            raise WrongState(
                f"revision {old.number} is the newest one already", hint=f"`mdeploy history {record.id}` shows the others"
            )
        spec = record.spec.model_copy(update={"template": old.template, "traffic": None})
        message = request.message or f"roll back to revision {old.number}"
        return await self._apply(record, spec, "rollback", message, caller, repeats=old.number)

    async def set_traffic(self, wanted: str, request: SetTraffic, caller: Caller) -> Changed:
        """Split the traffic by percent, or give it to the newest revision again."""
        record = await self.record(wanted)
        _check_version(record, request.resource_version, self.view(record))
        known = {r.number for r in await self._store.revisions(record.uid)}
        targets = traffic.checked(request.targets, known, record.id) if request.targets is not None else None
        spec = record.spec.model_copy(update={"traffic": targets})
        return await self._apply(record, spec, "traffic", request.message, caller)

    async def stop(self, wanted: str, request: Act, caller: Caller) -> Changed:
        """Stop a deployment: id and URL stay, the endpoint answers 503."""
        return await self._set_stopped(wanted, request, caller, stopped=True)

    async def start(self, wanted: str, request: Act, caller: Caller) -> Changed:
        """Start a stopped deployment, or try a failed one again."""
        record = await self.record(wanted)
        if not record.spec.stopped and record.status.state == "failed":
            return await self._try_again(record, caller)
        return await self._set_stopped(wanted, request, caller, stopped=False)

    async def delete(self, wanted: str, caller: Caller) -> Deployment:
        """Delete a deployment and everything kept of it."""
        record = await self.record(wanted)
        entry = await self._entry(record, record.spec, "delete", "", caller.actor, revision=None)
        record = await self._store.change(record.uid, record.spec, based_on=record.resource_version, entry=entry, deleting=True)
        self._reconciler.poke(record.uid)
        return self.view(record)

    # -- calling -----------------------------------------------------------------------------------------------

    async def new_pass(self, wanted: str, caller: Caller) -> Pass:
        """Return a pass for the owner's own calls."""
        return self._endpoint.new_pass(await self.record(wanted), caller.actor)

    async def predict(self, wanted: str, request: Predict, caller: Caller) -> PredictResult:
        """Call the endpoint as the query tester does."""
        return await self._endpoint.predict(await self.record(wanted), request, caller.actor)

    async def answer(self, wanted: str, token: str) -> KeptAnswer:
        """Return the whole of an answer that was too large to show."""
        return self._endpoint.answers.get((await self.record(wanted)).uid, token)

    async def describe(self, wanted: str, revision: int | None, caller: Caller) -> Description:
        """Return what the endpoint, or one revision of it, says of itself."""
        record = await self.record(wanted)
        if revision is not None:
            _pick(await self._store.revisions(record.uid), revision, wanted)
        return await self._endpoint.describe(record, revision, caller.actor)

    # -- within ------------------------------------------------------------------------------------------------

    async def _apply(
        self,
        record: StoredDeployment,
        spec: DeploymentSpec,
        action: Action,
        message: str,
        caller: Caller,
        *,
        notes: tuple[str, ...] = (),
        repeats: int | None = None,
        dry_run: bool = False,
    ) -> Changed:
        async with self._admission.admitted(spec, caller, record):
            return await self._admitted(record, spec, action, message, caller, notes=notes, repeats=repeats, dry_run=dry_run)

    async def _admitted(
        self,
        record: StoredDeployment,
        spec: DeploymentSpec,
        action: Action,
        message: str,
        caller: Caller,
        *,
        notes: tuple[str, ...],
        repeats: int | None,
        dry_run: bool,
    ) -> Changed:
        found = await self._store.revisions(record.uid)
        new = repeats is not None or not diff.runs_the_same(record.spec.template, spec.template)
        if not new:
            spec = spec.model_copy(update={"template": record.spec.template})
        if not new and spec == record.spec:
            return Changed(deployment=self.view(record), changed=False, notes=notes)
        if dry_run:
            naming.check_free(spec, await self._store.all(), record.uid)
            return Changed(deployment=self.view(record.model_copy(update={"spec": spec})), new_revision=new, notes=notes)
        number = found[-1].number + 1
        revision = self._revision(number, spec, caller.actor, message, repeats) if new else None
        entry = await self._entry(record, spec, action, message, caller.actor, revision=revision)
        changed = await self._store.change(record.uid, spec, based_on=record.resource_version, entry=entry, revision=revision)
        self._reconciler.poke(record.uid)
        return Changed(deployment=self.view(changed), new_revision=new, notes=notes)

    async def _set_stopped(self, wanted: str, request: Act, caller: Caller, *, stopped: bool) -> Changed:
        record = await self.record(wanted)
        _check_version(record, request.resource_version, self.view(record))
        spec = record.spec.model_copy(update={"stopped": stopped})
        return await self._apply(record, spec, "stop" if stopped else "start", request.message, caller)

    async def _try_again(self, record: StoredDeployment, caller: Caller) -> Changed:
        failure = record.status.failure
        status = record.status.model_copy(
            update={"failure": None, "state": "deploying", "observed_version": 0, "message": "Trying again"}
        )
        await self._store.set_status(record.uid, status)
        if failure is not None and failure.revision is not None:
            await self._engine.retry(record.uid, failure.revision)
        self._reconciler.emit(
            record.uid,
            Event(at=self._clock(), kind="deployment.retried", message="started again after a failure", actor=caller.actor),
        )
        self._reconciler.poke(record.uid)
        return Changed(deployment=self.view(record.model_copy(update={"status": status})))

    def _first(
        self, id_: str, spec: DeploymentSpec, message: str, actor: str
    ) -> tuple[StoredDeployment, Revision, HistoryEntry]:
        now = self._clock()
        record = StoredDeployment(
            uid=uuid.uuid4().hex,
            id=id_,
            spec=spec,
            status=DeploymentStatus(state="stopped" if spec.stopped else "deploying", message="Accepted", changed_at=now),
            resource_version=1,
            created_at=now,
            created_by=actor,
            updated_at=now,
            updated_by=actor,
        )
        entry = HistoryEntry(
            number=1, action="create", actor=actor, at=now, message=message, revision=1, new_revision=True, spec=spec
        )
        return record, self._revision(1, spec, actor, message, None), entry

    def _revision(self, number: int, spec: DeploymentSpec, actor: str, message: str, repeats: int | None) -> Revision:
        now = self._clock()
        return Revision(
            number=number, template=spec.template, created_at=now, created_by=actor, message=message, repeats=repeats
        )

    async def _entry(
        self,
        record: StoredDeployment,
        spec: DeploymentSpec,
        action: Action,
        message: str,
        actor: str,
        *,
        revision: Revision | None,
    ) -> HistoryEntry:
        past = await self._store.history(record.uid)
        return HistoryEntry(
            number=past[-1].number + 1,
            action=action,
            actor=actor,
            at=self._clock(),
            message=message,
            revision=revision.number if revision is not None else past[-1].revision,
            new_revision=revision is not None,
            changes=diff.changes(record.spec, spec),
            spec=spec,
        )


def _check_version(record: StoredDeployment, version: int | None, current: Deployment) -> None:
    if version is not None and version != record.resource_version:
        raise StaleEdit(
            f"deployment {record.id} was changed by {record.updated_by} since you read it",
            hint="read it again and repeat the change",
            details={"current": current.model_dump(mode="json")},
        )


def _pick(revisions: Sequence[Revision], number: int, wanted: str) -> Revision:
    for revision in revisions:
        if revision.number == number:
            return revision
    known = sorted(r.number for r in revisions)
    raise RevisionNotFound(
        f"deployment {lookup.shortened(wanted)} has no revision {number}", hint=f"it has {known[0]} to {known[-1]}"
    )


def _entry_of(entries: Mapping[int, HistoryEntry], number: int, wanted: str) -> HistoryEntry:
    if number not in entries:
        raise RevisionNotFound(
            f"deployment {lookup.shortened(wanted)} has no history entry {number}",
            hint=f"it has {min(entries)} to {max(entries)}",
        )
    return entries[number]
