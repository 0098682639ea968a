"""One revision on this machine: what its replicas need is fetched once, then as many slots as are wanted are kept."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mdeploy_lab.engines.base import Emit, Notify, ReplicaObservation, RevisionObservation, RevisionPlan
from mdeploy_lab.models.access import InstanceType
from mdeploy_lab.models.deployment import Failure, Model, Phase, PhaseName, RevisionTemplate
from mdeploy_lab.models.history import Event, Level
from mdeploy_lab.models.names import SUFFIX_ALPHABET
from mdeploy_lab.runtime.spec import ReplicaSpec

from .environments import Environments
from .problems import StartProblem, download_problem, stuck_problem
from .slot import Prepared, Shop, Slot, model_directory

Fetch = Callable[[Model], Coroutine[Any, Any, Path]]
DEFAULT_START_TIMEOUT = 600.0


class LocalRevision:
    """Keeps the wanted number of replicas of one revision."""

    def __init__(
        self, shop: Shop, uid: str, revision: int, *, fetch: Fetch, environments: Environments, notify: Notify, emit: Emit
    ) -> None:
        self.uid = uid
        self.revision = revision
        self.deployment = ""
        self.group = ""
        self.start_timeout = DEFAULT_START_TIMEOUT
        self.failure: Failure | None = None
        self.slots: dict[str, Slot] = {}
        self._shop = shop
        self._fetch = fetch
        self._environments = environments
        self._notify = notify
        self._emit = emit
        self._plan: RevisionPlan | None = None
        self._template: RevisionTemplate | None = None
        self._instance_type: InstanceType | None = None
        self._phases: dict[PhaseName, Phase] = {}
        self._preparing: asyncio.Task[Prepared] | None = None
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._removed = False

    # What a slot needs (slot.Owner)

    @property
    def template(self) -> RevisionTemplate:
        """What runs."""
        assert self._template is not None
        return self._template

    @property
    def instance_type(self) -> InstanceType:
        """How large."""
        assert self._instance_type is not None
        return self._instance_type

    async def prepare(self) -> Prepared:
        """Fetch the model and find the interpreter; once for all slots, again when the files have gone.

        Raises
        ------
        StartProblem
            When there is no model or no interpreter.
        """
        task = self._preparing
        if task is not None and task.done() and not _usable(task):
            task = None
        if task is None:
            task = self._preparing = asyncio.get_running_loop().create_task(self._prepare())
        return await asyncio.shield(task)

    def changed(self) -> None:
        """Say that an observation may have changed."""
        self._notify(self.uid)

    def retire(self, slot: Slot) -> None:
        """End a slot whose end had begun before it was adopted."""
        self._end(slot, self._shop.drain)

    def failed(self, failure: Failure) -> None:
        """Take note that a slot has given up."""
        self.failure = failure
        self.tell("revision.failed", failure.message, level="error", cause=failure.reason, replica=failure.replica)
        self.changed()

    def tell(self, kind: str, message: str, *, level: Level = "info", cause: str = "", replica: str = "") -> None:
        """Record an event."""
        event = Event(
            at=self._shop.now(), kind=kind, level=level, message=message, cause=cause, revision=self.revision, replica=replica
        )
        self._emit(self.uid, event)

    # What the engine asks for

    def ensure(self, plan: RevisionPlan) -> None:
        """Make ``plan`` so; returns at once."""
        changed = plan != self._plan
        self._plan = plan
        self._template = plan.template
        self._instance_type = plan.instance_type
        self.deployment, self.group, self.start_timeout = plan.deployment, plan.group, plan.start_timeout
        if changed and self.failure is not None:
            self._forget_failure()
        if self.failure is None and not self._removed:
            self._settle()

    def retry(self) -> None:
        """Forget a failure and start anew."""
        self._forget_failure()
        if self._plan is not None and not self._removed:
            self._settle()

    def adopt(self, spec: ReplicaSpec, record: Mapping[str, Any]) -> Slot:
        """Go on with a living replica."""
        if self._template is None:
            self._template = spec.template
            self._instance_type = spec.instance_type
            self.deployment, self.group = spec.deployment, spec.group
            self.start_timeout = float(record.get("start_timeout", DEFAULT_START_TIMEOUT))
        slot = Slot(self._shop, self, spec.replica)
        self.slots[spec.replica] = slot
        slot.adopt(spec, record)
        return slot

    async def remove(self, drain: float | None) -> None:
        """End every replica; returns when none of their processes is left. None: as long as a request may take."""
        self._removed = True
        if self._preparing is not None and not self._preparing.done():
            self._preparing.cancel()
        for slot in list(self.slots.values()):
            self._end(slot, self._patience() if drain is None else drain)
        await asyncio.gather(*self._ending.values())

    async def detach(self) -> None:
        """Stop watching; replicas go on."""
        self._removed = True
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.gather(self._preparing, return_exceptions=True)
        for task in self._ending.values():
            task.cancel()
        await asyncio.gather(*self._ending.values(), return_exceptions=True)
        await asyncio.gather(*(slot.detach() for slot in self.slots.values()))

    def observe(self) -> RevisionObservation:
        """Return what runs."""
        replicas = tuple(ReplicaObservation(replica=s.replica(), address=s.address) for s in self.slots.values())
        return RevisionObservation(
            revision=self.revision,
            replicas=replicas,
            failure=self.failure,
            timeline=(*self._phases.values(), *self._furthest()),
        )

    # Slots

    def _settle(self) -> None:
        assert self._plan is not None
        living = [s for s in self.slots.values() if not s.stopping and not s.given_up]
        wanted = self._plan.replicas
        for _ in range(wanted - len(living)):
            tail = "".join(secrets.choice(SUFFIX_ALPHABET) for _ in range(5))
            slot = Slot(self._shop, self, f"{self.deployment}-{self.revision}-{tail}")
            self.slots[slot.id] = slot
            slot.start()
        for slot in living[wanted:]:
            self._end(slot, self._patience())
        if len(living) != wanted:  # else telling would have the reconciler ask again, and again
            self.changed()

    def _patience(self) -> float:
        """Return the seconds that a replica which is replaced has for its running requests: as long as one may take."""
        return max(self._shop.drain, self.template.runtime.predict_timeout)

    def _end(self, slot: Slot, drain: float) -> None:
        if slot.id not in self._ending:
            slot.stopping = True
            self._ending[slot.id] = asyncio.get_running_loop().create_task(self._ended(slot, drain))
        else:
            slot.hurry(drain)

    async def _ended(self, slot: Slot, drain: float) -> None:
        try:
            await slot.stop(drain)
            self.slots.pop(slot.id, None)
            self.tell("replica.stopped", f"replica {slot.id} stopped", replica=slot.id)
        finally:
            self._ending.pop(slot.id, None)
            self.changed()

    def _forget_failure(self) -> None:
        self.failure = None
        self._preparing = None
        self._phases.clear()
        for slot in [s for s in self.slots.values() if s.given_up]:
            del self.slots[slot.id]

    def _furthest(self) -> tuple[Phase, ...]:
        """Return the phases of the replica that came furthest."""
        order = {"ready": 3, "unhealthy": 2, "starting": 1}
        best = max(self.slots.values(), key=lambda s: (order.get(s.state, 0), len(s.phases)), default=None)
        return best.phases if best is not None else ()

    # Preparing

    async def _prepare(self) -> Prepared:
        model = self.template.model
        if self.template.runtime.isolate:
            path = await self._download(model)
            with self._phase("environment", "building") as progress:
                interpreter = await self._environments.build(path, model, progress)
            await self._shop.launcher.check(interpreter, model.flavors)
            return Prepared(str(path), interpreter)
        interpreter = model.interpreter.path if model.interpreter and model.interpreter.path else sys.executable
        checking = asyncio.ensure_future(self._check(interpreter, model.flavors))
        try:
            path = await self._download(model)
            await checking
        finally:
            checking.cancel()
            await asyncio.gather(checking, return_exceptions=True)
        return Prepared(str(path), interpreter)

    async def _check(self, interpreter: str, flavors: tuple[str, ...]) -> None:
        with self._phase("environment", interpreter):
            await self._shop.launcher.check(interpreter, flavors)

    async def _download(self, model: Model) -> Path:
        with self._phase("download", model.uri):
            try:
                path = await asyncio.wait_for(self._fetch(model), self.start_timeout)
            except asyncio.TimeoutError:
                raise stuck_problem(self.start_timeout, "download", "") from None
            except Exception as error:  # the registry's libraries raise their own kinds; each is told as it is
                raise download_problem(error) from error
            if not await asyncio.to_thread(model_directory, str(path)):
                raise StartProblem("model_not_found", f"{path} holds no MLmodel", hint="check the model's URI")
            return path

    @contextmanager
    def _phase(self, name: PhaseName, detail: str) -> Iterator[Callable[[float | None, str], None]]:
        begun = time.monotonic()
        self._phases[name] = Phase(name=name, started_at=self._shop.now(), detail=detail)

        def progress(fraction: float | None, text: str) -> None:
            self._phases[name] = self._phases[name].model_copy(update={"progress": fraction, "detail": text})
            self.changed()

        self.changed()
        try:
            yield progress
        finally:
            seconds = round(time.monotonic() - begun, 4)
            with contextlib.suppress(KeyError):  # a retry has begun anew
                self._phases[name] = self._phases[name].model_copy(update={"seconds": seconds})
            self.changed()


def _usable(task: asyncio.Task[Prepared]) -> bool:
    if task.cancelled() or task.exception() is not None:
        return False
    return model_directory(task.result().model_path)
