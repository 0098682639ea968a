"""Every screen for everybody: axe in light and dark, narrow panels, a page at 200 %, the keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mdeploy_lab.client.sync import Client
from tests.browser.conftest import open_panel
from tests.browser.test_panel import resize, use_theme
from tests.server.jupyter import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

PANEL = "#mdeploy-deployments"
THEMES = ("JupyterLab Light", "JupyterLab Dark")
TABS = ("overview", "query", "logs", "history", "clients", "events")
WRONG = """async selector => (await axe.run(selector, {resultTypes: ['violations']})).violations.flatMap(
  each => each.nodes.map(node => `${each.id}: ${node.target.join(' ')} (${node.any[0]?.message ?? each.help})`))"""
SIDEWAYS = """selector => [document.querySelector(selector), ...document.querySelectorAll(`${selector} *`)].filter(element =>
  element.scrollWidth > element.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(element).overflowX)
  && !element.matches('pre, textarea, input, [role=tablist], [role=log], [data-sideways]')
  && element.querySelector(':scope > table, :scope > [role=table], :scope > [role=grid]') === null
).map(element => `${element.tagName.toLowerCase()}.${element.className}: ${element.scrollWidth} in ${element.clientWidth}`)"""
"""What has to be scrolled sideways to be read; logs, code and tables may."""


@pytest.fixture(scope="module")
def shown(client: Client, model: str) -> str:
    """A deployment with a name that is long, from right to left, and hostile."""
    name = "حجز <b>churn</b> " + "a-very-long-name-" * 6
    d = client.deploy(model, name=name, id="everyone", metadata={'team"': "a\nb <script>"}, timeout=120)
    d.clients.add("web")
    d.update(env={"TZ": "UTC"}, message="second", timeout=120)
    return str(d.id)


def go(page: Page, screen: str, shown: str) -> None:
    """Show a screen in the panel."""
    run: dict[str, tuple[str, dict[str, Any]]] = {
        "create": ("mdeploy:create", {"wide": False}),
        **{tab: ("mdeploy:show", {"id": shown, "tab": tab, "wide": False}) for tab in TABS},
    }
    if screen == "grid":
        page.evaluate("window.jupyterapp.commands.execute('mdeploy:open')")
        for back in ("Back to the details", "All deployments"):
            button = page.locator(PANEL).get_by_role("button", name=back)
            if button.count():
                button.click()
        page.locator(f'{PANEL} .mdl-Card[data-id="{shown}"]').wait_for()
    elif screen == "update":
        go(page, "overview", shown)
        page.evaluate(
            "([id]) => window.jupyterapp.commands.execute('mdeploy:show', {id, tab: 'overview', wide: false})", [shown]
        )
        update = page.locator(PANEL).get_by_role("button", name="Update", exact=False).first
        if not update.is_visible():
            page.locator(PANEL).get_by_role("button", name="Actions", exact=False).first.click()
            update = page.get_by_role("menuitem", name="Update").or_(page.get_by_role("button", name="Update")).first
        update.click()
        page.locator(f"{PANEL} form").wait_for()
    else:
        page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", list(run[screen]))
        page.locator(f"{PANEL} [role=tabpanel], {PANEL} form").first.wait_for()
    page.locator(f"{PANEL} [aria-busy=true]").first.wait_for(state="detached")


@pytest.mark.parametrize("screen", ["grid", *TABS, "create", "update"])
def test_axe_finds_nothing_wrong_in_light_and_dark(page: Page, shown: str, screen: str) -> None:
    open_panel(page)
    page.add_script_tag(path=str(ROOT / "node_modules/axe-core/axe.min.js"))
    resize(page, 560)
    go(page, screen, shown)
    found = {}
    for theme in THEMES:
        use_theme(page, theme)
        page.wait_for_selector("#jupyterlab-splash", state="detached")
        found[theme] = page.evaluate(WRONG, PANEL)
    use_theme(page, THEMES[0])
    assert found == {theme: [] for theme in THEMES}


@pytest.mark.parametrize("screen", ["grid", *TABS, "create", "update"])
def test_nothing_sticks_out_of_a_narrow_panel(page: Page, shown: str, screen: str) -> None:
    open_panel(page)
    resize(page, 260)
    go(page, screen, shown)
    assert page.evaluate(SIDEWAYS, PANEL) == []


def test_a_page_at_200_percent_still_shows_everything(page: Page, shown: str) -> None:
    page.set_viewport_size({"width": 640, "height": 400})
    try:
        page.evaluate("document.body.style.zoom = '1'")
        open_panel(page)
        resize(page, 300)
        for screen in ("grid", "overview", "create"):
            go(page, screen, shown)
            assert page.evaluate(SIDEWAYS, PANEL) == []
    finally:
        page.set_viewport_size({"width": 1280, "height": 800})


def test_the_keyboard_reaches_a_deployment_its_tabs_and_the_way_back(page: Page, shown: str) -> None:
    open_panel(page)
    resize(page, 400)
    go(page, "grid", shown)
    page.locator(".mdl-Search").first.focus()
    focused = "document.activeElement"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(f"{focused}.closest('[data-id=\"{shown}\"]') !== null"):
            break
    else:
        raise AssertionError("Tab does not reach the deployment")
    page.keyboard.press("Enter")
    page.locator(f"{PANEL} [role=tablist]").first.wait_for()
    page.locator(f"{PANEL} [role=tab][aria-selected=true]").first.focus()
    page.keyboard.press("ArrowRight")
    page.locator(f"{PANEL}").get_by_role("tab", name="Query", selected=True).wait_for()
    assert page.evaluate(f"{focused}.textContent") == "Query"
    page.keyboard.press("End")
    page.locator(f"{PANEL}").get_by_role("tab", name="Events", selected=True).wait_for()
    page.locator(PANEL).get_by_role("button", name="All deployments").press("Enter")
    page.locator(f'{PANEL} .mdl-Card[data-id="{shown}"]').wait_for()


def test_motion_is_reduced_for_those_who_ask(page: Page, shown: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    try:
        open_panel(page)
        go(page, "grid", shown)
        moving = page.evaluate(
            "selector => [...document.querySelectorAll(`${selector} *`)].filter(element => {"
            " const style = getComputedStyle(element);"
            " return style.transitionDuration !== '0s' && parseFloat(style.transitionDuration) > 0.01; }).length",
            PANEL,
        )
        assert moving == 0
    finally:
        page.emulate_media(reduced_motion="no-preference")
