"""Deployments in the outputs of cells: live when the notebook is opened, without a kernel that knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from mdeploy_lab.client import mime
from mdeploy_lab.client.sync import Client
from tests.browser.conftest import ready
from tests.browser.test_panel import use_theme
from tests.server.jupyter import Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture(scope="module")
def kept(client: Client, model: str) -> dict[str, Any]:
    d = client.deploy(model, name="kept", id="kept-one", env={"SECRET": "do-not-keep"}, timeout=120)
    return mime.bundle(d.snapshot(), html="<table></table>", text="<deployment kept>")


def notebook(lab: Jupyter, name: str, *bundles: dict[str, Any]) -> str:
    cells = [
        nbformat.v4.new_code_cell("d", execution_count=1, outputs=[nbformat.v4.new_output("display_data", data=bundle)])
        for bundle in bundles
    ]
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata["kernelspec"] = {"name": "no-such-kernel", "display_name": "none", "language": "python"}
    nbformat.write(book, lab.folder / "work" / name)
    return f"lab/tree/{name}"


def opened(page: Page, lab: Jupyter, path: str) -> None:
    ready(page, lab, path)
    page.locator(".jp-Notebook").wait_for()
    page.locator(".jp-Dialog").get_by_role("button", name="No Kernel").click()
    page.locator(".jp-Dialog").wait_for(state="detached")


def test_a_card_is_live_in_a_notebook_opened_later(page: Page, lab: Jupyter, client: Client, kept: dict[str, Any]) -> None:
    opened(page, lab, notebook(lab, "kept.ipynb", kept))
    card = page.locator(".jp-OutputArea .mdl-Card")
    card.locator("xpath=self::*[not(contains(@class, 'mdl-mod-old'))]").wait_for()
    assert "1 of 1 ready" in card.inner_text()
    client.get("kept-one").update(replicas=2)
    card.get_by_text("2 of 2 ready").wait_for(timeout=60_000)


def test_many_cards_share_one_connection_and_one_load(page: Page, lab: Jupyter, kept: dict[str, Any]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/mdeploy/api/" in request.url else None)
    opened(page, lab, notebook(lab, "many.ipynb", *[kept] * 5))
    page.locator(".jp-OutputArea .mdl-Card:not(.mdl-mod-old)").first.wait_for()
    assert page.evaluate("window.mdeploySockets.length") == 1
    assert len([url for url in asked if "/deployments" in url]) == 1


def test_a_deployment_that_is_gone_is_shown_as_it_was(page: Page, lab: Jupyter, kept: dict[str, Any]) -> None:
    gone = {**kept, mime.MIME_TYPE: {**kept[mime.MIME_TYPE], "uid": "another", "state": "deployed"}}
    opened(page, lab, notebook(lab, "gone.ipynb", gone))
    page.get_by_text("This deployment does not exist any more; this is how it was.").wait_for()
    assert page.locator(".jp-OutputArea .mdl-Card.mdl-mod-old").is_visible()


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_a_card_fits_in_a_cell(page: Page, lab: Jupyter, kept: dict[str, Any], theme: str) -> None:
    from tests.browser.conftest import screenshots

    several = {mime.MIME_TYPE: {"base": mime.API, "deployments": [kept[mime.MIME_TYPE]] * 3}, "text/plain": "three"}
    opened(page, lab, notebook(lab, "fits.ipynb", kept, several))
    page.locator(".jp-OutputArea .mdl-Card:not(.mdl-mod-old)").first.wait_for()
    use_theme(page, theme)
    cards = page.locator(".jp-OutputArea .mdl-Card").all()
    assert len(cards) == 4
    for box in cards:
        assert box.evaluate("card => card.scrollWidth <= card.clientWidth")
    folder = screenshots()
    if folder is not None:
        page.screenshot(path=str(folder / f"cell-{theme.split()[1].lower()}.png"))


def test_a_notebook_keeps_no_secret_and_stays_small(kept: dict[str, Any]) -> None:
    text = str(kept)
    assert "do-not-keep" not in text
    assert len(text) < 6000


def test_an_output_of_a_later_version_shows_its_text(page: Page, lab: Jupyter) -> None:
    later = {mime.MIME_TYPE: {"shape": "unknown"}, "text/plain": "<deployment of a later version>"}
    opened(page, lab, notebook(lab, "later.ipynb", later))
    page.locator(".jp-OutputArea").get_by_text("<deployment of a later version>").wait_for()
