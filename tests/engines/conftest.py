"""Engines under test, each with its models. The engine lives as long as the session: a warm parent is started once."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from mdeploy_lab.engines.local.engine import LocalEngine
from mdeploy_lab.engines.local.timing import Timing
from mdeploy_lab.models.deployment import Model
from mdeploy_lab.paths import Home

from .harness import Harness, processes, until
from .models import ALL, forest, written

FAST = Timing(backoff_first=0.05, memory_interval=0.1, log_interval=0.2, adopt_deadline=5)
SECRETS = {"MY_KEY": "s3cret-value", "JUPYTER_TOKEN": "leak", "JPY_API_TOKEN": "leak", "AWS_SECRET_ACCESS_KEY": "leak"}


async def fetch(model: Model) -> Path:
    return Path(model.source)


def make_home() -> Home:
    root = Path(tempfile.mkdtemp(prefix="me-", dir="/tmp"))
    return Home(root / "home", root / "run").create()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {"forest": forest(root), **{name: written(root, name, code) for name, code in ALL.items()}}


@pytest.fixture
def home() -> Iterator[Home]:
    made = make_home()
    yield made
    shutil.rmtree(made.root.parent, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["local"])
async def session_harness(request: pytest.FixtureRequest, models: dict[str, Path]) -> AsyncIterator[Harness]:
    import os

    assert request.param == "local"
    made = make_home()
    engine = LocalEngine(made, fetch=fetch, timing=FAST, environ={**os.environ, **SECRETS})
    found = Harness(engine, made, models)
    await found.open()
    yield found
    for uid in engine.deployments():
        await engine.purge(uid)
    await engine.close()
    await until(lambda: not processes(made), what="the end of every process", timeout=10)
    assert len(asyncio.all_tasks()) == 1, asyncio.all_tasks()
    shutil.rmtree(made.root.parent)


@pytest_asyncio.fixture(loop_scope="session")
async def harness(session_harness: Harness) -> AsyncIterator[Harness]:
    """Give each test the engine with nothing running, whatever became of the test before."""
    yield session_harness
    for uid in session_harness.engine.deployments():
        await session_harness.engine.purge(uid)
