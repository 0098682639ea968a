"""A home of its own for each module, a real engine in it, real models; and nothing left behind."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mdeploy_lab.client.sync import Client
from mdeploy_lab.paths import Home, find_home
from tests.e2e.census import census, kill, until


def engine(home: Home) -> httpx.Client:
    """Return plain HTTP to the engine's socket."""
    return httpx.Client(transport=httpx.HTTPTransport(uds=str(home.socket)), base_url="http://engine", timeout=30)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A fresh home; at the end its engine is stopped, and that nothing is left is part of every test module."""
    root = Path(tempfile.mkdtemp(prefix="mdh"))
    found = find_home(root / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MDEPLOY_HOME", str(root / "home"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.chdir(root)
        yield found
        try:
            if found.socket.exists():
                with engine(found) as http:
                    http.post("/engine/stop")
                until("the engine and everything of it to end", lambda: not census(found), 30)
        finally:
            left = census(found)
            kill(found, *{p.kind for p in left})
            shutil.rmtree(found.run, ignore_errors=True)
            shutil.rmtree(root, ignore_errors=True)
            assert not left, f"left behind: {left}"


@pytest.fixture(scope="module")
def client(home: Home) -> Iterator[Client]:
    """A client of the home, which starts the engine."""
    with Client() as made:
        yield made


@pytest.fixture(scope="module")
def iris():
    """Return (features, labels) of scikit-learn's iris as a frame and a series."""
    from sklearn.datasets import load_iris

    return load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def models(iris):
    """Return two fitted classifiers that answer differently."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.tree import DecisionTreeClassifier

    x, y = iris
    return LogisticRegression(max_iter=500).fit(x, y), DecisionTreeClassifier(max_depth=1, random_state=0).fit(x, y)
