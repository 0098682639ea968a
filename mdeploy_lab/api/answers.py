"""Answers that hold a list: an object with one named field, so that more can be added later."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from mdeploy_lab.models.access import ClientInfo, Group, InstanceType
from mdeploy_lab.models.base import Wire
from mdeploy_lab.models.deployment import Deployment, Replica, Revision
from mdeploy_lab.models.history import Event, HistoryEntry, LogReplica
from mdeploy_lab.models.registry import ModelVersionInfo, RegisteredModelInfo, RegistryPlace


class Deployments(Wire):
    """GET /deployments."""

    deployments: tuple[Deployment, ...]


class History(Wire):
    """GET …/history, newest first."""

    history: tuple[HistoryEntry, ...]


class Revisions(Wire):
    """GET …/revisions, newest first."""

    revisions: tuple[Revision, ...]


class Events(Wire):
    """GET …/events, oldest first."""

    events: tuple[Event, ...]


class Replicas(Wire):
    """GET …/replicas."""

    replicas: tuple[Replica, ...]


class LogReplicas(Wire):
    """GET …/logs/replicas, the newest line first."""

    replicas: tuple[LogReplica, ...]


class Clients(Wire):
    """GET …/clients."""

    clients: tuple[ClientInfo, ...]


class Groups(Wire):
    """GET /groups."""

    groups: tuple[Group, ...]


class InstanceTypes(Wire):
    """GET /instance-types."""

    instance_types: tuple[InstanceType, ...]


class Models(Wire):
    """GET /models."""

    models: tuple[RegisteredModelInfo, ...]
    registry: RegistryPlace


class Versions(Wire):
    """GET /models/{name}/versions."""

    versions: tuple[ModelVersionInfo, ...]


class ErrorBody(Wire):
    """Every failure."""

    message: str
    reason: str
    code: str
    hint: str = ""
    details: dict[str, Any] = Field(default_factory=dict)
