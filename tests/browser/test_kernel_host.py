"""The notebook and its kernel beside the panel: lines inserted, models found, what stands in the way said."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import nbformat
import pytest

from mdeploy_lab.client.sync import Client
from tests.browser.conftest import ready, screenshots
from tests.server.jupyter import Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MODEL = """
class Answers:
    def predict(self, rows):
        return [0 for _ in rows]
clf, count = Answers(), 3
"""


def write(lab: Jupyter, name: str, *sources: str) -> str:
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])  # type: ignore[no-untyped-call]
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, lab.folder / "work" / name)  # type: ignore[no-untyped-call]
    return f"lab/tree/{name}"


def idle(page: Page) -> None:
    page.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'")


@pytest.fixture(scope="module")
def book(opened: Page, lab: Jupyter) -> Page:
    """A notebook whose kernel holds a model."""
    ready(opened, lab, write(lab, "beside.ipynb", MODEL, "clf.predict([1])\ncount"))
    opened.locator(".jp-Notebook").wait_for()
    idle(opened)
    opened.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    opened.locator(".jp-OutputArea-output", has_text="3").wait_for()
    idle(opened)
    return opened


def right_click(page: Page, word: str) -> Locator:
    """Open the context menu on a word of the second cell, once nothing moves any more."""
    place = page.wait_for_function(
        """word => {
            const cell = document.querySelectorAll('.jp-CodeCell .cm-content')[1];
            const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
            while (texts.nextNode()) {
                const at = texts.currentNode.data.indexOf(word);
                if (at < 0) continue;
                const range = document.createRange();
                range.setStart(texts.currentNode, at);
                range.setEnd(texts.currentNode, at + word.length);
                const box = range.getBoundingClientRect();
                const place = [box.x + box.width / 2, box.y + box.height / 2];
                const still = String(window.lastPlace) === String(place);
                window.lastPlace = place;
                return still && place;
            }
        }""",
        arg=word,
        polling=100,
    ).json_value()
    page.mouse.click(*place, button="right")
    return page.locator('.lm-Menu-item[data-command="mdeploy:deploy-variable"]')


def test_a_variable_that_holds_a_model_is_deployed_from_its_menu(page: Page, book: Page) -> None:
    item = right_click(page, "clf")
    item.locator("xpath=self::*[not(contains(@class, 'lm-mod-disabled'))]").wait_for()
    picture(page, "menu-variable")
    item.click()
    page.locator("#mdeploy-deployments").get_by_text("clf").first.wait_for()
    picture(page, "menu-create")
    assert page.evaluate("window.jupyterapp.shell.leftCollapsed") is False


def test_a_variable_that_holds_none_says_so(page: Page, book: Page) -> None:
    item = right_click(page, "count")
    item.get_by_text("Deploy this model (count holds no model)").wait_for()
    assert "lm-mod-disabled" in (item.get_attribute("class") or "")
    page.keyboard.press("Escape")


def test_a_busy_kernel_says_so(page: Page, book: Page) -> None:
    page.evaluate(
        """() => void window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute(
            {code: "import time; time.sleep(3)"})"""
    )
    page.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'")
    right_click(page, "clf").get_by_text("The kernel is busy").wait_for()
    page.keyboard.press("Escape")
    idle(page)


def test_a_models_folder_is_deployed_from_the_file_browser(page: Page, book: Page, lab: Jupyter, model: str) -> None:
    shutil.copytree(model, lab.folder / "work" / "twice")
    (lab.folder / "work" / "empty").mkdir()
    page.evaluate("window.jupyterapp.commands.execute('filebrowser:activate')")
    page.evaluate("window.jupyterapp.commands.execute('filebrowser:refresh')")
    item = page.locator('.lm-Menu-item[data-command="mdeploy:deploy-folder"]')
    page.locator(".jp-DirListing-item", has_text="empty").click(button="right")
    item.get_by_text("it has no file MLmodel").wait_for()
    page.keyboard.press("Escape")
    page.locator(".jp-DirListing-item", has_text="twice").click(button="right")
    item.locator("xpath=self::*[not(contains(@class, 'lm-mod-disabled'))]").wait_for()
    picture(page, "menu-folder")
    item.click()
    panel = page.locator("#mdeploy-deployments")
    panel.wait_for(state="visible")
    path = str(lab.folder / "work" / "twice")
    page.wait_for_function(
        """path => [...document.querySelectorAll('#mdeploy-deployments input')].some(each => each.value === path)
            || document.querySelector('#mdeploy-deployments').innerText.includes(path)""",
        arg=path,
    )


def test_a_line_is_inserted_below_the_active_cell(page: Page, book: Page, client: Client, model: str) -> None:
    client.deploy(model, name="beside", id="beside", timeout=120)
    page.evaluate("void window.jupyterapp.commands.execute('mdeploy:open')")
    page.evaluate("void window.jupyterapp.commands.execute('mdeploy:show', {id: 'beside', tab: 'overview'})")
    panel = page.locator("#mdeploy-deployments")
    panel.locator(".mdl-Head-name", has_text="beside").wait_for()
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 0")
    panel.get_by_role("button", name="All deployments").click()
    panel.locator('[aria-label^="Show the %deploy line"]').first.click()
    page.get_by_role("button", name="Insert into the notebook").click()
    page.wait_for_function("window.jupyterapp.shell.currentWidget.content.widgets.length === 3")
    inserted = page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.getSource()")
    assert inserted.startswith("%deploy")
    picture(page, "inserted")


def picture(page: Page, name: str) -> None:
    folder = screenshots()
    if folder is not None:
        page.screenshot(path=str(folder / f"places-{name}.png"))
