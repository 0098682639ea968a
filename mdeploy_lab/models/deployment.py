"""Deployment: the spec that a user wants, the status that is observed, and what a replica of it is."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mdeploy_lab.models.base import Timestamp, Wire

DeploymentType = Literal["real-time", "batch", "async"]
Batching = Literal["auto", "on", "off"]
State = Literal["deploying", "deployed", "failed", "stopping", "stopped"]
Health = Literal["healthy", "unhealthy", "unknown"]
ReplicaState = Literal["starting", "ready", "unhealthy", "stopping", "exited"]
PhaseName = Literal["environment", "download", "load", "warm-up", "ready"]
FailureReason = Literal[
    "model_not_found",
    "download_failed",
    "environment",
    "missing_library",
    "import_failed",
    "load_failed",
    "warmup_failed",
    "crash",
    "out_of_memory",
    "start_timeout",
    "parity",
    "secret_missing",
    "quota",
    "unschedulable",
    "image",
    "engine",
]


class Interpreter(Wire):
    """The Python that made a model, or that runs a replica."""

    path: str
    version: str
    fingerprint: str = Field(default="", description="digest of the installed distributions and their versions")
    mdeploy_version: str = ""
    base: str = Field(default="", description="the Python that its virtual environment was made with, which may outlive it")


class Model(Wire):
    """What a revision serves, resolved: nothing in it moves when an alias does."""

    uri: str = Field(description="with a version number where there is one: models:/churn/3")
    requested: str = Field(default="", description="as the user wrote it: models:/churn@champion")
    source: str = Field(default="", description="directory or artifact URI the files are read from")
    tracking_uri: str = ""
    registry_uri: str = ""
    name: str = ""
    version: str = ""
    run_id: str = ""
    model_id: str = ""
    flavors: tuple[str, ...] = ()
    digest: str = Field(default="", description="digest of the model's files")
    interpreter: Interpreter | None = None


class RuntimeOptions(Wire):
    """How a replica serves."""

    method: str = Field(default="predict", description="the model's method that answers")
    predict_timeout: float = Field(default=60.0, gt=0, description="seconds before a prediction answers 504")
    max_payload: int = Field(default=100_000_000, gt=0, description="bytes of a request body")
    isolate: bool = Field(default=False, description="run in an environment built from the model's requirements")
    batching: Batching = Field(
        default="auto",
        description="whether one prediction answers what waits together; auto: where rows are known to be independent",
    )


class RevisionTemplate(Wire):
    """Everything that, when changed, makes a new revision."""

    model: Model
    image: str = ""
    image_pull_secret: str = ""
    env: dict[str, str] = Field(default_factory=dict)
    secret_env: dict[str, str] = Field(default_factory=dict, description="references: env:NAME, file:PATH")
    instance_type: str = "small"
    runtime: RuntimeOptions = RuntimeOptions()


class TrafficTarget(Wire):
    """A share of the endpoint's requests, as in Knative."""

    revision: int = Field(ge=1)
    percent: int = Field(ge=0, le=100)
    tag: str = ""


class DeploymentSpec(Wire):
    """What is wanted."""

    name: str
    group: str = "default"
    type: DeploymentType = "real-time"
    template: RevisionTemplate
    replicas: int = Field(default=1, ge=0, description="how many run, or the fewest of a range")
    max_replicas: int | None = Field(default=None, ge=1, description="the most of a range; None: always replicas")
    public: bool = False
    stopped: bool = False
    api_name: str = ""
    description: str = ""
    metadata: dict[str, str] = Field(default_factory=dict)
    traffic: tuple[TrafficTarget, ...] | None = Field(
        default=None, description="None: all to the newest revision that is ready"
    )
    start_timeout: float = Field(default=600.0, gt=0, description="seconds without progress before a start fails")
    check_parity: bool = True


class Failure(Wire):
    """Why something does not run: one plain line, the fix, and the raw evidence."""

    reason: FailureReason
    message: str
    hint: str = ""
    details: dict[str, str] = Field(default_factory=dict, description="what a fix needs to know, such as package or variable")
    fix: str = Field(default="", description="one notebook cell that mends it; empty when none is known")
    evidence: str = Field(default="", description="traceback or last log lines, as they were")
    revision: int | None = None
    replica: str = ""
    at: Timestamp


class Phase(Wire):
    """One step of a start; ``seconds`` is None while it runs."""

    name: PhaseName
    started_at: Timestamp
    seconds: float | None = None
    progress: float | None = Field(default=None, ge=0, le=1)
    detail: str = ""


class ParityRow(Wire):
    """One row where the endpoint and the kernel differ."""

    row: int
    expected: Any = None
    got: Any = None


class Receipt(Wire):
    """The parity receipt: rows answered by the new revision against the kernel's own answers."""

    revision: int
    rows: int
    agreed: int
    mismatches: tuple[ParityRow, ...] = ()
    overridden: bool = False
    checked_at: Timestamp


class ReplicaCount(Wire):
    """Replicas of the revisions that carry traffic or are to carry it."""

    wanted: int = 0
    ready: int = 0


class DeploymentStatus(Wire):
    """What is observed."""

    state: State = "deploying"
    health: Health = "unknown"
    message: str = ""
    failure: Failure | None = None
    revision: int = Field(default=1, description="the newest revision, the wanted one")
    serving: tuple[TrafficTarget, ...] = Field(default=(), description="traffic as the gateway splits it now")
    replicas: ReplicaCount = ReplicaCount()
    timeline: tuple[Phase, ...] = ()
    receipt: Receipt | None = None
    observed_version: int = Field(default=0, description="the resource_version this status speaks of")
    changed_at: Timestamp | None = None


class Deployment(Wire):
    """A named, long-lived endpoint: spec = wanted, status = observed."""

    id: str
    uid: str
    spec: DeploymentSpec
    status: DeploymentStatus
    url: str = ""
    api_url: str = Field(default="", description="the same endpoint by its API name; empty without one")
    resource_version: int = Field(default=1, description="grows with every change of the spec")
    created_at: Timestamp
    created_by: str
    updated_at: Timestamp
    updated_by: str

    @property
    def name(self) -> str:
        """The display name."""
        return self.spec.name


class Replica(Wire):
    """One running copy of a revision."""

    id: str
    revision: int
    state: ReplicaState
    pid: int | None = None
    node: str = ""
    started_at: Timestamp | None = None
    restarts: int = 0
    memory_bytes: int | None = Field(default=None, description="private memory")
    cpu_seconds: float | None = None
    message: str = ""


class Address(Wire):
    """Where the gateway reaches a replica: ``unix:/path`` or ``tcp:127.0.0.1:port``, and the header it must bring."""

    target: str
    secret: str = ""


class Revision(Wire):
    """An immutable numbered snapshot of what runs."""

    number: int
    template: RevisionTemplate
    created_at: Timestamp
    created_by: str
    message: str = ""
    repeats: int | None = Field(default=None, description="the revision that a rollback repeats")
    url: str = ""
    receipt: Receipt | None = None
