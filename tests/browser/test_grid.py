"""The grid in a real JupyterLab over the real engine: filters, table, several at once, keyboard, and thousands."""

from __future__ import annotations

import copy
import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from mdeploy_lab.client.sync import Client
from tests.browser.conftest import open_panel, ready
from tests.browser.test_panel import card, resize, use_theme
from tests.server.jupyter import ROOT, Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MANY = 5000
LIST = re.compile(r"/mdeploy/api/deployments(\?|$)")
METADATA = {"team": "risk", "note": 'two\nlines and "quotes"', "עברית": "ערך"}


@pytest.fixture(scope="module")
def three(client: Client, model: str) -> tuple[str, ...]:
    """One that runs and two that are stopped."""
    client.deploy(model, name="Alpha", id="alpha", metadata=METADATA, timeout=120)
    for name in ("beta", "gamma"):
        client.deploy(model, name=name, id=name, wait=False).stop()
    return ("alpha", "beta", "gamma")


@pytest.fixture
def grid(page: Page, three: tuple[str, ...]) -> Locator:
    """The panel at a width where a table has room, with nothing hidden."""
    open_panel(page)
    resize(page, 1100)
    panel = page.locator("#mdeploy-deployments")
    back = panel.get_by_role("button", name="All deployments")
    if back.count():
        back.click()
    for name in three:
        panel.locator(f'[data-id="{name}"]').wait_for()
    return panel


def test_metadata_is_seen_under_the_pointer_and_by_keyboard(grid: Locator, page: Page) -> None:
    view = card(page, "alpha").get_by_role("button", name="Metadata of Alpha")
    view.hover()
    shown = page.get_by_role("dialog", name="Metadata of Alpha")
    shown.wait_for()
    assert shown.locator("dd").all_inner_texts() == list(METADATA.values())
    page.mouse.move(5, 5)
    shown.wait_for(state="detached")
    view.press("Enter")
    shown.wait_for()
    page.keyboard.press("Escape")
    shown.wait_for(state="detached")
    assert page.evaluate("document.activeElement.textContent") == "View"


def test_filters_hide_and_are_kept_over_a_reload(grid: Locator, page: Page, lab: Jupyter) -> None:
    grid.get_by_role("button", name="Add filter").click()
    page.get_by_role("checkbox", name="Stopped", exact=True).check()
    page.keyboard.press("Escape")
    card(page, "alpha").wait_for(state="detached")
    grid.get_by_label("Sort by").select_option("name")
    page.wait_for_timeout(1500)  # what is remembered is written when one pauses
    page.goto(f"{lab.url}lab?token={lab.token}")
    card(page, "beta").wait_for(timeout=60_000)  # the panel was open, so it is again
    assert grid.locator(".mdl-Card").evaluate_all("all => all.map(each => each.dataset.id)")[:2] == ["beta", "gamma"]
    grid.get_by_role("button", name="Remove the filter Status: Stopped").click()
    card(page, "alpha").wait_for()
    grid.get_by_label("Sort by").select_option("updated")


def test_a_table_is_sorted_by_its_heads(grid: Locator, page: Page) -> None:
    grid.get_by_role("button", name="Table", exact=True).click()
    head = grid.get_by_role("columnheader", name="Name")
    head.get_by_role("button").click()
    grid.locator('th.mdl-GridTable-name[aria-sort="ascending"]').wait_for()
    rows = grid.locator(".mdl-Row")
    first = rows.first.get_attribute("data-id")
    head.get_by_role("button").click()
    grid.locator('th.mdl-GridTable-name[aria-sort="descending"]').wait_for()
    assert rows.last.get_attribute("data-id") == first
    resize(page, 300)
    card(page, "alpha").wait_for()
    resize(page, 1100)
    grid.get_by_role("button", name="Cards", exact=True).click()


def test_several_are_deleted_when_their_number_is_typed(grid: Locator, page: Page, client: Client) -> None:
    grid.get_by_label("Search deploy name").fill("a")
    card(page, "beta").get_by_role("checkbox").check()
    card(page, "gamma").focus()
    page.keyboard.press("Space")
    grid.get_by_text("2 selected").wait_for()
    grid.get_by_role("button", name="Delete the selected ones", exact=True).click()
    page.get_by_label("Type 2 or").fill("2")
    page.keyboard.press("Enter")
    grid.get_by_text("2 deployments deleted.").wait_for(timeout=60_000)
    card(page, "beta").wait_for(state="detached")
    assert {d.id for d in client.deployments()}.isdisjoint({"beta", "gamma"})
    grid.get_by_role("button", name="Dismiss").click()
    grid.get_by_label("Search deploy name").fill("")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_wrong_in_the_table_and_what_opens(page: Page, client: Client, lab: Jupyter, theme: str) -> None:
    open_panel(page)
    resize(page, 1100)
    use_theme(page, theme)
    grid = page.locator("#mdeploy-deployments")
    grid.get_by_role("button", name="Table", exact=True).click()
    grid.locator(".mdl-Row").first.get_by_role("checkbox").check()
    grid.get_by_role("button", name="Add filter").click()
    page.add_script_tag(path=str(ROOT / "node_modules/axe-core/axe.min.js"))
    found = page.evaluate("axe.run('#mdeploy-deployments', {resultTypes: ['violations']})")
    page.keyboard.press("Escape")
    grid.get_by_role("button", name="Clear the selection").click()
    grid.get_by_role("button", name="Cards", exact=True).click()
    assert [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found["violations"]] == []


def test_thousands_are_laid_out_only_where_one_looks(page: Page, lab: Jupyter) -> None:
    """The list is made longer on its way to the page; everything else is real."""
    real = httpx.get(f"{lab.api}/deployments", headers={"Authorization": f"token {lab.token}"}, trust_env=False).json()
    some = real["deployments"][0]
    body = json.dumps({"deployments": [_like(some, number) for number in range(MANY)]})
    page.route(LIST, lambda route: route.fulfill(body=body, content_type="application/json"))
    ready(page, lab)
    open_panel(page)
    resize(page, 1100)
    grid = page.locator("#mdeploy-deployments")
    grid.locator(".mdl-Card").first.wait_for()
    assert grid.locator(".mdl-Card").count() < MANY / 50
    assert grid.get_by_role("listitem").first.get_attribute("aria-setsize") == str(MANY)
    grid.locator(".mdl-Card").first.focus()
    page.keyboard.press("End")
    page.wait_for_function(f"document.activeElement.dataset.id === 'many-{MANY - 1}'")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate("document.activeElement.dataset.id") == f"many-{MANY - 2}"
    grid.get_by_label("Search deploy name").fill("4321")
    card(page, "many-4321").wait_for()
    assert grid.locator(".mdl-Card").count() == 1
    grid.get_by_label("Search deploy name").fill("")
    page.unroute(LIST)


def _like(some: dict[str, Any], number: int) -> dict[str, Any]:
    one = copy.deepcopy(some)
    one |= {"id": f"many-{number}", "uid": f"uid-{number}", "updated_at": f"2025-01-01T00:00:00.{MANY - number:06}Z"}
    one["spec"]["name"] = f"many {number:04}"
    return one
