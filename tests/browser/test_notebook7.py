"""Notebook 7: the panel is a tab of its file page, and stands beside a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat

from mdeploy_lab.client.sync import Client
from tests.browser.conftest import screenshots
from tests.e2e.census import until
from tests.server.jupyter import Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page


def test_the_panel_is_a_tab_of_the_file_page(browser: Browser, lab: Jupyter, client: Client, model: str) -> None:
    client.deploy(model, name="seven", id="seven", timeout=120)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(f"{lab.url}tree?token={lab.token}")
    page.locator(".jp-TreePanel .lm-TabBar-tab", has_text="Deployments").click()
    page.locator('.mdl-Card[data-id="seven"]').get_by_text("Deployed", exact=True).wait_for()
    context.close()


def opens_by_palette(page: Page, panel: Locator) -> bool:
    """Ask the palette, which a page that still loads closes again, for the panel."""
    if not panel.is_visible():
        field = page.locator(".lm-CommandPalette-input")
        if not field.is_visible():
            page.keyboard.press("Control+Shift+C")
        page.wait_for_timeout(500)
        if field.is_visible():
            field.fill("Deployments")
            page.keyboard.press("Enter")
            page.wait_for_timeout(1000)
    return panel.is_visible()


def test_beside_a_notebook_the_panel_is_on_the_right_and_inserts_lines(browser: Browser, lab: Jupyter, client: Client) -> None:
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("first = 1")])  # type: ignore[no-untyped-call]
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, lab.folder / "work" / "seven.ipynb")  # type: ignore[no-untyped-call]
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(f"{lab.url}notebooks/seven.ipynb?token={lab.token}")
    page.locator(".jp-Notebook .jp-CodeCell").wait_for()
    panel = page.locator("#jp-right-stack #mdeploy-deployments")
    until("the palette to open the panel", lambda: opens_by_palette(page, panel), 60)
    panel.locator('.mdl-Card[data-id="seven"]').wait_for()
    assert panel.get_by_role("button", name="Open in the main area").count() == 0
    panel.locator('[aria-label^="Show the %deploy line"]').first.click()
    page.get_by_role("button", name="Insert into the notebook").click()
    page.wait_for_function("document.querySelectorAll('.jp-Notebook .jp-CodeCell').length === 2")
    folder = screenshots()
    if folder is not None:
        page.screenshot(path=str(folder / "places-notebook7.png"))
    context.close()
