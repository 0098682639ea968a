"""A real JupyterLab with our extension, a real engine with a real model, and Debian's Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mdeploy_lab.client.sync import Client
from mdeploy_lab.paths import Home
from tests.server.jupyter import ROOT, Jupyter, engine_home

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Error, Page

CHROMIUM = shutil.which("chromium") or ""
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
SECONDS = 60_000
KEEP_SOCKETS = """
const send = window.fetch;
window.fetch = async (request, ...rest) => {
  if (window.mdeployHold && request.method === 'PATCH') {
    await new Promise(go => { window.mdeployGo = go; });
  }
  return send(request, ...rest);
};
window.mdeploySockets = [];
window.WebSocket = class extends WebSocket {
  constructor(url, ...rest) {
    super(window.mdeployCut ? String(url).replace('/mdeploy/', '/nothing/') : url, ...rest);
    if (String(url).includes('/mdeploy/')) window.mdeploySockets.push(this);
  }
};
"""
Open = Callable[..., "Page"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(300))
            if not CHROMIUM or not (ROOT / "mdeploy_lab/labextension/package.json").exists():
                item.add_marker(pytest.mark.skip(reason="needs Chromium and the built extension: make setup"))


@pytest.fixture(scope="session")
def home() -> Iterator[Home]:
    with engine_home() as made:
        yield made


@pytest.fixture(scope="session")
def lab(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    server = Jupyter(
        tmp_path_factory.mktemp("lab"), home.root, command="lab", arguments=("--LabApp.expose_app_in_browser=True",)
    ).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A saved MLflow model, which starts quicker than logging and registering one."""
    import mlflow.pyfunc

    class Twice(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is untyped here
        def predict(self, model_input: list[float]) -> list[float]:
            return [2 * value for value in model_input]

    path = tmp_path_factory.mktemp("model") / "twice"
    mlflow.pyfunc.save_model(path, python_model=Twice(), pip_requirements=[])
    return str(path)


@pytest.fixture(scope="session")
def client(home: Home) -> Iterator[Client]:
    with Client(home=home.root) as made:
        yield made


@pytest.fixture(scope="module", autouse=True)
def leaves_nothing(client: Client) -> Iterator[None]:
    """Each file begins with no deployment: the home is shared, and a panel shows only as many as it has room for."""
    yield
    for each in client.deployments():
        each.delete()


@pytest.fixture(scope="module")  # while Playwright runs, no other event loop can: it must not outlive its tests
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def opened(browser: Browser, lab: Jupyter) -> Iterator[Page]:
    """JupyterLab, loaded once for a file's tests: a load costs more than most of them."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.add_init_script(KEEP_SOCKETS)
    ready(page, lab)
    yield page
    context.close()


@pytest.fixture
def page(opened: Page) -> Iterator[Page]:
    """JupyterLab, ready; a test fails when our extension throws."""
    problems: list[str] = []

    def thrown(error: Error) -> None:
        if "mdeploy-lab" in (error.stack or ""):
            problems.append(f"{error.message}\n{error.stack}")

    opened.on("pageerror", thrown)
    yield opened
    opened.remove_listener("pageerror", thrown)
    assert problems == []


def ready(page: Page, lab: Jupyter, path: str = "lab") -> None:
    page.goto(f"{lab.url}{path}?token={lab.token}&reset", timeout=SECONDS)
    page.wait_for_selector("#jp-main-dock-panel, #main-panel", timeout=SECONDS)
    page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=SECONDS)


def open_panel(page: Page) -> None:
    panel = page.locator("#mdeploy-deployments")
    if not panel.is_visible():
        page.locator('[data-id="mdeploy-deployments"]').click()
    panel.wait_for(state="visible")


def screenshots() -> Path | None:
    """Return where to put pictures: ``MDEPLOY_SCREENSHOTS``, or nowhere."""
    folder = os.environ.get("MDEPLOY_SCREENSHOTS")
    return Path(folder) if folder else None
