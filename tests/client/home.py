"""One home with a real engine for all tests of the surfaces: started when first asked for, ended with the session."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from mdeploy_lab.client.ending import end_engine
from mdeploy_lab.client.loop import LOOP
from mdeploy_lab.client.sync import Client
from mdeploy_lab.paths import Home, find_home


@dataclass
class Place:
    """A home, its client, and the environment that processes of a test need."""

    home: Home
    client: Client

    @property
    def environ(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MDEPLOY_", "MLFLOW_"))}
        return {**kept, "MDEPLOY_HOME": str(self.home.root), "NO_COLOR": "1", "COLUMNS": "200"}


_place: list[Place] = []


def place(config: pytest.Config) -> Place:
    """Return the session's home with its engine."""
    if not _place:
        root = Path(tempfile.mkdtemp(prefix="mdc"))
        home = find_home(root / "home")
        _place.append(Place(home, Client(home=home.root)))
        config.add_cleanup(lambda: _end(root, home))
    return _place[0]


def _end(root: Path, home: Home) -> None:
    LOOP.run(_place.pop().client.twin.close())
    LOOP.run(end_engine(home, everything=True, seconds=60))
    shutil.rmtree(root, ignore_errors=True)
    shutil.rmtree(home.run, ignore_errors=True)


def until(what: str, condition, seconds: float = 30.0):
    """Poll until ``condition()`` is true, and return it."""
    end = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return answer


@pytest.fixture(scope="session")
def iris():
    from sklearn.datasets import load_iris

    return load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="session")
def clf(iris):
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=500).fit(*iris)


@pytest.fixture
def here(pytestconfig, monkeypatch):
    """The session's place, as this process's default."""
    found = place(pytestconfig)
    monkeypatch.setenv("MDEPLOY_HOME", str(found.home.root))
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.delenv(name, raising=False)
    return found


@pytest.fixture
def client(here):
    return here.client


@pytest.fixture
def served(client, clf, iris):
    """A deployment named ``served`` that runs; made once."""
    found = next((d for d in client.deployments(search="served") if d.id == "served"), None)
    if found is None:
        return client.deploy(clf, name="served", input_example=iris[0].head(5), timeout=100)
    if found.state != "deployed":
        found.start(timeout=60)
    return found
