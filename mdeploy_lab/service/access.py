"""Clients of a deployment: add, list, rotate, remove. Only hashes of tokens are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from mdeploy_lab.errors import ClientNotFound, WrongState
from mdeploy_lab.gateway.tokens import make_token
from mdeploy_lab.models.access import ClientInfo, ClientSecret, NewToken
from mdeploy_lab.models.history import Event
from mdeploy_lab.service.clock import Clock
from mdeploy_lab.store.base import Store, StoredClient, StoredDeployment, StoredSecret

SECRETS_LIMIT = 5

Emit = Callable[[str, Event], None]


class AccessService:
    """The clients of deployments."""

    def __init__(self, store: Store, emit: Emit, clock: Clock) -> None:
        self._store = store
        self._emit = emit
        self._clock = clock
        self._rotating = asyncio.Lock()

    async def all(self, record: StoredDeployment) -> list[ClientInfo]:
        """Return the clients by name, with the last use of each token."""
        return [_info(c, self._clock()) for c in await self._store.clients(record.uid)]

    async def add(self, record: StoredDeployment, name: str, actor: str) -> NewToken:
        """Add a client; its token is in the answer and nowhere else.

        Raises
        ------
        WrongState
            When the deployment is public, where tokens mean nothing.
        NameTaken
            When there is a client of this name.
        """
        if record.spec.public:
            raise WrongState(
                f"deployment {record.id} is public, its callers need no token",
                hint=f"make it private first: mdeploy update {record.id} --private",
            )
        now = self._clock()
        token, secret = self._secret(name, now)
        client = StoredClient(info=ClientInfo(name=name, created_at=now, created_by=actor), secrets=(secret,))
        await self._store.put_client(record.uid, client, new=True)
        self._say(record, "client.added", f"client {name} was added", actor)
        return NewToken(client=_info(client, now), token=token)

    async def rotate(self, record: StoredDeployment, name: str, overlap: float, actor: str) -> NewToken:
        """Give a client a new token; the old ones work for ``overlap`` seconds more, at once none with 0."""
        async with self._rotating:  # two rotations at once must not forget each other's token
            return await self._rotate(record, name, overlap, actor)

    async def _rotate(self, record: StoredDeployment, name: str, overlap: float, actor: str) -> NewToken:
        client = await self._get(record, name)
        now = self._clock()
        token, secret = self._secret(name, now)
        end = now + timedelta(seconds=overlap)
        kept = [s for s in client.secrets if s.expires_at is None or s.expires_at > now]
        old = [s.model_copy(update={"expires_at": min(filter(None, (s.expires_at, end)))}) for s in kept] if overlap else []
        client = StoredClient(info=client.info, secrets=(*old[-(SECRETS_LIMIT - 1) :], secret))
        await self._store.put_client(record.uid, client, new=False)
        self._say(record, "client.rotated", f"client {name} has a new token", actor)
        return NewToken(client=_info(client, now), token=token)

    async def remove(self, record: StoredDeployment, name: str, actor: str) -> None:
        """Delete a client; its tokens stop working."""
        await self._store.remove_client(record.uid, name)
        self._say(record, "client.removed", f"client {name} was removed", actor)

    async def _get(self, record: StoredDeployment, name: str) -> StoredClient:
        clients = {c.info.name: c for c in await self._store.clients(record.uid)}
        if name not in clients:
            known = ", ".join(clients) or "none yet"
            raise ClientNotFound(f"deployment {record.id} has no client {name!r}", hint=f"its clients: {known}")
        return clients[name]

    def _secret(self, name: str, now: datetime) -> tuple[str, StoredSecret]:
        token, key_id, sha1 = make_token(name)
        return token, StoredSecret(client=name, key_id=key_id, sha1=sha1, created_at=now)

    def _say(self, record: StoredDeployment, kind: str, message: str, actor: str) -> None:
        self._emit(record.uid, Event(at=self._clock(), kind=kind, message=message, actor=actor))


def _info(client: StoredClient, now: datetime) -> ClientInfo:
    alive = [s for s in client.secrets if s.expires_at is None or s.expires_at > now]
    uses = [s.last_used_at for s in client.secrets if s.last_used_at is not None]
    return client.info.model_copy(
        update={
            "last_used_at": max(uses, default=None),
            "secrets": tuple(
                ClientSecret(key_id=s.key_id, created_at=s.created_at, expires_at=s.expires_at, last_used_at=s.last_used_at)
                for s in alive
            ),
        }
    )
