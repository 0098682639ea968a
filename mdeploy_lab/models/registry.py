"""Registered models and their versions, as a registry tells them; what is captured from a live object."""

from __future__ import annotations

from pydantic import Field

from mdeploy_lab.models.base import Timestamp, Wire
from mdeploy_lab.models.deployment import Interpreter
from mdeploy_lab.models.description import Signature


class RegistryPlace(Wire):
    """Which registry it is."""

    uri: str = Field(description="without a password")
    origin: str = Field(description="what chose it: home, environment MLFLOW_TRACKING_URI, mlruns here, …")
    ui_url: str = Field(default="", description="of its own web interface, where it has one")


class ModelVersionInfo(Wire):
    """One version of a registered model."""

    name: str
    version: str
    uri: str = Field(description="models:/name/version")
    aliases: tuple[str, ...] = ()
    tags: dict[str, str] = Field(default_factory=dict)
    params: dict[str, str] = Field(default_factory=dict)
    metrics: dict[str, float] = Field(default_factory=dict)
    run_id: str = ""
    model_id: str = ""
    source: str = ""
    status: str = "READY"
    description: str = ""
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


class ModelVersionDetails(ModelVersionInfo):
    """One version with what its files say."""

    signature: Signature | None = Field(default=None, description="null: saved without one, or its files cannot be read")
    flavors: tuple[str, ...] = ()
    note: str = Field(default="", description="why its files could not be read")


class RegisteredModelInfo(Wire):
    """A registered model and its newest version."""

    name: str
    description: str = ""
    tags: dict[str, str] = Field(default_factory=dict)
    aliases: dict[str, str] = Field(default_factory=dict, description="alias → version")
    latest_version: str = ""
    created_at: Timestamp | None = None
    updated_at: Timestamp | None = None


class CellContext(Wire):
    """The notebook cell that runs, as far as the surface knows it."""

    notebook: str = ""
    cell_id: str = ""
    execution_count: int | None = None


class Captured(Wire):
    """A live object as a model version."""

    uri: str = Field(description="models:/churn/1")
    tracking_uri: str
    registry_uri: str
    source: str = Field(default="", description="local directory that holds MLmodel; empty: the registry is remote")
    name: str = Field(description="of the registered model")
    version: str
    flavor: str
    serialization: str = Field(description="cloudpickle, ubj, … : the form of the object's bytes")
    interpreter: Interpreter
    method: str = "predict"
    signature_from: str = Field(default="", description="what the signature was inferred from; empty: no signature")
    parity_rows: int = 0
    code_paths: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    notes: tuple[str, ...] = Field(default=(), description="what the user should know, one line each")
    unchanged: bool = Field(default=False, description="an equal version was there: none was made")
    digest: str = ""
