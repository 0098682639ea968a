"""Notebooks for browser tests: written, opened and run in a real JupyterLab."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import nbformat

from tests.browser.conftest import ready
from tests.server.jupyter import Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Page

IDLE = "window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'"


def open_notebook(page: Page, lab: Jupyter, name: str, sources: Sequence[str]) -> None:
    """Write a notebook of code cells and open it with an idle kernel."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, lab.folder / "work" / name)
    ready(page, lab, f"lab/tree/{name}")
    page.locator(".jp-Notebook").wait_for()
    page.wait_for_function(IDLE, timeout=60_000)


def run_all(page: Page) -> None:
    page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")


def output(page: Page, cell: int) -> str:
    """Return the selector of a cell's output."""
    return f".jp-Notebook .jp-Cell >> nth={cell} >> .jp-OutputArea-output"
