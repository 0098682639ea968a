"""Notebook 7: the panel is a tab of its file page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mdeploy_lab.client.sync import Client
from tests.server.jupyter import Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_the_panel_is_a_tab_of_the_file_page(browser: Browser, lab: Jupyter, client: Client, model: str) -> None:
    client.deploy(model, name="seven", id="seven", timeout=120)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(f"{lab.url}tree?token={lab.token}")
    page.locator(".jp-TreePanel .lm-TabBar-tab", has_text="Deployments").click()
    page.locator('.mdl-Card[data-id="seven"]').get_by_text("Deployed", exact=True).wait_for()
    context.close()
