"""The project's frame: what is committed, what an import costs, and how files are cut."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mdeploy_lab"
MODULES = sorted(PACKAGE.rglob("*.py"))
IMPORT_LIMIT_MS = 150
FILE_LIMIT = 600
FUNCTION_LIMIT = 60


def python(code: str, *options: str) -> str:
    """Return what a fresh Python prints."""
    done = subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def committed(pattern: str, *paths: str) -> list[str]:
    """Return the lines that git knows and that match an extended regular expression."""
    done = subprocess.run(
        ["git", "grep", "-nIE", pattern, "--", *paths], capture_output=True, text=True, cwd=ROOT, check=False, timeout=60
    )
    if done.returncode not in (0, 1):
        pytest.skip(f"no git here: {done.stderr.strip()}")
    return done.stdout.splitlines()


# -- what is committed --------------------------------------------------------------------------------------------------


def locked() -> dict[str, str]:
    """Return name → pinned version of every Python package of the lock file."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", text, re.MULTILINE))


def test_lock_files_name_no_host():
    for name in ("requirements.lock", "yarn.lock"):
        assert "://" not in (ROOT / name).read_text(encoding="utf-8"), name


def test_no_package_for_a_gpu_is_pulled_in():
    assert len(locked()) > 100
    assert [n for n in locked() if n.startswith(("nvidia", "cuda")) or n == "triton"] == []


def test_lock_file_is_of_this_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["lab"]]
    wanted += project["dependency-groups"]["test"]
    found = locked()
    for text in wanted:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        assert name in found, f"{name} is not locked: run `make lock`"
        several = requirement.marker is not None or name in {"numpy", "pandas", "scipy"}
        assert several or requirement.specifier.contains(found[name], prereleases=True), f"{name}: run `make lock`"


def test_no_machine_path_is_committed():
    # Written so that this file does not find itself.
    assert committed(r"(/wor[k]/(main|shared)|/tmp/la[b]|/roo[t]/|/opt/whee[l]s)", ":!yarn.lock") == []


def test_no_token_or_key_is_committed():
    assert committed(r"mdp_[a-z0-9_-]+\.[A-Za-z0-9_-]{40,}") == []
    assert committed(r"BEGIN ([A-Z]+ )?PRIVATE KE[Y]") == []


def test_notebooks_are_committed_without_outputs():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            assert not cell.get("outputs"), f"{path.name}: {cell['id']} has outputs"
            assert cell.get("execution_count") is None, f"{path.name}: {cell['id']} was executed"


def test_licence_is_the_whole_apache_licence():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text


# -- what an import costs -----------------------------------------------------------------------------------------------


def test_import_is_light():
    heavy = "{'mlflow','pandas','numpy','pydantic','httpx','fastapi','IPython','tornado','asyncio','rich','click'}"
    found = python(f"import sys, mdeploy_lab; print(*sorted({heavy} & set(sys.modules)))")
    assert found.split() == []


def test_import_is_quick():
    times = []
    for _ in range(5):
        report = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", "import mdeploy_lab"],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stderr
        line = next(x for x in report.splitlines() if x.split("|")[-1].strip() == "mdeploy_lab")
        times.append(int(line.split("|")[1]) / 1000)
    assert min(times) <= IMPORT_LIMIT_MS, times


ENGINE_SIDE = ("api", "config", "daemon", "engines", "errors", "gateway", "models", "paths", "service", "store")


@pytest.mark.parametrize("part", ENGINE_SIDE)
def test_engine_side_loads_without_numbers(part: str):
    """Each part is imported whole in a fresh process, and neither mlflow nor pandas nor numpy comes along."""
    code = f"""
import importlib, pkgutil, sys
root = importlib.import_module("mdeploy_lab.{part}")
for found in pkgutil.walk_packages(getattr(root, "__path__", []), root.__name__ + "."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
print(*sorted({{"mlflow", "pandas", "numpy", "scipy", "sklearn"}} & set(sys.modules)))
"""
    assert python(code).split() == []


def test_every_exported_name_is_there():
    code = "import mdeploy_lab as m; [getattr(m, n) for n in m.__all__]; print(m.__all__ == sorted(m.__all__))"
    assert python(code).strip() == "True"


# -- how files are cut --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_is_about_one_thing(path: Path):
    assert path.stem not in {"utils", "util", "helpers", "common", "misc"}
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= FILE_LIMIT
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module says what its one job is"
    long = [
        f"{node.name}: {(node.end_lineno or 0) - node.body[0].lineno + 1} lines"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - _body_start(node) + 1 > FUNCTION_LIMIT
    ]
    assert long == []


def _body_start(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the first line after the signature and the docstring."""
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return body[0].lineno


# -- make ---------------------------------------------------------------------------------------------------------------


def test_make_help_names_every_target_that_users_type():
    shown = subprocess.run(["make", "help"], capture_output=True, text=True, cwd=ROOT, check=True, timeout=30).stdout
    for target in ("setup", "lab", "test", "test-all", "bench", "cluster", "cluster-down", "help"):
        assert re.search(rf"\b{target}\b", shown), target


def test_make_without_a_target_is_help():
    plain, asked = (
        subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True, timeout=30).stdout
        for command in (["make"], ["make", "help"])
    )
    assert plain == asked


def test_cluster_says_when_it_comes():
    said = subprocess.run(["make", "cluster"], capture_output=True, text=True, cwd=ROOT, check=True, timeout=30).stdout
    assert len(said.splitlines()) == 1
    assert "Kubernetes" in said


def test_continuous_integration_calls_make_test():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text(encoding="utf-8")


@pytest.mark.skipif(not Path(sys.prefix).is_relative_to(ROOT), reason="only in the environment that make setup made")
def test_setup_has_nothing_to_do_after_itself():
    planned = subprocess.run(["make", "-n", "setup"], capture_output=True, text=True, cwd=ROOT, check=True, timeout=30).stdout
    assert "uv pip install" not in planned


@pytest.mark.skipif(not Path(sys.prefix).is_relative_to(ROOT), reason="only in the environment that make setup made")
def test_setup_installs_what_loads_the_magics():
    installed = Path(sys.prefix) / "etc" / "ipython" / "ipython_kernel_config.py"
    assert installed.read_text(encoding="utf-8") == (ROOT / "ipython-config" / installed.name).read_text(encoding="utf-8")
