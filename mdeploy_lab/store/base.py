"""The contract of a store: what is wanted, what was observed, and nothing lost.

Every write is one transaction that is durable when the call returns. ``StoredDeployment`` is the whole of one deployment's
mutable record; a change of the spec must name the ``resource_version`` that it was based on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime

from mdeploy_lab.models.access import ClientInfo
from mdeploy_lab.models.base import Timestamp, Wire
from mdeploy_lab.models.deployment import DeploymentSpec, DeploymentStatus, Receipt, Revision
from mdeploy_lab.models.history import Event, HistoryEntry


class StoredDeployment(Wire):
    """A deployment as it is kept."""

    uid: str
    id: str
    spec: DeploymentSpec
    status: DeploymentStatus
    resource_version: int
    created_at: Timestamp
    created_by: str
    updated_at: Timestamp
    updated_by: str
    deleting: bool = False


class StoredSecret(Wire):
    """One token of one client: only its hash is kept."""

    client: str
    key_id: str
    sha1: str
    created_at: Timestamp
    expires_at: Timestamp | None = None
    last_used_at: Timestamp | None = None


class StoredClient(Wire):
    """A client with its secrets."""

    info: ClientInfo
    secrets: tuple[StoredSecret, ...]


Listener = Callable[[str, str], None]
"""Called after a commit with (uid, what): what is spec, status, event, clients or deleted."""


class Store(ABC):
    """Keeps deployments. Every method may be awaited concurrently."""

    @abstractmethod
    async def open(self) -> None:
        """Open, migrate, or raise HomeUnusable with one clear line (corrupt, newer, read-only, full)."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what runs and close."""

    @abstractmethod
    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` on the event loop after each commit; returns the function that ends it."""

    @abstractmethod
    async def all(self) -> list[StoredDeployment]:
        """Return all deployments, those being deleted too, newest update first."""

    @abstractmethod
    async def get(self, uid: str) -> StoredDeployment | None:
        """Return one by uid."""

    @abstractmethod
    async def find(self, id_: str) -> StoredDeployment | None:
        """Return the deployment that holds this id now; one that is being deleted holds neither id nor names."""

    @abstractmethod
    async def create(self, record: StoredDeployment, revision: Revision, entry: HistoryEntry) -> None:
        """Insert a deployment with its first revision and history entry.

        Raises
        ------
        NameTaken
            When the id is held by another deployment, or the API name or name within its group; ``details`` has ``field``
            (id, name or api_name), ``value`` and ``holder``, the other one's id.
        InvalidInput
            When a value cannot be kept (infinity, half a surrogate pair).
        """

    @abstractmethod
    async def change(
        self,
        uid: str,
        spec: DeploymentSpec,
        *,
        based_on: int,
        entry: HistoryEntry,
        revision: Revision | None = None,
        deleting: bool = False,
    ) -> StoredDeployment:
        """Replace the spec in one transaction with its history entry and, when what runs changed, its revision.

        ``entry.number`` and ``revision.number`` are checked to be the next ones. ``updated_at`` and ``updated_by`` are the
        entry's.

        Raises
        ------
        StaleEdit
            When the record's resource_version is no longer ``based_on``; ``details["current"]`` is the record.
        DeploymentNotFound
            When it is gone or being deleted.
        NameTaken
            As for ``create``.
        """

    @abstractmethod
    async def set_status(self, uid: str, status: DeploymentStatus) -> None:
        """Replace what is observed; silently nothing when the deployment is gone or the status is equal."""

    @abstractmethod
    async def set_receipt(self, uid: str, revision: int, receipt: Receipt) -> None:
        """Keep a revision's parity receipt."""

    @abstractmethod
    async def remove(self, uid: str) -> None:
        """Delete a deployment and everything kept of it."""

    @abstractmethod
    async def revisions(self, uid: str) -> list[Revision]:
        """Return all revisions, oldest first."""

    @abstractmethod
    async def history(self, uid: str) -> list[HistoryEntry]:
        """Return all history entries, oldest first."""

    @abstractmethod
    async def add_events(self, uid: str, events: Sequence[Event]) -> list[Event]:
        """Append observations; returns them with their ``seq``, none when the deployment is gone."""

    @abstractmethod
    async def events(self, uid: str, *, limit: int = 1000, after: int = 0) -> list[Event]:
        """Return the newest ``limit`` events with seq > ``after``, oldest first."""

    @abstractmethod
    async def prune_events(self, before: datetime) -> int:
        """Delete events older than ``before``; returns how many."""

    @abstractmethod
    async def clients(self, uid: str) -> list[StoredClient]:
        """Return a deployment's clients by name."""

    @abstractmethod
    async def put_client(self, uid: str, client: StoredClient, *, new: bool) -> None:
        """Insert (``new``: NameTaken when it exists) or replace (ClientNotFound when missing) a client and its secrets."""

    @abstractmethod
    async def remove_client(self, uid: str, name: str) -> None:
        """Delete a client; ClientNotFound when there is none."""

    @abstractmethod
    async def touch_secrets(self, used: Sequence[tuple[str, str, str, datetime]]) -> None:
        """Record last uses: (uid, client, key id, time); an older one never replaces a newer one. Listeners hear nothing."""

    @abstractmethod
    async def remember(self, key: str, request_digest: str, answer: str, at: datetime) -> None:
        """Keep the answer of an idempotent request for a day."""

    @abstractmethod
    async def recall(self, key: str) -> tuple[str, str] | None:
        """Return (request digest, answer) for an idempotency key."""
