"""JupyterLab on a server where one may only look, and on one that lacks our half, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from mdeploy_lab.client.sync import Client
from mdeploy_lab.paths import Home
from tests.browser.conftest import open_panel, ready
from tests.server.jupyter import ROOT, Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LOOK_ONLY = "You may look at deployments here but not change them"
READER = """
from jupyter_server.auth import Authorizer

class Reader(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return resource != "mdeploy" or action == "read"
"""


@contextmanager
def lab_of(browser: Browser, server: Jupyter) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(30_000)
    try:
        server.start()
        page = context.new_page()
        ready(page, server)
        open_panel(page)
        yield page
    finally:
        context.close()
        server.stop()


@pytest.fixture(scope="module")
def reading(
    browser: Browser, home: Home, client: Client, model: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    client.deploy(model, name="churn", timeout=120)
    folder = tmp_path_factory.mktemp("reader")
    (folder / "reader_authorizer.py").write_text(READER)
    arguments = ("--LabApp.expose_app_in_browser=True", "--ServerApp.authorizer_class=reader_authorizer.Reader")
    environment = {"PYTHONPATH": f"{folder}:{ROOT}"}
    with lab_of(browser, Jupyter(folder, home.root, command="lab", arguments=arguments, environment=environment)) as page:
        yield page


def test_who_may_only_look_sees_everything_and_is_told_why_nothing_can_be_changed(reading: Page, client: Client) -> None:
    panel = reading.locator("#mdeploy-deployments")
    card = panel.locator('.mdl-Card[data-id="churn"]')
    card.get_by_text("Deployed", exact=True).wait_for()
    for name in ("Stop churn", "Create Deployment"):
        button = panel.get_by_role("button", name=name, exact=True)
        expect(button).to_have_attribute("aria-disabled", "true")
        expect(button).to_have_attribute("title", LOOK_ONLY)
    card.get_by_role("button", name="Stop churn", exact=True).click(force=True)
    client.get("churn").update(description="seen by who may only look")
    reading.evaluate("window.jupyterapp.commands.execute('mdeploy:show', {id: 'churn', tab: 'overview', wide: false})")
    panel.get_by_text("seen by who may only look").first.wait_for()
    assert client.get("churn").state == "deployed"


def test_a_server_without_our_half_says_what_to_install(
    browser: Browser, home: Home, tmp_path_factory: pytest.TempPathFactory
) -> None:
    half = Jupyter(
        tmp_path_factory.mktemp("half"),
        home.root,
        command="lab",
        arguments=("--LabApp.expose_app_in_browser=True",),
        half=True,
    )
    with lab_of(browser, half) as page:
        panel = page.locator("#mdeploy-deployments")
        panel.get_by_text("This Jupyter server has no mdeploy extension").wait_for()
        panel.get_by_text("pip install").first.wait_for()
