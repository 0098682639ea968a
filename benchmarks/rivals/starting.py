"""Starts other model servers as their users do, and ends them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from benchmarks.load import Target
from benchmarks.peer import free_port
from benchmarks.places import wait_until
from benchmarks.rivals.environments import python_of

SERVERS = Path(__file__).parent / "servers"
START_SECONDS = 120
ROW = [5.1, 3.5, 1.4, 0.2]
V2_BODY = json.dumps({"inputs": [{"name": "input-0", "shape": [1, 4], "datatype": "FP64", "data": ROW}]}).encode()


@dataclass(frozen=True)
class Rival:
    """One server that runs: where to send what, and its processes' common session."""

    target: Target
    body: bytes
    session: int
    grpc: str = ""
    """``host:port`` of its gRPC, where it has one."""


@contextmanager
def served(name: str, model: Path, *, body: bytes | None = None) -> Iterator[Rival]:
    """Run a server with a joblib file as its model; ``body`` is sent instead of one row of iris."""
    with tempfile.TemporaryDirectory(prefix="mdl-rival-") as folder:
        start = {"mlserver": _mlserver, "mlserver, batching": _mlserver_batching, "bentoml": _bentoml}
        start |= {"kserve": _kserve, "litserve": _litserve}
        command, environ, path, usual, grpc, port = start[name](Path(folder), model)
        log = Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **environ},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        target = Target(name, f"tcp:127.0.0.1:{port}", path, {})
        sent = usual if body is None else body
        try:
            wait_until(lambda: _answers(port, path, sent, process, log), START_SECONDS, name, pause=0.2)
            yield Rival(target, sent, process.pid, grpc)
        finally:
            workers = psutil.Process(process.pid).children(recursive=True)  # some begin a session of their own
            os.killpg(process.pid, signal.SIGKILL)  # the session that was made above
            process.wait()
            for worker in workers:
                with suppress(psutil.NoSuchProcess):
                    worker.kill()


Started = tuple[list[str], Mapping[str, str], str, bytes, str, int]


def _mlserver(folder: Path, model: Path, *, batching: bool = False) -> Started:
    http, grpc, metrics = free_port(), free_port(), free_port()
    python = python_of("mlserver")
    settings = {"host": "127.0.0.1", "http_port": http, "grpc_port": grpc, "metrics_port": metrics, "debug": False}
    found: dict[str, object] = {
        "name": "model",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": str(model)},
    }
    if batching:
        found |= {"max_batch_size": 64, "max_batch_time": 0.001}
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(json.dumps(found))
    command = [str(python.with_name("mlserver")), "start", str(folder)]
    return command, {}, "/v2/models/model/infer", V2_BODY, f"127.0.0.1:{grpc}", http


def _mlserver_batching(folder: Path, model: Path) -> Started:
    return _mlserver(folder, model, batching=True)


def _bentoml(folder: Path, model: Path) -> Started:
    port = free_port()
    python = python_of("bentoml")
    (folder / "service.py").write_text((SERVERS / "bentoml_service.py").read_text())
    command = [str(python.with_name("bentoml")), "serve", "service:Iris", "--host", "127.0.0.1", "--port", str(port)]
    environ = {"MODEL": str(model), "BENTOML_HOME": str(folder / "home"), "BENTOML_DO_NOT_TRACK": "True"}
    return command, environ, "/predict", json.dumps({"rows": [ROW]}).encode(), "", port


def _kserve(folder: Path, model: Path) -> Started:  # noqa: ARG001  # all alike
    http, grpc = free_port(), free_port()
    command = [str(python_of("kserve")), str(SERVERS / "kserve_server.py"), str(http), str(grpc)]
    return command, {"MODEL": str(model)}, "/v2/models/model/infer", V2_BODY, f"127.0.0.1:{grpc}", http


def _litserve(folder: Path, model: Path) -> Started:  # noqa: ARG001  # all alike
    port = free_port()
    command = [str(python_of("litserve")), str(SERVERS / "litserve_server.py"), str(port)]
    return command, {"MODEL": str(model)}, "/predict", json.dumps({"input": ROW}).encode(), "", port


def _answers(port: int, path: str, body: bytes, process: subprocess.Popen[bytes], log: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the server ended:\n{log.read_text(errors='replace')[-2000:]}")
    try:
        answer = httpx.post(
            f"http://127.0.0.1:{port}{path}", content=body, headers={"Content-Type": "application/json"}, timeout=10
        )
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK
