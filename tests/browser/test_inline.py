"""The interface in cells: views as values, and widgets, over REST and through the kernel alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from mdeploy_lab.client import mime
from mdeploy_lab.client.sync import Client
from mdeploy_lab.paths import Home
from tests.browser.notebooks import IDLE, open_notebook, run_all
from tests.server.jupyter import Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

START = 'import mdeploy_lab as md\nd = md.get("inline")'
VIEWS = ("d.logs(follow=True)", "d.history()", "d.query()", "d.form()", "%deploy", "md.form('models:/none/1')")
WIDGETS = (
    START,
    "w = d.widget('query')\nw",
    "import ipywidgets\nstate = ipywidgets.Label()\nw.observe(lambda c: setattr(state, 'value', f'saw {c[\"new\"]}'), 'state')\nipywidgets.VBox([d.widget(), state])",
    "w.query = {'inputs': [1.0, 2.0]}\nprint('answered', w.response['body'])",
    "import time\nwhile md.get('inline').state != 'stopped':\n    time.sleep(0.1)\nprint('seen stopped')",
)


@pytest.fixture(scope="module")
def inline(client: Client, model: str) -> str:
    return str(client.deploy(model, name="inline", timeout=120).id)


def out(page: Page, cell: int) -> Locator:
    return page.locator(".jp-Notebook .jp-Cell").nth(cell).locator(".jp-OutputArea")


def test_views_are_live_in_their_cells(page: Page, lab: Jupyter, inline: str, client: Client) -> None:
    open_notebook(page, lab, "views.ipynb", ["%reload_ext mdeploy_lab\n" + START, *VIEWS])
    run_all(page)
    for cell, tab in ((1, "Logs"), (2, "History"), (3, "Query")):
        shown = out(page, cell).locator(".mdl-CellView")
        shown.get_by_role("tab", name=tab, selected=True).wait_for(timeout=60_000)
        assert shown.get_by_role("heading", name="inline").first.is_visible()
    out(page, 4).locator(".mdl-App").wait_for()
    out(page, 5).locator('.mdl-App .mdl-Card[data-id="inline"]').wait_for()
    out(page, 6).locator(".mdl-App").wait_for()
    client.get(inline).update(replicas=2, timeout=60)
    out(page, 5).locator('.mdl-Card[data-id="inline"]').get_by_text("2 of 2 ready").wait_for()
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    saved = nbformat.read(lab.folder / "work" / "views.ipynb", 4)
    for cell in saved.cells[1:]:
        data = cell.outputs[0]["data"]
        assert {mime.MIME_TYPE, "text/html", "text/plain"} <= set(data)
        assert "<script" not in data["text/html"]
    client.get(inline).update(replicas=1, timeout=60)


def test_five_cards_add_little_to_the_notebooks_file(page: Page, lab: Jupyter, inline: str) -> None:
    open_notebook(page, lab, "five.ipynb", ["%reload_ext mdeploy_lab\n" + START, *["d"] * 5])
    before = (lab.folder / "work" / "five.ipynb").stat().st_size
    run_all(page)
    out(page, 5).locator(".mdl-Card").wait_for(timeout=60_000)
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("!window.jupyterapp.shell.currentWidget.context.model.dirty")
    assert (lab.folder / "work" / "five.ipynb").stat().st_size - before < 30_000


def composed(page: Page, client: Client) -> Locator:
    """What widgets do, wherever their requests go; returns the card, the deployment runs again."""
    run_all(page)
    widget = out(page, 1).locator(".mdl-CellView")
    widget.get_by_role("tab", name="Query", selected=True).wait_for(timeout=60_000)
    card = out(page, 2).locator('.mdl-Card[data-id="inline"]')
    card.get_by_text("Deployed", exact=True).wait_for()
    out(page, 3).get_by_text("answered {'predictions': [2.0, 4.0]}").wait_for()
    page.locator(".jp-Notebook .jp-Cell").nth(4).locator(".jp-InputPrompt", has_text="[*]:").wait_for()
    card.scroll_into_view_if_needed()  # what is not seen is not followed
    client.get("inline").stop()
    card.get_by_text("Stopped", exact=True).wait_for()
    out(page, 4).get_by_text("seen stopped").wait_for()
    out(page, 2).get_by_text("saw stopped").wait_for()
    client.get("inline").start(timeout=60)
    card.get_by_text("Deployed", exact=True).wait_for()
    return card


def restart_kernel(page: Page) -> None:
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.wait_for_function(IDLE, timeout=60_000)


def test_widgets_compose_and_are_live_while_the_kernel_is_busy(page: Page, lab: Jupyter, inline: str, client: Client) -> None:
    open_notebook(page, lab, "widgets.ipynb", WIDGETS)
    card = composed(page, client)
    restart_kernel(page)
    card.scroll_into_view_if_needed()
    client.get(inline).stop()
    card.get_by_text("Stopped", exact=True).wait_for()
    client.get(inline).start(timeout=60)


@pytest.fixture(scope="module")
def bare(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """A JupyterLab that has neither our server extension nor our JupyterLab extension; anywidget it has."""
    folder = tmp_path_factory.mktemp("bare")
    server = Jupyter(folder, home.root, command="lab", arguments=("--LabApp.expose_app_in_browser=True",), bare=True).start()
    yield server
    server.stop()


def test_widgets_work_through_the_kernel_alone(browser: Browser, bare: Jupyter, inline: str, client: Client) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/mdeploy/api" in request.url else None)
    try:
        open_notebook(page, bare, "kernel.ipynb", WIDGETS)
        card = composed(page, client)
        assert {Path(url).name for url in asked} <= {"info"}
        restart_kernel(page)
        card.and_(page.locator(".mdl-mod-old")).wait_for()
        page.get_by_text("The kernel that answered is gone").wait_for()
    finally:
        context.close()


def test_a_loader_is_small() -> None:
    from mdeploy_lab.notebook.widgets import LOADER

    assert LOADER.stat().st_size < 4_000
    assert json.dumps(LOADER.read_text(encoding="utf-8"))
