"""An interpreter's packages change, or it goes away, while its warm parent holds what it imported before."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from mdeploy_lab.engines.local.engine import LocalEngine
from mdeploy_lab.engines.local.installation import installation
from tests.engines.harness import Harness, alive, ask, until

pytestmark = pytest.mark.asyncio(loop_scope="session")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment of its own that borrows our packages."""
    root = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
    (packages(root) / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    return root


def packages(root: Path) -> Path:
    return next(root.glob("lib/python*/site-packages"))


def warm(harness: Harness, root: Path) -> int | None:
    assert isinstance(harness.engine, LocalEngine)
    return harness.engine._launcher.warm.pids().get(str(root / "bin/python"))


async def test_an_installation_is_what_is_installed(environment: Path) -> None:
    python = str(environment / "bin/python")
    assert installation(python) == frozenset()
    (packages(environment) / "numpy-2.1.0.dist-info").mkdir()
    (packages(environment) / "numpy").mkdir()
    assert installation(python) == {"numpy-2.1.0.dist-info"}
    (environment / "bin/python").unlink()
    assert installation(python) is None


async def test_a_replica_meets_the_packages_of_today(harness: Harness, environment: Path) -> None:
    python = str(environment / "bin/python")
    one = harness.plan("echo", python=python)
    (first,) = (await harness.run(one)).ready
    before = warm(harness, environment)
    assert before
    await harness.run(two := harness.plan("echo", python=python))
    assert warm(harness, environment) == before, "nothing changed"

    (packages(environment) / "numpy-9.9.dist-info").mkdir()
    await harness.run(three := harness.plan("echo", python=python))
    after = warm(harness, environment)
    assert after not in {None, before}
    await until(lambda: not alive(before), what="the end of the warm parent of yesterday")
    assert await ask(first.address) == [1], "what ran goes on"
    for plan in (one, two, three):
        await harness.gone(plan)


async def test_an_interpreter_that_is_gone_is_said_though_its_warm_parent_lives(harness: Harness, environment: Path) -> None:
    python = environment / "bin/python"
    (first,) = (await harness.run(plan := harness.plan("echo", python=str(python)))).ready
    python.unlink()
    failure = (await harness.fails(lost := harness.plan("echo", python=str(python)))).failure
    assert failure is not None
    assert failure.reason == "environment"
    assert failure.message == f"the Python that made this model is gone: {python}"
    assert "isolate=True" in failure.hint
    assert await ask(first.address) == [1], "what ran goes on"
    for each in (plan, lost):
        await harness.gone(each)
