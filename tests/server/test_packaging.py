"""One wheel, installed without Node, brings panel, server extension and magics, and nothing stays when it goes."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.server.jupyter import ROOT
from tests.server.wheel import build_wheel

OURS = "mdeploy"

pytestmark = pytest.mark.skipif(
    not (ROOT / "mdeploy_lab/labextension/package.json").exists(), reason="needs the built extension: make setup"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel alone; its dependencies are those of this one."""
    root = tmp_path_factory.mktemp("environment")
    venv.create(root, symlinks=True)
    packages = next(root.glob("lib/python*/site-packages"))
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    run(root, "pip", "install", "--no-deps", "--no-index", "--ignore-installed", str(wheel))
    return root


def run(root: Path, module: str, *arguments: str, code: int = 0) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTHON", "MDEPLOY"))}
    done = subprocess.run(
        [str(root / "bin/python"), "-m", module, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env={**kept, "HOME": str(root / "user"), "JUPYTER_CONFIG_DIR": str(root / "c"), "IPYTHONDIR": str(root / "i"),
             "JUPYTER_DATA_DIR": str(root / "d"), "MDEPLOY_HOME": str(root / "home"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )  # fmt: skip
    text = done.stdout + done.stderr
    assert done.returncode == code, text
    return text


def test_the_wheel_holds_what_jupyter_looks_for(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    data = [name.split(".data/data/")[1] for name in names if ".data/data/" in name]
    assert "share/jupyter/labextensions/mdeploy-lab/package.json" in data
    assert "share/jupyter/labextensions/mdeploy-lab/install.json" in data
    assert "etc/jupyter/jupyter_server_config.d/mdeploy_lab.json" in data
    assert "etc/ipython/ipython_kernel_config.py" in data
    assert not any(name.startswith(("mdeploy_lab/labextension/", "labextension/", "tests/", "node_modules/")) for name in names)


def test_panel_and_server_extension_are_enabled(installed: Path) -> None:
    panel = next(line for line in run(installed, "jupyterlab.labextensions", "list").splitlines() if OURS in line)
    assert "enabled" in panel
    assert "OK" in panel
    lines = run(installed, "jupyter_server.extension.serverextension", "list").splitlines()
    start = next(number for number, line in enumerate(lines) if "mdeploy_lab.server" in line)
    assert "enabled" in lines[start]
    assert "OK" in lines[start + 1] + lines[start + 2]
    assert not any("X " in line or "error" in line.lower() for line in lines[start : start + 3])


def test_a_kernel_has_the_magics(installed: Path) -> None:
    code = "get_ipython().find_line_magic('deploy') is not None"
    script = f"""
import json, sys
from jupyter_client.manager import KernelManager
from jupyter_client.kernelspec import KernelSpec
manager = KernelManager()
manager._kernel_spec = KernelSpec(argv=[{str(installed / "bin/python")!r}, "-m", "ipykernel_launcher", "-f", "{{connection_file}}"])
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)
answer = client.execute_interactive("pass", user_expressions={{"x": {code!r}}}, timeout=60, store_history=False)
print("MAGIC", answer["content"]["user_expressions"]["x"]["data"]["text/plain"])
client.stop_channels()
manager.shutdown_kernel(now=True)
"""
    (installed / "ask.py").write_text(script)
    assert "MAGIC True" in run(installed, "ask")


def test_nothing_stays_when_it_goes(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path, symlinks=True)
    packages = next(tmp_path.glob("lib/python*/site-packages"))
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    before = files(tmp_path)
    run(tmp_path, "pip", "install", "--no-deps", "--no-index", "--ignore-installed", str(wheel))
    assert files(tmp_path) != before
    run(tmp_path, "pip", "uninstall", "-y", "mdeploy-lab")
    assert files(tmp_path) == before


def files(root: Path) -> set[str]:
    return {
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and not {"__pycache__", "user"} & set(path.parts)
    }


def test_the_extension_declares_this_version(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        name = next(each for each in archive.namelist() if each.endswith("labextensions/mdeploy-lab/package.json"))
        manifest = json.loads(archive.read(name))
    assert manifest["version"] in wheel.name
    assert manifest["jupyterlab"]["extension"]
