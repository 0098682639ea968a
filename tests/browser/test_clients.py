"""The tabs Clients and Events in a real JupyterLab: a token that is made there opens the real endpoint, and is kept nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from mdeploy_lab.client.sync import Client
from tests.browser.conftest import open_panel
from tests.browser.test_panel import card
from tests.server.jupyter import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

ROWS = {"inputs": [1.0]}


@pytest.fixture(scope="module")
def url(client: Client, model: str) -> str:
    return str(client.deploy(model, name="called", id="called", timeout=120).url)


@pytest.fixture
def panel(page: Page, url: str) -> Locator:
    open_panel(page)
    found = page.locator("#mdeploy-deployments")
    back = found.get_by_role("button", name="All deployments")
    if not back.count():
        card(page, "called").get_by_role("button", name="called", exact=True).click()
    found.get_by_role("tab", name="Clients").click()
    return found


def status(url: str, token: str) -> int:
    answer = httpx.post(f"{url}/invocations", json=ROWS, headers={"Authorization": f"Bearer {token}"}, trust_env=False)
    return answer.status_code


def add(page: Page, panel: Locator, name: str) -> str:
    """Add a client and return its token, as one copies it."""
    panel.get_by_label("Client Name").fill(name)
    panel.get_by_role("button", name="Add client", exact=True).click()
    return copied(page)


def copied(page: Page) -> str:
    page.get_by_role("button", name="Copy token").click()
    page.get_by_text("Copied").wait_for()
    token = str(page.evaluate("navigator.clipboard.readText()"))
    page.get_by_role("button", name="Close", exact=True).click()
    return token


def test_a_token_opens_the_endpoint_and_stays_nowhere_in_the_page(page: Page, panel: Locator, url: str) -> None:
    panel.get_by_text("No clients yet").wait_for()
    token = add(page, panel, "web")
    panel.get_by_role("heading", name="web").wait_for()
    assert status(url, token) == 200
    assert status(url, token[:-1]) == 401
    kept = page.evaluate("document.documentElement.outerHTML + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")
    assert token not in kept


def test_a_rotated_token_works_for_as_long_as_one_says(page: Page, panel: Locator, url: str) -> None:
    old = add(page, panel, "job")
    panel.get_by_role("button", name="Rotate the token of job").click()
    page.get_by_label("The old token works for").select_option("3600")
    page.get_by_role("button", name="New token").click()
    second = copied(page)
    assert (status(url, old), status(url, second)) == (200, 200)
    panel.get_by_text("Expires in 59 minutes").or_(panel.get_by_text("Expires in 1 hour")).first.wait_for()
    panel.get_by_role("button", name="Rotate the token of job").click()
    page.get_by_label("The old token works for").select_option("0")
    page.get_by_role("button", name="New token").click()
    third = copied(page)
    assert (status(url, second), status(url, third)) == (401, 200)


def test_saved_as_what_curl_reads(page: Page, panel: Locator, url: str) -> None:
    panel.get_by_label("Client Name").fill("saved")
    panel.get_by_role("button", name="Add client", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as curl config").click()
    user, _, token = download.value.path().read_text().removeprefix('user = "').rstrip('"\n').partition(":")
    page.get_by_text("chmod 600 called-saved.curl").wait_for()
    page.get_by_role("button", name="Close", exact=True).click()
    assert (user, status(url, token)) == ("saved", 200)


def test_what_others_do_appears_and_a_deleted_client_is_shut_out(page: Page, panel: Locator, client: Client, url: str) -> None:
    token = client.get("called").clients.add("other").token.reveal()
    panel.get_by_role("heading", name="other").wait_for()
    panel.get_by_role("button", name="Delete other", exact=True).click()
    panel.get_by_role("button", name="Really delete other").click()
    panel.get_by_role("heading", name="other").wait_for(state="detached")
    assert status(url, str(token)) == 401


def test_events_say_who_did_what_newest_first(page: Page, panel: Locator, client: Client) -> None:
    panel.get_by_role("tab", name="Events").click()
    events = panel.get_by_role("listitem")
    events.first.wait_for()
    client.get("called").clients.add("seen")
    panel.get_by_text("Client seen was added").wait_for()
    assert "Client seen was added" in events.first.inner_text()
    panel.get_by_label("Level").select_option("error")
    panel.get_by_text("No event of this level").wait_for()
    panel.get_by_role("button", name="Show all").click()
    panel.get_by_text("Client seen was added").wait_for()


def test_axe_finds_nothing_wrong(page: Page, panel: Locator) -> None:
    page.add_script_tag(path=str(ROOT / "node_modules/axe-core/axe.min.js"))
    for tab in ("Clients", "Events"):
        panel.get_by_role("tab", name=tab).click()
        panel.get_by_role("listitem").first.wait_for()
        found = page.evaluate("axe.run('#mdeploy-deployments', {resultTypes: ['violations']})")
        assert [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found["violations"]] == []
    panel.get_by_role("button", name="All deployments").click()
