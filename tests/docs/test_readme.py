"""Every command of the README is run, in the order in which a reader would."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.timeout(300)


def blocks(language: str) -> list[str]:
    """Return the README's code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    """Return the shell commands, without those that the test itself runs under."""
    lines = [line.partition("  #")[0].strip() for block in blocks("bash") for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("make ")]


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """Return a directory that looks like a clone after ``make setup``."""
    directory = tmp_path_factory.mktemp("clone")
    (directory / "docs").symlink_to(ROOT / "docs")
    (directory / ".venv").symlink_to(sys.prefix)
    return directory


def test_only_make_targets_that_are_there_are_named():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {line.split()[1] for block in blocks("bash") for line in block.splitlines() if line.startswith("make ")}
    assert named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_shell_commands_run(environ, clone):
    said = {}
    for command in commands():
        done = subprocess.run(
            command, shell=True, env=environ, cwd=clone, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        said[command.split()[1]] = done.stdout
    assert "predictions" in said["predict"]
    assert "tumours" in said["list"]


def test_script_runs(environ, clone):
    script = clone / "docs" / "examples" / "deploy.py"
    done = subprocess.run(
        [str(clone / ".venv" / "bin" / "python"), str(script)],
        env=environ,
        cwd=clone,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "answers like the model itself: True" in done.stdout


def test_python_block_uses_names_that_are_there():
    import mdeploy_lab as md
    from mdeploy_lab.client.deployment import Clients, Deployment

    text = "".join(blocks("python"))
    for name in set(re.findall(r"\bmd\.(\w+)", text)):
        assert hasattr(md, name), name
    for name in set(re.findall(r"\bd\.(\w+)", text)):
        assert hasattr(Deployment, name), name
    for name in set(re.findall(r"\bclients\.(\w+)", text)):
        assert hasattr(Clients, name), name
