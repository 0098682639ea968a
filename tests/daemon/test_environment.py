"""What the engine may see of the environment that it was started from, and what it does when its own is removed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from mdeploy_lab.client.ending import end_engine
from mdeploy_lab.client.loop import LOOP
from mdeploy_lab.client.sync import Client
from mdeploy_lab.daemon.environment import allowed
from mdeploy_lab.paths import Home, find_home
from tests.e2e.census import census, of_kind, until

ROOT = Path(__file__).parents[2]


def test_what_downloads_models_and_builds_environments_passes_and_jupyters_tokens_do_not() -> None:
    passes = {
        "PATH": "/bin",
        "HTTPS_PROXY": "http://proxy:3128",
        "no_proxy": "localhost",
        "UV_DEFAULT_INDEX": "http://index/simple",
        "PIP_INDEX_URL": "http://index/simple",
        "AWS_PROFILE": "models",
        "MDEPLOY_HOME": "/home",
    }
    stays = {
        "JUPYTERHUB_API_TOKEN": "x",
        "JPY_API_TOKEN": "x",
        "PYTHONPATH": "/x",
        "MY_KEY": "x",
        "PIP_REQUIRE_VIRTUALENV": "1",
    }
    assert allowed({**passes, **stays}) == passes
    assert allowed({**passes, **stays}, frozenset({"MY_KEY"})) == {**passes, "MY_KEY": "x"}


@pytest.fixture
def place(tmp_path: Path):
    """An environment that borrows our packages, and a home whose engine it started."""
    root = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
    next(root.glob("lib/python*/site-packages")).joinpath("others.pth").write_text(f"{sysconfig.get_path('purelib')}\n{ROOT}\n")
    home = find_home(tmp_path / "home")
    environ = {**os.environ, "MDEPLOY_HOME": str(home.root)}
    start = [root / "bin/python", "-m", "mdeploy_lab.daemon", "start"]
    subprocess.run(start, check=True, env=environ, cwd="/", timeout=90, capture_output=True)
    yield root, home
    LOOP.run(end_engine(home, everything=True, seconds=60))
    until("the engine and everything of it to end", lambda: not census(home), 30)
    shutil.rmtree(home.run, ignore_errors=True)


def test_an_engine_whose_environment_is_removed_makes_room_for_another(place: tuple[Path, Home]) -> None:
    root, home = place
    (engine,) = of_kind(home, "engine")
    shutil.rmtree(root)
    until("the engine and its supervisor to leave", lambda: not of_kind(home, "engine") + of_kind(home, "supervisor"), 20)
    with Client(home=home.root) as client:
        assert client.info().pid != engine
        assert str(root) not in Path(f"/proc/{client.info().pid}/cmdline").read_text()
