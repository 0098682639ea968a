"""Clients (named callers with a token), groups and instance types."""

from __future__ import annotations

from pydantic import Field

from mdeploy_lab.models.base import Timestamp, Wire


class ClientSecret(Wire):
    """One token of a client, without the token: ``key_id`` is its public beginning."""

    key_id: str
    created_at: Timestamp
    expires_at: Timestamp | None = None
    last_used_at: Timestamp | None = None


class ClientInfo(Wire):
    """A named caller of a private deployment."""

    name: str
    created_at: Timestamp
    created_by: str
    last_used_at: Timestamp | None = None
    secrets: tuple[ClientSecret, ...] = ()


class NewToken(Wire):
    """A client with its token, the only time the token is shown."""

    client: ClientInfo
    token: str


class Pass(Wire):
    """A short-lived right of the owner to call one deployment over the gateway's private listener."""

    token: str
    expires_at: Timestamp
    socket: str = Field(default="", description="Unix socket of the private listener; empty: use base_url")
    base_url: str = Field(description="URL of the deployment, to which a dialect's path is added")


class InstanceType(Wire):
    """A named size of a replica."""

    name: str
    cpu: float = Field(gt=0, description="vCPUs; threads of a local replica are this, at least one")
    memory: int = Field(gt=0, description="bytes")
    gpu: int = Field(default=0, ge=0)
    description: str = ""


class Quota(Wire):
    """Limits of a group, for what runs, replicas counted; None is no limit."""

    cpu: float | None = Field(default=None, ge=0, allow_inf_nan=False, description="vCPUs")
    memory: int | None = Field(default=None, ge=0, description="bytes")
    gpu: int | None = Field(default=None, ge=0)
    deployments: int | None = Field(default=None, ge=0, description="running deployments; a stopped one counts nothing")


class Usage(Wire):
    """What a group's running deployments take, replicas counted."""

    cpu: float = 0
    memory: int = 0
    gpu: int = 0
    deployments: int = 0


class Group(Wire):
    """An owner of deployments."""

    name: str
    title: str = Field(default="", description="how JupyterHub or people write it, where that differs from the name")
    enabled: bool = Field(default=True, description="false: nothing new starts here; what runs goes on")
    quota: Quota = Quota()
    used: Usage = Usage()
    free: Quota = Field(default=Quota(), description="what is left of each quota; None where there is no limit")
    members: tuple[str, ...] | None = Field(default=None, description="None: everybody, or whom JupyterHub puts in it")
