"""JupyterLab in our environment, kernels in another one, and a home that both use."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from mdeploy_lab.client.sync import Client
from mdeploy_lab.paths import Home, find_home
from tests.e2e.census import census, kill, until
from tests.environments.kernel import Kernel
from tests.environments.other import Environment, IndexAway, build
from tests.server.jupyter import ROOT, Jupyter
from tests.server.wheel import build_wheel

SPEC = "other"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    built = (ROOT / "mdeploy_lab/labextension/package.json").exists()
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(300))
            item.add_marker(pytest.mark.xdist_group("environments"))  # one environment, not one per worker
            if not built:
                item.add_marker(pytest.mark.skip(reason="needs the built extension: make setup"))


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """The kernel's environment."""
    folder = tmp_path_factory.mktemp("environments")
    (folder / "source").mkdir()
    wheel = build_wheel(folder / "source", folder / "dist")
    try:
        yield build(folder / "other", wheel)
    except IndexAway as reason:
        pytest.skip(f"two environments: untested, the package index cannot be reached: {reason}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def home() -> Iterator[Home]:
    """An empty home; at its end, nothing that belongs to it is left."""
    root = Path(tempfile.mkdtemp(prefix="mde"))
    found = find_home(root / "home")
    yield found
    try:
        if found.socket.exists():
            with httpx.Client(transport=httpx.HTTPTransport(uds=str(found.socket)), base_url="http://engine") as http:
                http.post("/engine/stop")
            until("the engine and everything of it to end", lambda: not census(found), 30)
    finally:
        left = census(found)
        kill(found, *{p.kind for p in left})
        shutil.rmtree(found.run, ignore_errors=True)
        shutil.rmtree(root, ignore_errors=True)
        assert not left, f"left behind: {left}"


@pytest.fixture(scope="session")
def lab(other: Environment, home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """JupyterLab of our environment, which knows the other one as a kernel, as ``ipykernel install`` registers it."""
    folder = tmp_path_factory.mktemp("lab")
    kernels = folder / "data/kernels" / SPEC
    kernels.mkdir(parents=True)
    argv = [str(other.python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernels / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "Other", "language": "python"}))
    # Without the repository on the path: each of the two has the mdeploy_lab that is installed in it.
    started = Jupyter(folder, home.root, command="lab", environment={"PYTHONPATH": "", "MLFLOW_TRACKING_URI": ""}).start()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def open_kernel(lab: Jupyter) -> Iterator[Callable[[], Kernel]]:
    """Start kernels in the other environment; they end with the session."""
    opened: list[Kernel] = []

    def start() -> Kernel:
        opened.append(Kernel(lab, SPEC))
        return opened[-1]

    yield start
    for kernel in opened:
        kernel.close()


@pytest.fixture(scope="session")
def kernel(open_kernel: Callable[[], Kernel]) -> Kernel:
    return open_kernel()


@pytest.fixture(scope="session")
def client(home: Home) -> Iterator[Client]:
    """Our own environment's client."""
    with Client(home=home.root) as made:
        yield made
