"""The interface in JupyterLab's language: Simplified Chinese, Russian and Japanese, with nothing left in English."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import httpx
import pytest

from mdeploy_lab.client.sync import Client
from tests.browser.conftest import open_panel, screenshots
from tests.browser.test_everyone import SIDEWAYS
from tests.browser.test_panel import resize
from tests.server.jupyter import ROOT, Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PANEL = "#mdeploy-deployments"
PLUGIN = "@jupyterlab/translation-extension:plugin"


SAID = """selector => [...document.querySelectorAll(`${selector} *`)].flatMap(element => [
  ...[...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE).map(node => node.data),
  ...['aria-label', 'title', 'placeholder', 'data-label'].map(name => element.getAttribute(name) ?? '')
]).map(text => text.trim()).filter(text => text !== '')"""
"""Every text of the panel, also what only a screen reader or a pointer finds."""


def catalogue(language: str) -> dict[str, list[str]]:
    path = ROOT / f"mdeploy_lab/locale/{language}/LC_MESSAGES/mdeploy_lab.json"
    return {text: forms for text, forms in json.loads(path.read_text(encoding="utf-8")).items() if text}


def words(language: str, *texts: str) -> list[str]:
    known = catalogue(language)
    return [known[text][0] for text in texts]


def english(language: str) -> re.Pattern[str]:
    """Match a text of ours as it is where no translation was found for it."""
    left = [text for text, forms in catalogue(language).items() if forms[0] != text and re.search("[A-Za-z]{2}", text)]
    return re.compile("|".join(re.sub(r"%\\?\d", r"\\S+", re.escape(text.split("\x04")[-1])) for text in left))


@pytest.fixture(scope="module")
def spoken(browser: Browser, lab: Jupyter, client: Client, model: str) -> Iterator[Callable[[str], Page]]:
    """Loads JupyterLab in a language, with the panel open at 260 pixels."""
    client.deploy(model, name="churn", timeout=120)
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(30_000)
    page = context.new_page()

    def load(language: str) -> Page:
        url = f"{lab.url}lab/api/settings/{PLUGIN}"
        raw = json.dumps({"locale": language})
        answer = httpx.put(url, json={"raw": raw}, headers={"Authorization": f"token {lab.token}"}, trust_env=False)
        assert answer.is_success, answer.text
        page.goto(f"{lab.url}lab?token={lab.token}&reset")
        page.wait_for_selector("#jupyterlab-splash", state="detached")
        open_panel(page)
        resize(page, 260)
        page.locator(f'{PANEL} .mdl-Card[data-id="churn"]').wait_for()
        return page

    yield load
    load("default")
    context.close()


def speaks(page: Page, language: str, *texts: str) -> None:
    """Expect these texts in the language, none in English, and none that is cut off."""
    shown = page.locator(PANEL).inner_text()
    assert [text for text in words(language, *texts) if text not in shown] == []
    left = english(language)
    assert [said for said in page.evaluate(SAID, PANEL) if left.fullmatch(said)] == []
    assert page.evaluate(SIDEWAYS, PANEL) == []


def picture(page: Page, name: str) -> None:
    folder = screenshots()
    if folder is not None:
        page.screenshot(path=str(folder / f"{name}.png"))


@pytest.mark.parametrize("language", ["zh_CN", "ru_RU", "ja_JP"])
def test_panel_details_and_form_speak_the_language(spoken: Callable[[str], Page], language: str) -> None:
    page = spoken(language)
    speaks(page, language, "Deployed", "Group", "Model", "Replicas", "Create Deployment")
    picture(page, f"{language}-grid")
    page.evaluate("window.jupyterapp.commands.execute('mdeploy:show', {id: 'churn', tab: 'overview', wide: false})")
    page.locator(f"{PANEL} [role=tabpanel]").first.wait_for()
    page.get_by_text(words(language, "Run an Example")[0]).first.wait_for()
    speaks(page, language, "Overview", "History", "Clients", "Status", "Health", "Access Type")
    picture(page, f"{language}-overview")
    page.evaluate("window.jupyterapp.commands.execute('mdeploy:create', {wide: false})")
    page.locator(f"{PANEL} form").wait_for()
    speaks(page, language, "Environment Settings", "Deployment Details", "Deployment Name", "Description")
    page.locator(".jp-Launcher-sectionTitle").first.wait_for()
    assert "Other" not in page.locator(".jp-Launcher-sectionTitle").all_inner_texts(), (
        "JupyterLab has a word for its own section"
    )
    picture(page, f"{language}-create")
