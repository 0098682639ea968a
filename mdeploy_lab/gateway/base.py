"""The contract of a gateway: the one door to every endpoint."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from mdeploy_lab.models.base import Wire
from mdeploy_lab.models.deployment import Address


class Credential(Wire):
    """One secret of one client: ``user`` is ``<client>.<key id>``, ``sha1`` the base64 SHA-1 of the whole token."""

    client: str
    key_id: str
    sha1: str


class Backend(Wire):
    """One live revision; ``weight`` 0 is reachable only under its own URL."""

    revision: int
    weight: int = Field(ge=0, le=100)
    addresses: tuple[Address, ...]


class Unavailable(Wire):
    """The answer of an endpoint that has nothing to answer with."""

    reason: Literal["stopped", "never_ready", "no_replica"]
    message: str
    hint: str = ""


class Route(Wire):
    """One deployment as the gateway sees it. Equal routes mean nothing to do."""

    uid: str
    id: str
    group: str
    api_name: str = ""
    public: bool
    credentials: tuple[Credential, ...] = ()
    backends: tuple[Backend, ...] = ()
    unavailable: Unavailable | None = Field(default=None, description="set when no backend carries traffic")
    timeout: float = Field(default=60.0, description="seconds for a whole request, a little over the replica's own")
    max_payload: int = 100_000_000
    retry: bool = Field(default=True, description="try a predict request once more when no byte of an answer has come")


Used = Callable[[str, str, datetime], None]
"""Called with a deployment's id, ``<client>.<key id>`` and a time when a client's token was used (coalesced)."""


class Gateway(ABC):
    """Routes requests. ``put`` and ``drop`` return when the gateway serves the change, not when it was written."""

    @abstractmethod
    async def open(self, routes: Mapping[str, Route], used: Used) -> None:
        """Start or adopt the proxy with exactly these routes (by uid) and keep it running until ``close``."""

    @abstractmethod
    async def close(self) -> None:
        """Stop watching. The proxy goes on serving."""

    @abstractmethod
    async def shutdown(self) -> None:
        """End the proxy as well."""

    @abstractmethod
    async def put(self, route: Route) -> None:
        """Add or replace one deployment's route; changes that come together are applied together.

        Raises
        ------
        EngineUnavailable
            When the proxy refuses the configuration or does not confirm it in time; the old one stays.
        """

    @abstractmethod
    async def drop(self, uid: str) -> None:
        """Remove a deployment's route: its paths answer 404."""

    @property
    @abstractmethod
    def base_url(self) -> str:
        """The address callers use, without a trailing slash."""

    @property
    @abstractmethod
    def private_socket(self) -> str:
        """The Unix socket of the owner's listener, where a pass is needed and enough."""

    @abstractmethod
    def health(self) -> Mapping[str, object]:
        """Return version, pid, configured route count and the last error, for ``GET /info`` and ``doctor``."""
