"""Isolated environments, built by uv from a model's requirements."""

from __future__ import annotations

import asyncio
import platform
import shutil
import sys
from pathlib import Path

import pytest

from mdeploy_lab.engines.local.environments import Environments, _pythons
from mdeploy_lab.engines.local.problems import StartProblem
from mdeploy_lab.models.deployment import Interpreter, Model
from mdeploy_lab.paths import Home
from tests.engines.harness import Harness, ask, command, until

pytestmark = pytest.mark.asyncio(loop_scope="session")
MODEL = Model(uri="models:/m/1", interpreter=Interpreter(path=sys.executable, version="{}.{}.{}".format(*sys.version_info[:3])))


def ignore(_fraction: float | None, _text: str) -> None:
    pass


@pytest.mark.timeout(300)
async def test_an_isolated_replica_runs_in_its_own_environment(harness: Harness) -> None:
    plan = harness.plan("echo", isolate=True, start_timeout=200)
    seen = await harness.run(plan, timeout=280)
    (replica,) = seen.ready
    assert await ask(replica.address) == [1]
    assert str(harness.home.environments) in command(replica.replica.pid)
    assert {"download", "environment", "load"} <= {phase.name for phase in seen.timeline}
    await harness.gone(plan)


async def test_requirements_that_cannot_be_met_are_told_with_what_uv_said(home: Home, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("pydantic==0.0.0.1\n")
    with pytest.raises(StartProblem) as problem:
        await Environments(home).build(tmp_path, MODEL, ignore)
    assert problem.value.reason == "environment"
    assert "pydantic" in problem.value.evidence
    assert problem.value.hint
    assert list(home.environments.iterdir()) == []


async def test_a_cancelled_build_leaves_nothing(home: Home, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("pydantic\n")
    building = asyncio.ensure_future(Environments(home).build(tmp_path, MODEL, ignore))
    await until(lambda: home.environments.exists() and list(home.environments.iterdir()))
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    assert list(home.environments.iterdir()) == []


def gone(path: Path, **fields: str) -> Model:
    return Model(uri="models:/m/1", interpreter=Interpreter(path=str(path / "gone/bin/python"), **fields))


async def test_when_the_environment_is_gone_its_base_is_built_upon(home: Home, tmp_path: Path) -> None:
    version, base = platform.python_version(), f"{sys.base_prefix}/bin/python{sys.version_info[0]}.{sys.version_info[1]}"
    assert _pythons(tmp_path, gone(tmp_path, version=version, base=base))[0] == base
    assert _pythons(tmp_path, gone(tmp_path, version="3.9.1", base=base)) == ["3.9.1", "3.9"], "it was replaced by another"
    assert _pythons(tmp_path, gone(tmp_path, version=version)) == [version, version.rpartition(".")[0]]


async def test_a_python_that_cannot_be_had_is_named(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    (tmp_path / "requirements.txt").write_text("pydantic\n")
    with pytest.raises(StartProblem, match=r"needs Python 3\.77, which is not installed") as problem:
        await Environments(home).build(tmp_path, gone(tmp_path, version="3.77.1"), ignore)
    assert "install Python 3.77" in problem.value.hint
    assert problem.value.evidence


async def test_a_model_without_requirements_is_told(home: Home, tmp_path: Path) -> None:
    with pytest.raises(StartProblem, match=r"no requirements\.txt"):
        await Environments(home).build(tmp_path, MODEL, ignore)


async def test_the_way_to_uv_is_told_when_it_is_missing(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    (tmp_path / "requirements.txt").write_text("pydantic\n")
    with pytest.raises(StartProblem) as problem:
        await Environments(home).build(tmp_path, MODEL, ignore)
    assert problem.value.hint == "pip install uv"
