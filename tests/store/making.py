"""Values that the store's tests keep."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone

from mdeploy_lab.models.access import ClientInfo
from mdeploy_lab.models.deployment import DeploymentSpec, DeploymentStatus, Model, Revision, RevisionTemplate
from mdeploy_lab.models.history import Action, Event, HistoryEntry
from mdeploy_lab.store.base import Store, StoredClient, StoredDeployment, StoredSecret

START = datetime(2026, 11, 21, 9, 30, tzinfo=timezone.utc)


def at(seconds: float = 0) -> datetime:
    return START + timedelta(seconds=seconds)


def spec(name="churn", *, group="default", api_name="", version=1, **changes) -> DeploymentSpec:
    template = RevisionTemplate(model=Model(uri=f"models:/{name}/{version}"), env={"MODE": "fast"})
    return DeploymentSpec(name=name, group=group, api_name=api_name, template=template, **changes)


def record(id_="churn", wanted: DeploymentSpec | None = None, *, seconds: float = 0, actor="jo", **changes) -> StoredDeployment:
    values = {
        "uid": uuid.uuid4().hex,
        "id": id_,
        "spec": wanted or spec(id_),
        "status": DeploymentStatus(message="Accepted", changed_at=at(seconds)),
        "resource_version": 1,
        "created_at": at(seconds),
        "created_by": actor,
        "updated_at": at(seconds),
        "updated_by": actor,
    }
    return StoredDeployment(**{**values, **changes})


def entry(
    number: int, wanted: DeploymentSpec, *, action: Action = "update", seconds: float | None = None, actor="jo", revision=1
):
    when = at(number if seconds is None else seconds)
    return HistoryEntry(number=number, action=action, actor=actor, at=when, revision=revision, spec=wanted)


def revision(number: int, wanted: DeploymentSpec, *, message="") -> Revision:
    return Revision(number=number, template=wanted.template, created_at=at(number), created_by="jo", message=message)


def event(message="started", *, seconds: float = 0, kind="replica.started") -> Event:
    return Event(at=at(seconds), kind=kind, message=message)


def client(name="web", *keys: str, last_used: datetime | None = None) -> StoredClient:
    secrets = tuple(
        StoredSecret(client=name, key_id=key, sha1=f"sha-{key}", created_at=at(n), last_used_at=last_used)
        for n, key in enumerate(keys or ("aaaaaa",))
    )
    return StoredClient(info=ClientInfo(name=name, created_at=at(), created_by="jo"), secrets=secrets)


async def created(store: Store, made: StoredDeployment | None = None, **changes) -> StoredDeployment:
    made = made or record(**changes)
    first = entry(1, made.spec, action="create", seconds=0)
    await store.create(made, revision(1, made.spec), first)
    return made
