"""Real replicas: models saved once, forked from a warm parent, talked to over their sockets."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from mdeploy_lab.models.access import InstanceType
from mdeploy_lab.models.deployment import Model, RevisionTemplate, RuntimeOptions
from mdeploy_lab.runtime.spec import ReplicaSpec

DEADLINE = 30.0
_numbers = itertools.count(1)


class Nursery:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.runtime.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        self.threads = int(self._read()[1])

    def _read(self) -> list[str]:
        line = self._process.stdout.readline()
        assert line, "the warm parent died"
        return line.split()

    def ask(self, line: str) -> list[str]:
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@dataclass
class Running:
    """A replica and a connection to its control socket."""

    spec: ReplicaSpec
    pid: int
    nursery: Nursery
    lines: list[dict[str, Any]] = field(default_factory=list)
    _control: socket.socket | None = None
    _buffer: bytes = b""

    @property
    def address(self) -> str:
        return self.lines[0]["address"]

    def connect(self) -> Running:
        end = time.monotonic() + DEADLINE
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(self.spec.control)
            except OSError:
                connection.close()
                assert time.monotonic() < end, self.raw()
                assert self.exit_code() is None, self.raw()
                time.sleep(0.005)
                continue
            self._control = connection
            return self

    def next_line(self, timeout: float = DEADLINE) -> dict[str, Any] | None:
        while b"\n" not in self._buffer:
            self._control.settimeout(timeout)
            data = self._control.recv(65536)
            if not data:
                return None
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        self.lines.append(json.loads(line))
        return self.lines[-1]

    def until(self, state: str, timeout: float = DEADLINE) -> dict[str, Any]:
        end = time.monotonic() + timeout
        if self.lines and self.lines[-1]["state"] == state:
            return self.lines[-1]
        while True:
            line = self.next_line(max(0.1, end - time.monotonic()))
            assert line is not None, f"ended before it was {state}: {self.lines[-1:]} {self.raw()}"
            if line["state"] == state:
                return line

    def order(self, seconds: float) -> None:
        self._control.sendall(json.dumps({"kind": "drain", "seconds": seconds}).encode() + b"\n")

    def raw(self) -> str:
        return Path(self.spec.raw_log).read_text() if Path(self.spec.raw_log).exists() else ""

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in Path(self.spec.log).read_text().splitlines()]

    def exit_code(self) -> int | None:
        if getattr(self, "_code", None) is None:
            word, code = self.nursery.ask(f"wait {self.pid}")
            self._code = int(code) if word == "ended" else None
        return self._code

    def wait_exit(self, timeout: float = 10.0) -> int:
        end = time.monotonic() + timeout
        while (code := self.exit_code()) is None:
            assert time.monotonic() < end, "still running"
            time.sleep(0.01)
        return code

    def client(self, **options: Any) -> httpx.Client:
        kind, _, rest = self.address.partition(":")
        options.setdefault("timeout", 30)
        if kind == "unix":
            return httpx.Client(transport=httpx.HTTPTransport(uds=rest), base_url="http://replica", **options)
        headers = {"x-mdeploy-replica": self.spec.secret, **options.pop("headers", {})}
        return httpx.Client(base_url=f"http://{rest}", headers=headers, trust_env=False, **options)

    def stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self.exit_code() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait_exit()


def make_spec(root: Path, model_path: Path, *, listen: str = "unix", cpu: float = 1, **options: Any) -> ReplicaSpec:
    number = next(_numbers)
    name = f"r{number}"
    environ = options.pop("environ", {})
    return ReplicaSpec(
        replica=f"iris-1-{number:05}",
        nonce=f"nonce{number}",
        deployment="iris",
        uid="u1",
        group="default",
        revision=3,
        template=RevisionTemplate(
            model=Model(uri="models:/iris/1", name="iris model", version="1"), runtime=RuntimeOptions(**options)
        ),
        instance_type=InstanceType(name="small", cpu=cpu, memory=2**30),
        model_path=str(model_path),
        model_name="iris",
        listen=f"unix:{root}/{name}.http" if listen == "unix" else listen,
        secret="" if listen == "unix" else "s3cret",
        control=f"{root}/{name}.sock",
        log=f"{root}/{name}.jsonl",
        raw_log=f"{root}/{name}.raw",
        environ=environ,
    )


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture(scope="session")
def runs() -> Iterator[Path]:
    """A short directory: socket paths have a limit of 107 bytes."""
    root = Path(tempfile.mkdtemp(prefix="mdr-", dir="/tmp"))
    yield root
    shutil.rmtree(root, ignore_errors=True)


def _starter(nursery: Nursery, runs: Path, started: list[Running]) -> Callable[..., Running]:
    def start(model_path: Path, *, wait: str | None = "ready", **options: Any) -> Running:
        spec = make_spec(runs, model_path, **options)
        path = runs / f"{spec.replica}.json"
        path.write_text(spec.model_dump_json())
        running = Running(spec, int(nursery.ask(f"fork {path}")[1]), nursery).connect()
        started.append(running)
        if wait:
            running.until(wait)
        return running

    return start


@pytest.fixture
def start(nursery: Nursery, runs: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []
    yield _starter(nursery, runs, started)
    for running in started:
        running.stop()


@pytest.fixture(scope="module")
def start_for_module(nursery: Nursery, runs: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []
    yield _starter(nursery, runs, started)
    for running in started:
        running.stop()


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("zoo")
    done = subprocess.run(
        [sys.executable, "-m", "tests.runtime.zoo", str(root)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=DEADLINE * 3,
        check=False,
        env={**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{root}/mlflow.db", "MLFLOW_DISABLE_TELEMETRY": "true"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return root
