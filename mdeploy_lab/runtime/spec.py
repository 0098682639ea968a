"""What a replica is told at its start, and what it says over its control socket.

The control socket is a Unix stream socket that the replica listens on. Whoever connects (the engine, a new engine after the
old one's death) gets one ``Hello`` line with the whole state, then one ``Report`` line per change; it may send ``Order`` lines.
Each line is one JSON document. Several may be connected at once.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mdeploy_lab.models.access import InstanceType
from mdeploy_lab.models.base import Timestamp, Wire
from mdeploy_lab.models.deployment import Failure, Phase, ReplicaState, RevisionTemplate


class ReplicaSpec(Wire):
    """One replica, whole; written to ``file`` (0600) before the replica exists."""

    protocol: int = 1
    replica: str = Field(description="id, unique for ever, such as churn-3-k2v9x")
    nonce: str = Field(description="proves on adoption that the process is this replica")
    deployment: str
    uid: str
    group: str
    revision: int
    template: RevisionTemplate
    instance_type: InstanceType
    model_path: str = Field(description="local directory that holds MLmodel")
    model_name: str = Field(description="the name that answers under /v2/models: the deployment's id")
    listen: str = Field(description="unix:/path or tcp:127.0.0.1:port; port 0: report the one that was given")
    secret: str = Field(default="", description="value that X-MDeploy-Replica must have on every request; TCP only")
    control: str = Field(description="path of the control socket")
    log: str = Field(description="path of the JSON-lines log; rotated by size")
    raw_log: str = Field(description="path that file descriptors 1 and 2 of the process go to")
    environ: dict[str, str] = Field(default_factory=dict, description="env with secrets resolved; never logged")
    parity_rows: int = Field(default=0)
    tied: bool = Field(default=False, description="end when whoever listened on the control socket is gone")


class Hello(Wire):
    """First line to whoever connects."""

    kind: Literal["hello"] = "hello"
    protocol: int = 1
    replica: str
    nonce: str
    pid: int
    started_at: Timestamp
    state: ReplicaState
    address: str = Field(description="as in Address.target, with the port that was given")
    phases: tuple[Phase, ...] = ()
    failure: Failure | None = None
    in_flight: int = 0


class Report(Wire):
    """A change: of the state, of the phases, or a failure. The newest value of each is sent whole."""

    kind: Literal["report"] = "report"
    state: ReplicaState
    phases: tuple[Phase, ...] = ()
    failure: Failure | None = None
    in_flight: int = 0


class Order(Wire):
    """``drain``: refuse new work, finish what runs within ``seconds``, then exit 0."""

    kind: Literal["drain"] = "drain"
    seconds: float = 10.0
    turn_away: bool = Field(default=True, description="refuse what is new; False: nobody else is there, it waits for the next")
