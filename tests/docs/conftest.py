"""A home of a test's own, whose engine, replicas and gateway end with it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mdeploy_lab.paths import find_home

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def environ() -> Iterator[dict[str, str]]:
    """Return an environment with an empty home, Jupyter's and IPython's directories in it, and this Python's commands."""
    directory = Path(tempfile.mkdtemp(prefix="mdl-docs-"))
    inside = {
        "MDEPLOY_HOME": directory / "home",
        "XDG_RUNTIME_DIR": directory / "run",
        "IPYTHONDIR": directory / "ipython",
        "JUPYTER_CONFIG_DIR": directory / "jupyter" / "config",
        "JUPYTER_DATA_DIR": directory / "jupyter" / "data",
        "JUPYTER_RUNTIME_DIR": directory / "jupyter" / "run",
    }
    for path in inside.values():
        path.mkdir(mode=0o700, parents=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MDEPLOY_", "MLFLOW_", "JUPYTER"))}
    bin_directory = str(Path(sys.executable).parent)
    yield {**kept, **{k: str(v) for k, v in inside.items()}, "PATH": f"{bin_directory}{os.pathsep}{kept.get('PATH', '')}"}
    stop_engine(inside["MDEPLOY_HOME"], inside["XDG_RUNTIME_DIR"])
    shutil.rmtree(directory, ignore_errors=True)


def stop_engine(home: Path, runtime: Path) -> None:
    """End the engine of a home with everything that it runs, and wait until it is gone."""
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        socket = find_home(home).socket
    finally:
        os.environ.pop("XDG_RUNTIME_DIR")
        if before is not None:
            os.environ["XDG_RUNTIME_DIR"] = before
    if not socket.exists():
        return
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket), retries=0), base_url="http://mdeploy", timeout=30) as http:
        try:
            http.post("/engine/stop")
        except httpx.HTTPError:
            return
    wait_until(lambda: not socket.exists(), 30, "the engine has ended")


def wait_until(condition, seconds: float, what: str) -> None:
    """Poll until ``condition()`` holds."""
    import time

    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)
