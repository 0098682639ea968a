from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from mdeploy_lab.paths import Home, find_home
from tests.server.jupyter import Jupyter, free_port
from tests.server.stub import StubEngine, StubGateway


@pytest.fixture(scope="session")
def blocked_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where no engine can start: tests put their own on its socket."""
    folder = tmp_path_factory.mktemp("blocked")
    (folder / "file").write_text("in the way")
    return folder / "file" / "home"


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory, blocked_home: Path) -> Iterator[Jupyter]:
    server = Jupyter(tmp_path_factory.mktemp("jupyter"), blocked_home).start()
    yield server
    server.stop()


@pytest.fixture
def home(blocked_home: Path) -> Home:
    return find_home(blocked_home)


@pytest.fixture(scope="session")
def gateway_port() -> int:
    """One for all tests: the server remembers for a moment where the gateway is."""
    return free_port()


@pytest.fixture
async def gateway(gateway_port: int) -> AsyncIterator[StubGateway]:
    stub = StubGateway(gateway_port)
    stub.start()
    yield stub
    await stub.stop()


@pytest.fixture
async def engine(home: Home, gateway: StubGateway) -> AsyncIterator[StubEngine]:
    stub = StubEngine()
    stub.gateway_url = f"http://127.0.0.1:{gateway.port}"
    stub.start(home.socket)
    yield stub
    await stub.stop()
    home.socket.unlink(missing_ok=True)
