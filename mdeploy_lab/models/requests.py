"""What callers send, named by verb."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.models.base import Request, Wire
from mdeploy_lab.models.deployment import Batching, Deployment, DeploymentType, Interpreter, TrafficTarget
from mdeploy_lab.models.names import (
    API_NAME_PATTERN,
    CLIENT_PATTERN,
    ENV_PATTERN,
    GROUP_PATTERN,
    ID_PATTERN,
    name_problem,
)

TEXT_LIMIT = 100_000
URI_LIMIT = 4096
PAYLOAD_LIMIT = 2**40
DAY = 86_400


def _name(value: str) -> str:
    problem = name_problem(value)
    if problem:
        raise ValueError(problem)
    return value


DisplayName = Annotated[str, AfterValidator(_name)]
EnvName = Annotated[str, Field(pattern=ENV_PATTERN, max_length=253)]
SecretReference = Annotated[str, Field(pattern=r"^(env:[-._a-zA-Z][-._a-zA-Z0-9]*|file:.+)$")]
Text = Annotated[str, Field(max_length=TEXT_LIMIT)]


class ModelSource(Request):
    """A model by URI; a kernel that just registered it adds what it already knows, so that nothing is looked up twice."""

    uri: str = Field(min_length=1, max_length=URI_LIMIT)
    tracking_uri: str = ""
    registry_uri: str = ""
    source: str = Field(default="", description="local directory that holds MLmodel")
    interpreter: Interpreter | None = Field(default=None, description="run replicas with this Python")
    script: str = Field(default="", description="serving script, a file or folder, that stands before the model")


FROZEN = {
    "id": "the id of a deployment cannot change: it is in the URL that callers use, in its logs and in its tokens' passes",
    "group": "the group of a deployment cannot change: its quota, its members and the URL of its API name belong to the group",
    "type": "the type of a deployment cannot change: a real-time endpoint, batch and async jobs are called in different ways",
}
"""What an update cannot change, and why."""


class CreateDeployment(Request):
    """POST /deployments."""

    model: ModelSource | str
    name: DisplayName
    id: Annotated[str, Field(pattern=ID_PATTERN)] | None = None
    group: Annotated[str, Field(pattern=GROUP_PATTERN)] = "default"
    type: DeploymentType = "real-time"
    replicas: int = Field(default=1, ge=1, le=1000, description="how many run, or the fewest of a range")
    max_replicas: int | None = Field(default=None, ge=0, le=1000, description="the most of a range; None or 0: no range")
    instance_type: str = "small"
    public: bool = False
    env: dict[EnvName, str] = Field(default_factory=dict)
    secret_env: dict[EnvName, SecretReference] = Field(default_factory=dict)
    metadata: dict[str, Text] = Field(default_factory=dict)
    description: Text = ""
    message: Text = ""
    api_name: Annotated[str, Field(pattern=API_NAME_PATTERN)] | Literal[""] = ""
    image: str = ""
    image_pull_secret: str = ""
    method: str = "predict"
    isolate: bool = False
    batching: Batching = "auto"
    predict_timeout: float = Field(default=60.0, gt=0, le=86_400)
    max_payload: int = Field(default=100_000_000, gt=0, le=PAYLOAD_LIMIT)
    start_timeout: float = Field(default=600.0, gt=0, le=30 * DAY)
    check_parity: bool = True
    stopped: bool = False
    dry_run: bool = Field(default=False, description="check everything, create nothing")


class UpdateDeployment(Request):
    """PATCH /deployments/{id}; what is None stays. Id, group and type cannot change."""

    model: ModelSource | str | None = None
    name: DisplayName | None = None
    replicas: int | None = Field(default=None, ge=1, le=1000)
    max_replicas: int | None = Field(default=None, ge=0, le=1000, description="0: no range any more")
    instance_type: str | None = None
    public: bool | None = None
    env: dict[EnvName, str] | None = None
    secret_env: dict[EnvName, SecretReference] | None = None
    metadata: dict[str, Text] | None = None
    description: Text | None = None
    message: Text = ""
    api_name: Annotated[str, Field(pattern=API_NAME_PATTERN)] | Literal[""] | None = None
    image: str | None = None
    image_pull_secret: str | None = None
    method: str | None = None
    isolate: bool | None = None
    batching: Batching | None = None
    predict_timeout: float | None = Field(default=None, gt=0, le=86_400)
    max_payload: int | None = Field(default=None, gt=0, le=PAYLOAD_LIMIT)
    start_timeout: float | None = Field(default=None, gt=0, le=30 * DAY)
    check_parity: bool | None = None
    start: bool = Field(default=False, description="also start it when it is stopped")
    resource_version: int | None = Field(default=None, description="refuse when it changed since this version")
    dry_run: bool = False

    @model_validator(mode="before")
    @classmethod
    def _frozen(cls, values: Any) -> Any:
        """Refuse what cannot change, with the reason, rather than as a field that nobody knows."""
        frozen = [name for name in FROZEN if isinstance(values, dict) and name in values]
        if frozen:
            raise InvalidInput(
                FROZEN[frozen[0]],
                hint="deploy the model anew as you want it, move the callers, then delete this one",
                details={"fields": {name: FROZEN[name] for name in frozen}},
            )
        return values


class Act(Request):
    """POST …/stop and …/start."""

    message: Text = ""
    resource_version: int | None = None


class Rollback(Request):
    """POST …/rollback: a new revision that repeats an old one."""

    to: int = Field(ge=1)
    message: Text = ""
    resource_version: int | None = None


class SetTraffic(Request):
    """PUT …/traffic; None gives everything to the newest ready revision again."""

    targets: tuple[TrafficTarget, ...] | None
    message: Text = ""
    resource_version: int | None = None


class AddClient(Request):
    """POST …/clients."""

    name: Annotated[str, Field(pattern=CLIENT_PATTERN)]


class RotateClient(Request):
    """POST …/clients/{name}/rotate: the old token works for ``overlap`` seconds more."""

    overlap: float = Field(default=86_400.0, ge=0, le=3650 * DAY)


class Predict(Request):
    """POST …/predict, the query tester: a dialect by name, never a path."""

    dialect: str = Field(default="invocations", max_length=100)
    body: Any = Field(default=None, description="text as it is, anything else as JSON")
    body_base64: str | None = Field(default=None, description="in place of body: bytes, for dialects whose bodies are no text")
    content_type: str = Field(default="application/json", pattern=r"^[ -~]{1,200}$")
    revision: int | None = None
    timeout: float = Field(default=60.0, gt=0, le=600)
    raw: bool = Field(default=False, description="answer JSON as text too, so that no number is written otherwise")


class PredictResult(Wire):
    """What the endpoint answered."""

    status: int
    headers: dict[str, str]
    content_type: str = ""
    body: Any = Field(default=None, description="the answer, when it is JSON that is shown whole")
    text: str = Field(default="", description="the answer as text when it is not in body; its beginning when it was cut")
    body_base64: str = Field(default="", description="the answer when it is no text, and is shown whole")
    size: int = Field(default=0, description="bytes of the whole answer")
    truncated: bool = Field(default=False, description="whether the answer was too large to show")
    answer: str = Field(
        default="", description="token of GET …/answers/{token}, which downloads the whole of a truncated answer"
    )
    replica: str = Field(default="", description="which replica answered; empty when the gateway did")
    revision: int | None = Field(default=None, description="which revision answered; null when the gateway did")
    latency_ms: float


class Changed(Wire):
    """The answer to every change: the deployment, and whether anything changed at all."""

    deployment: Deployment
    changed: bool = True
    new_revision: bool = False
    notes: tuple[str, ...] = Field(default=(), description="what the user should know, such as differing packages")


class IdCheck(Wire):
    """GET /ids/{id}."""

    id: str
    available: bool
    reason: str = ""
    suggestion: str = ""


class ApiNameCheck(Wire):
    """GET /groups/{group}/api-names/{name}."""

    name: str
    available: bool
    reason: str = ""
    suggestion: str = ""
    holder: str = Field(default="", description="id of the deployment that has it")


class Setting(Wire):
    """A configured value and where it came from: argument, environment, file or default."""

    name: str
    value: Any
    origin: str


class Info(Wire):
    """GET /info."""

    version: str
    api_version: str
    engine: str
    home: str = ""
    gateway_url: str = ""
    gateway_version: str = ""
    pid: int | None = None
    capabilities: dict[str, bool | str] = Field(
        default_factory=dict, description="feature → true, or the reason why this engine does not have it"
    )
    dialects: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    problems: tuple[str, ...] = Field(default=(), description="what the engine cannot follow, such as a broken config.toml")
    actor: str = ""
