"""The service over a real store, with the least of an engine: nothing here waits for a replica."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from mdeploy_lab.config import INSTANCE_TYPES
from mdeploy_lab.models.access import Group, InstanceType, Quota
from mdeploy_lab.models.deployment import Model
from mdeploy_lab.models.requests import CreateDeployment
from mdeploy_lab.service.deployments import DeploymentService
from mdeploy_lab.service.endpoint import Endpoint
from mdeploy_lab.service.membership import Caller
from mdeploy_lab.store.sqlite import SqliteStore

JO = Caller(actor="jo")


@dataclass
class FixedLimits:
    """Limits that a test sets."""

    groups: dict[str, Group] = field(default_factory=lambda: {"default": Group(name="default")})
    unnamed: Group = field(default_factory=lambda: Group(name=""))
    instance_types: dict[str, InstanceType] = field(default_factory=lambda: {t.name: t for t in INSTANCE_TYPES})

    async def refresh(self) -> None:
        """Nothing changes by itself."""


def limits(*groups: Group, unnamed: Group | None = None) -> FixedLimits:
    """Return limits with these groups beside ``default``."""
    found = FixedLimits()
    found.groups |= {g.name: g for g in groups}
    found.unnamed = unnamed or found.unnamed
    return found


def group(name: str = "risk", *, members: tuple[str, ...] | None = None, enabled: bool = True, **quota: Any) -> Group:
    """Return a group with a quota."""
    return Group(name=name, members=members, enabled=enabled, quota=Quota(**quota))


class _Engine:
    def __init__(self) -> None:
        self.able: dict[str, bool | str] = {}

    def capabilities(self) -> dict[str, bool | str]:
        return self.able

    def observe(self, _uid: str) -> dict[int, Any]:
        return {}


class _Registry:
    async def resolve(self, source: Any, _name: str = "", **_options: Any) -> Model:
        return Model(uri=source.uri)

    async def notes(self, _model: Model) -> tuple[str, ...]:
        return ()


def service_over(store: SqliteStore, found: FixedLimits) -> DeploymentService:
    """Return a service; its reconciler does nothing."""
    quiet: Any = SimpleNamespace(poke=lambda _uid: None, emit=lambda _uid, _event: None)
    gateway: Any = SimpleNamespace(base_url="http://127.0.0.1:8000")
    endpoint = Endpoint(gateway, quiet, lambda *_: None, quiet)
    engine: Any = _Engine()
    return DeploymentService(store, engine, _Registry(), quiet, endpoint, found)


def wanted(name: str = "churn", **values: Any) -> CreateDeployment:
    """Return a request for a deployment in ``risk``."""
    return CreateDeployment(**{"model": "models:/churn/1", "name": name, "group": "risk", **values})
