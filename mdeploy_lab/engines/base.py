"""The contract of an engine: it keeps replicas of revisions running, and says what it sees.

An engine knows nothing of traffic, history or users. The reconciler hands it a ``RevisionPlan`` and reads observations; the
engine restarts what dies (at once the first time, then with back-off), and calls a crash loop a failure. It must survive its
own death: ``open`` adopts replicas that still run, and never starts a second one in the place of a living one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime

from mdeploy_lab.models.access import InstanceType
from mdeploy_lab.models.base import Wire
from mdeploy_lab.models.deployment import Address, Failure, Phase, Replica, RevisionTemplate
from mdeploy_lab.models.history import Event, LogLine, LogReplica


class RevisionPlan(Wire):
    """Everything an engine needs to run one revision; equal plans mean nothing to do."""

    uid: str
    deployment: str
    group: str
    revision: int
    template: RevisionTemplate
    instance_type: InstanceType
    replicas: int
    start_timeout: float


class ReplicaObservation(Wire):
    """A replica and where it listens; ``address`` is None before it is known."""

    replica: Replica
    address: Address | None = None


class RevisionObservation(Wire):
    """What runs of one revision.

    ``failure`` is set as soon as the revision cannot become ready by waiting: an error on load, a crash loop, a start without
    progress for ``start_timeout``. A replica that died and is being restarted is not yet a failure of the revision.
    """

    revision: int
    replicas: tuple[ReplicaObservation, ...] = ()
    failure: Failure | None = None
    timeline: tuple[Phase, ...] = ()

    @property
    def ready(self) -> tuple[ReplicaObservation, ...]:
        """The replicas that answer."""
        return tuple(r for r in self.replicas if r.replica.state == "ready" and r.address is not None)


class LogQuery(Wire):
    """Which lines: the newest ``tail`` of those that match, oldest first."""

    tail: int | None = 2000
    replica: str | None = None
    revision: int | None = None
    since: datetime | None = None


Notify = Callable[[str], None]
"""Called with a deployment's uid, from the event loop, whenever an observation of it may have changed."""

Emit = Callable[[str, Event], None]
"""Called with a deployment's uid and an event to record."""


CAPABILITIES: Mapping[str, str] = {
    "async": "deployments of type async",
    "batch": "deployments of type batch",
    "fork": "replicas are forked from a warm parent",
    "gpu": "GPUs are given out",
    "image_pull_secrets": "`image_pull_secret`",
    "images": "`image`",
    "isolate": "`isolate`",
    "logs": "logs by replica",
    "replica_ranges": "`max_replicas`: the number of replicas follows the load",
    "scale": "`replicas`",
}
"""What an engine says of itself in ``GET /info``, each True or the reason why not, as a sentence that a form can show."""


class Engine(ABC):
    """Runs replicas. All methods are called on one event loop and do not block it."""

    name: str

    @abstractmethod
    async def open(self, notify: Notify, emit: Emit) -> None:
        """Start, and adopt what still runs. After this, ``observe`` tells the truth about adopted replicas."""

    @abstractmethod
    async def close(self) -> None:
        """Stop watching. Replicas go on running."""

    @abstractmethod
    def capabilities(self) -> Mapping[str, bool | str]:
        """Return each of ``CAPABILITIES`` → True, or the reason why this engine does not have it."""

    @abstractmethod
    async def ensure(self, plan: RevisionPlan) -> None:
        """Make ``plan.replicas`` replicas of this revision run. Returns at once; idempotent.

        Fewer replicas than now: the newest are drained and stopped. A plan after a failure tries again only when
        the plan differs, or after ``retry``.
        """

    @abstractmethod
    async def retry(self, uid: str, revision: int) -> None:
        """Forget a failure and start anew."""

    @abstractmethod
    async def remove(self, uid: str, revision: int, *, drain: float | None) -> None:
        """Stop a revision's replicas: no new requests, up to ``drain`` seconds for the running ones, then the end.

        None gives them as long as the revision lets a request take, so that none is cut off.

        Returns when none of its processes is left.
        """

    @abstractmethod
    async def purge(self, uid: str) -> None:
        """Forget a deleted deployment: its processes, logs and files."""

    @abstractmethod
    def observe(self, uid: str) -> Mapping[int, RevisionObservation]:
        """Return what runs of a deployment, by revision number; cheap, from memory."""

    @abstractmethod
    def deployments(self) -> frozenset[str]:
        """Return the uids of everything that runs here, so that the reconciler can end what nobody wants."""

    @abstractmethod
    async def log_replicas(self, uid: str) -> list[LogReplica]:
        """Return the replicas whose logs are kept, those that exited too, the newest line first."""

    @abstractmethod
    def logs(self, uid: str, query: LogQuery, *, follow: bool) -> AsyncIterator[LogLine]:
        """Yield lines; with ``follow`` go on with new ones until the iterator is closed."""
