"""A tracking server over HTTP, which keeps its own artifacts: capture, resolve, download, and its death."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mdeploy_lab.errors import ModelNotFound, RegistryUnavailable
from mdeploy_lab.models.requests import ModelSource
from mdeploy_lab.paths import Home
from mdeploy_lab.registry.registry import Registry

from .conftest import cells_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CELL = """
from sklearn.dummy import DummyClassifier
clf = DummyClassifier().fit([[0], [1]], [0, 0])
for _ in range(2):
    cap(clf, "iris clf", input_example=[[0], [1]], tracking_uri={uri!r})
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path}/server.db", "--artifacts-destination", f"{tmp_path}/artifacts"]
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True)
    uri = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(f"{uri}/health", timeout=1):
                    break
            except (urllib.error.URLError, OSError):
                assert time.monotonic() < end, (tmp_path / "server.log").read_text()
                time.sleep(0.2)
        yield uri, process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


async def test_capture_resolve_and_fetch_over_http(server, home: Home, tmp_path: Path) -> None:
    uri, process = server
    first, again = cells_in(home, "", {"cell": CELL.format(uri=uri)}, cwd=tmp_path)["cell"]
    assert (first["uri"], first["source"], first["unchanged"]) == ("models:/iris clf/1", "", False)
    assert again["unchanged"]
    registry = Registry(home)
    try:
        source = ModelSource(uri="models:/iris clf/1", tracking_uri=uri)
        model = await registry.resolve(source)
        assert model.source.startswith("mlflow-artifacts:")
        assert model.interpreter is not None
        kept = await registry.fetch(model)
        assert (kept / "mdeploy/parity.json").is_file(), "the kernel left its copy for the engine"
        shutil.rmtree(kept)
        heard: list[str] = []
        assert await registry.fetch(model, lambda _, text: heard.append(text)) == kept
        assert (kept / "mdeploy/parity.json").is_file()
        assert [p.name for p in kept.parent.iterdir()] == [kept.name], "no half download is left"
        with pytest.raises(ModelNotFound, match="models:/iris clf/9 does not exist"):
            await registry.resolve(ModelSource(uri="models:/iris clf/9", tracking_uri=uri))
        stop(process)
        assert await registry.fetch(model) == kept, "what is here needs no server"
        with pytest.raises(RegistryUnavailable, match="cannot be reached"):
            await registry.resolve(source)
    finally:
        await registry.close()
