"""Another language, a home without deployments, and Notebook 7: pages that are loaded anew."""

from __future__ import annotations

import json
import re

import httpx
import nbformat

from scenes.stage import Scene, Stage
from tests.browser.conftest import open_panel, ready
from tests.browser.test_languages import PLUGIN

LIST = re.compile(r"/mdeploy/api/deployments(\?|$)")


def empty(stage: Stage) -> None:
    """Show what is said before the first deployment; only the list is not real."""
    stage.page.route(LIST, lambda route: route.fulfill(body='{"deployments": []}', content_type="application/json"))
    ready(stage.page, stage.lab)
    stage.lay(stage.size)
    stage.grid().get_by_text("No deployments yet").wait_for()


def again(stage: Stage) -> None:
    """Load the page as it is otherwise."""
    stage.page.unroute(LIST)
    ready(stage.page, stage.lab)


def speak(stage: Stage, language: str) -> None:
    """Load JupyterLab in a language."""
    httpx.put(
        f"{stage.lab.url}lab/api/settings/{PLUGIN}",
        json={"raw": json.dumps({"locale": language})},
        headers={"Authorization": f"token {stage.lab.token}"},
        trust_env=False,
    ).raise_for_status()
    ready(stage.page, stage.lab)


def russian(stage: Stage) -> None:
    """Show a deployment in Russian: of the languages, the one whose letters every machine has."""
    speak(stage, "ru_RU")
    stage.lay(stage.size)
    stage.show("churn")


def english(stage: Stage) -> None:
    """Speak English again."""
    speak(stage, "default")


def notebook7(stage: Stage) -> None:
    """Show the panel beside a notebook of Notebook 7."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%deploy show churn")])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, stage.lab.folder / "work" / "seven.ipynb")
    stage.page.goto(f"{stage.lab.url}notebooks/seven.ipynb?token={stage.lab.token}")
    stage.page.locator(".jp-Notebook .jp-CodeCell").wait_for(timeout=60_000)
    stage.command("mdeploy:open")
    stage.page.locator("#jp-right-stack #mdeploy-deployments .mdl-Card").first.wait_for()


def lab(stage: Stage) -> None:
    """Load JupyterLab."""
    ready(stage.page, stage.lab)
    open_panel(stage.page)


SCENES = (
    Scene("grid-empty", empty, leave=again),
    Scene("language", russian, leave=english),
    Scene("notebook7", notebook7, ("wide",), lab),
)
