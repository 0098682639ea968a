"""What the routes need: the parts of one engine, and who asks."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Protocol, cast
from urllib.parse import unquote

from fastapi import Depends, Header
from starlette.requests import HTTPConnection

from mdeploy_lab.models.registry import ModelVersionDetails, ModelVersionInfo, RegisteredModelInfo, RegistryPlace
from mdeploy_lab.models.requests import Info
from mdeploy_lab.service.deployments import DeploymentService
from mdeploy_lab.service.hub import Hub
from mdeploy_lab.service.membership import Caller
from mdeploy_lab.store.base import Store

ACTOR_LIMIT = 200


class Catalogue(Protocol):
    """What lists registered models."""

    async def models(self) -> tuple[RegisteredModelInfo, ...]:
        """Return all registered models."""
        ...

    async def versions(self, name: str) -> tuple[ModelVersionInfo, ...]:
        """Return one model's versions."""
        ...

    async def version(self, name: str, version: str) -> ModelVersionDetails:
        """Return one version with what its files say."""
        ...

    def place(self) -> RegistryPlace:
        """Return which registry is asked."""
        ...


@dataclass(frozen=True)
class Parts:
    """The parts of one engine."""

    service: DeploymentService
    store: Store
    hub: Hub
    catalogue: Catalogue
    info: Callable[[str], Awaitable[Info]]
    handover: Callable[[], Awaitable[None]]


def parts(connection: HTTPConnection) -> Parts:
    """Return the engine's parts."""
    return cast("Parts", connection.app.state.parts)


def caller(
    x_mdeploy_actor: Annotated[str, Header(include_in_schema=False)] = "",
    x_mdeploy_groups: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Caller:
    """Return who asks; the socket is private to the home's owner, so a surface may name the person behind it.

    A header is ASCII, so names travel percent-encoded; the names of JupyterHub's groups with commas between them. An empty
    list is a member of no group, a missing one somebody whom no hub knows.
    """
    groups = None
    if x_mdeploy_groups is not None:
        groups = frozenset(unquote(part) for part in x_mdeploy_groups.split(",") if part.strip())
    name = "".join(c for c in unquote(x_mdeploy_actor) if c.isprintable()).strip()[:ACTOR_LIMIT]
    return Caller(actor=name or getpass.getuser(), groups=groups)


PartsOf = Annotated[Parts, Depends(parts)]
CallerOf = Annotated[Caller, Depends(caller)]
