"""The engine of a laptop: replicas are processes on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime, timezone

from mdeploy_lab.config import INSTANCE_TYPES
from mdeploy_lab.engines.base import Emit, Engine, LogQuery, Notify, RevisionObservation, RevisionPlan
from mdeploy_lab.models.access import InstanceType
from mdeploy_lab.models.history import LogLine, LogReplica
from mdeploy_lab.paths import Home

from .environ import base_environment
from .environments import Environments
from .files import Listen, ReplicaFiles, checked, recorded, take, touch
from .launcher import Launcher
from .logs import Logs, expire
from .problems import StartProblem
from .processes import kill_leftovers
from .raw_logs import RawLogs
from .revision import Fetch, LocalRevision
from .slot import Shop, Slot
from .timing import Timing

EXPIRY_INTERVAL = 3600.0


def _now() -> datetime:
    return datetime.now(timezone.utc)


MISSING = {
    "gpu": "the local engine does not give out GPUs",
    "images": "images need the Kubernetes engine; the local engine runs Python environments",
    "image_pull_secrets": "the local engine pulls no images; it runs Python environments",
    "replica_ranges": "the local engine keeps a fixed number of replicas; ranges need the Kubernetes engine",
    "batch": "the local engine serves real-time endpoints only",
    "async": "the local engine serves real-time endpoints only",
}
"""Why this engine does not have what it does not have."""


class LocalEngine(Engine):
    """Runs replicas as processes that outlive it.

    Parameters
    ----------
    home
        Created already (``Home.create``), and held by one engine at a time.
    fetch
        Returns the local directory that holds a model's files; called off the hot path, once per revision.
    drain
        Seconds that a replica which is scaled away may finish its requests in.
    listen
        ``unix``, or ``tcp`` (loopback, with a secret per replica).
    log_days
        Days that logs of replicas which no longer write are kept.
    """

    name = "local"

    def __init__(
        self,
        home: Home,
        *,
        fetch: Fetch,
        drain: float = 10.0,
        log_days: float = 7,
        listen: Listen = "unix",
        clock: Callable[[], datetime] = _now,
        timing: Timing | None = None,
        environ: Mapping[str, str] | None = None,
        instance_types: Collection[InstanceType] = INSTANCE_TYPES,
    ) -> None:
        self._home = home
        self._fetch = fetch
        self._log_days = log_days
        self._now = clock
        self._timing = timing or Timing()
        source = dict(os.environ if environ is None else environ)
        self._launcher = Launcher(home, base_environment(source))
        self._shop = Shop(home, self._launcher, self._timing, clock, listen, source, instance_types, drain)
        self._environments = Environments(home, source)
        self._raw = RawLogs(clock)
        self._logs = Logs(home.logs, self._raw, interval=self._timing.follow_interval)
        self._revisions: dict[tuple[str, int], LocalRevision] = {}
        self._notify: Notify = lambda _uid: None
        self._emit: Emit = lambda _uid, _event: None
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self, notify: Notify, emit: Emit) -> None:
        """Adopt what runs, and begin to watch."""
        self._notify, self._emit = notify, emit
        slots = await self._adopt()
        if slots:
            hellos = [asyncio.ensure_future(slot.known.wait()) for slot in slots]
            _, late = await asyncio.wait(hellos, timeout=self._timing.adopt_wait)
            for task in late:
                task.cancel()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._collect_logs()), loop.create_task(self._expire_logs())]

    async def close(self) -> None:
        """Stop watching. Replicas go on running; warm parents end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(r.detach() for r in self._revisions.values()))
        await self._launcher.warm.close()
        self._revisions.clear()

    def capabilities(self) -> Mapping[str, bool | str]:
        """Return what this engine can do."""
        return {
            "isolate": True,
            "logs": True,
            "scale": True,
            "fork": sys.platform == "linux" or "replicas are forked on Linux only; here each one starts a Python of its own",
            **MISSING,
        }

    async def prewarm(self, interpreter: str = sys.executable, flavors: Sequence[str] = ("sklearn",)) -> None:
        """Start an interpreter's warm parent before it is needed; problems are told when it is."""
        with contextlib.suppress(StartProblem):
            await self._launcher.check(interpreter, tuple(flavors))

    async def ensure(self, plan: RevisionPlan) -> None:
        """Make ``plan`` so."""
        checked(plan.uid)
        checked(plan.deployment)
        self._revision(plan.uid, plan.revision).ensure(plan)

    async def retry(self, uid: str, revision: int) -> None:
        """Forget a failure and start anew."""
        found = self._revisions.get((uid, revision))
        if found is not None:
            found.retry()

    async def remove(self, uid: str, revision: int, *, drain: float | None) -> None:
        """Stop a revision's replicas."""
        found = self._revisions.get((uid, revision))
        if found is None:
            return
        await found.remove(drain)
        if self._revisions.get((uid, revision)) is found:
            del self._revisions[(uid, revision)]
        self._notify(uid)

    async def purge(self, uid: str) -> None:
        """Forget a deleted deployment."""
        numbers = [revision for owner, revision in self._revisions if owner == uid]
        await asyncio.gather(*(self.remove(uid, revision, drain=0) for revision in numbers))
        await asyncio.to_thread(shutil.rmtree, self._home.logs / checked(uid), ignore_errors=True)

    def observe(self, uid: str) -> Mapping[int, RevisionObservation]:
        """Return what runs of a deployment."""
        return {revision: found.observe() for (owner, revision), found in self._revisions.items() if owner == uid}

    def deployments(self) -> frozenset[str]:
        """Return whose replicas run here."""
        return frozenset(uid for uid, _ in self._revisions)

    async def log_replicas(self, uid: str) -> list[LogReplica]:
        """Return the replicas whose logs are kept."""
        seen = self.observe(uid).values()
        living = frozenset(r.replica.id for one in seen for r in one.replicas if r.replica.state != "exited")
        return await self._logs.replicas(checked(uid), living)

    def logs(self, uid: str, query: LogQuery, *, follow: bool) -> AsyncIterator[LogLine]:
        """Yield log lines."""
        return self._logs.read(checked(uid), query, follow=follow)

    def _revision(self, uid: str, revision: int) -> LocalRevision:
        found = self._revisions.get((uid, revision))
        if found is None:
            found = LocalRevision(
                self._shop,
                uid,
                revision,
                fetch=self._fetch,
                environments=self._environments,
                notify=self._notify,
                emit=self._emit,
            )
            self._revisions[(uid, revision)] = found
        return found

    async def _adopt(self) -> list[Slot]:
        """Take over every replica whose life lock is held; remove the files of the others."""
        slots = []
        for spec, record in await asyncio.to_thread(recorded, self._home):
            files = ReplicaFiles(self._home, spec.uid, spec.replica)
            life = take(files.life)
            if life is None:
                slots.append(self._revision(spec.uid, spec.revision).adopt(spec, record))
            else:
                await asyncio.to_thread(kill_leftovers, files.life, None)  # something may have cleaned the lock file away
                files.forget()
                os.close(life)
        return slots

    async def _collect_logs(self) -> None:
        while True:
            for uid in self.deployments():
                await asyncio.to_thread(self._raw.collect, self._home.logs / uid)
            await asyncio.sleep(self._timing.log_interval)

    async def _expire_logs(self) -> None:
        while True:
            living = frozenset(s for r in self._revisions.values() for s in r.slots)
            with contextlib.suppress(OSError):  # an expiry that fails is tried again
                await asyncio.to_thread(expire, self._home.logs, self._log_days, now=time.time(), living=living)
                await asyncio.to_thread(touch, self._home)
            await asyncio.sleep(EXPIRY_INTERVAL)
