"""One replica of ours on a TCP port, without gateway and engine, as the other servers are measured."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.peer import free_port
from benchmarks.places import wait_until

START_SECONDS = 120


@contextmanager
def replica(model: Path, *, cpu: float = 2) -> Iterator[tuple[int, int]]:
    """Yield (port, process id) of a replica that serves a saved MLflow model."""
    from mdeploy_lab.models.access import InstanceType
    from mdeploy_lab.models.deployment import Model, RevisionTemplate
    from mdeploy_lab.runtime.spec import ReplicaSpec

    port = free_port()
    with tempfile.TemporaryDirectory(prefix="mdl-replica-") as folder:
        spec = ReplicaSpec(
            replica="model-1-bench",
            nonce="bench",
            deployment="model",
            uid="model",
            group="default",
            revision=1,
            template=RevisionTemplate(model=Model(uri=str(model))),
            instance_type=InstanceType(name="bench", cpu=cpu, memory=4 << 30),
            model_path=str(model),
            model_name="model",
            listen=f"tcp:127.0.0.1:{port}",
            control=f"{folder}/control.sock",
            log=f"{folder}/log.jsonl",
            raw_log=f"{folder}/raw.log",
        )
        file = Path(folder) / "spec.json"
        file.write_text(spec.model_dump_json())
        environ = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
        process = subprocess.Popen(
            [sys.executable, "-m", "mdeploy_lab.runtime.replica", str(file)], env=environ, start_new_session=True
        )
        try:
            wait_until(lambda: _answers(port, process, Path(folder)), START_SECONDS, "the replica", pause=0.1)
            yield port, process.pid
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # the session that was made above
            process.wait()


def _answers(port: int, process: subprocess.Popen[bytes], folder: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the replica ended: {(folder / 'raw.log').read_text()[-2000:]}")
    try:
        return httpx.get(f"http://127.0.0.1:{port}/ping", timeout=5).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def body_of(columns: list[str], row: list[float]) -> bytes:
    """Return one row as ``/invocations`` takes it."""
    return json.dumps({"dataframe_split": {"columns": columns, "data": [row]}}).encode()
