"""``mlflow models serve``, started and ended as its users do."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.places import wait_until

START_SECONDS = 120


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(model: Path, body: bytes) -> Iterator[tuple[int, float]]:
    """Yield port, and seconds from the command to the first answer."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model), "-p", str(port), "--env-manager", "local"]
    environ = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environ, start_new_session=True
    )
    try:
        wait_until(lambda: _answers(port, body), START_SECONDS, "mlflow models serve")
        yield port, time.perf_counter() - began
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # the session that was made above
        process.wait()


def _answers(port: int, body: bytes) -> bool:
    try:
        answer = httpx.post(
            f"http://127.0.0.1:{port}/invocations", content=body, headers={"Content-Type": "application/json"}, timeout=5
        )
    except httpx.HTTPError:
        return False
    return answer.status_code == 200
