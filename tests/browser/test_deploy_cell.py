"""``%deploy`` typed into a cell of a real JupyterLab: the card that stands there follows the deployment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nbformat
import pytest

from mdeploy_lab.client import mime
from mdeploy_lab.client.sync import Client
from tests.browser.conftest import ready, screenshots
from tests.browser.test_panel import use_theme
from tests.server.jupyter import Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Page

SOURCES = (
    (
        "%reload_ext mdeploy_lab\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]\n"
        "clf = LogisticRegression().fit(X, y)"
    ),
    "%deploy clf --name celled --input-example X",
    "print('after')",
)


@pytest.fixture
def ran(page: Page, lab: Jupyter) -> Page:
    """The notebook with every cell run."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in SOURCES])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, lab.folder / "work" / "deploy.ipynb")
    ready(page, lab, "lab/tree/deploy.ipynb")
    page.locator(".jp-Notebook").wait_for()
    page.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'")
    page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    return page


def test_the_card_of_deploy_is_live_and_kept(ran: Page, lab: Jupyter, client: Client) -> None:
    card = ran.locator('.jp-OutputArea .mdl-Card[data-id="celled"]')
    card.get_by_text("Deployed", exact=True).wait_for(timeout=90_000)
    card.get_by_text("1 of 1 ready").wait_for()
    ran.get_by_text("after", exact=True).wait_for()
    assert ran.locator(".jp-OutputArea .mdl-Card").count() == 1
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        use_theme(ran, theme)
        ran.wait_for_selector("#jupyterlab-splash", state="detached")
        assert card.evaluate("card => card.scrollWidth <= card.clientWidth")
        folder = screenshots()
        if folder is not None:
            ran.screenshot(path=str(folder / f"deploy-cell-{theme.split()[1].lower()}.png"))
    ran.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    client.get("celled").stop()
    card.get_by_text("Stopped", exact=True).wait_for()
    saved = nbformat.read(lab.folder / "work" / "deploy.ipynb", 4)
    shown = [output for output in saved.cells[1].outputs if mime.MIME_TYPE in output.get("data", {})]
    assert len(shown) == 1
    assert {"text/html", "text/plain"} <= set(shown[0]["data"])
