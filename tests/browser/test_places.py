"""Where the interface stands in JupyterLab: panel, tabs, commands; what a reload keeps; how a change is followed."""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING, Any

import pytest

from mdeploy_lab.client.sync import Client
from tests.browser.conftest import open_panel, screenshots
from tests.browser.test_panel import use_theme
from tests.server.jupyter import ROOT, Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

TAB = "#mdeploy-main"
AT_START = 60_000
"""Bytes of our JavaScript, gzipped, that JupyterLab loads with itself."""


@pytest.fixture(scope="module")
def placed(client: Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A deployment that takes a moment to load, so that one can see it start."""
    import mlflow.pyfunc

    class Slow(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is untyped here
        def load_context(self, context: object) -> None:
            time.sleep(1.5)

        def predict(self, model_input: list[float]) -> list[float]:
            return model_input

    path = tmp_path_factory.mktemp("model") / "slow"
    mlflow.pyfunc.save_model(path, python_model=Slow(), pip_requirements=[])
    return str(client.deploy(str(path), name="Placed", id="placed", timeout=120).id)


def command(page: Page, name: str, args: dict[str, Any] | None = None) -> None:
    page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, args or {}])


def card(where: Locator, name: str) -> Locator:
    return where.locator(f'.mdl-Card[data-id="{name}"]')


def reloaded(page: Page, lab: Jupyter) -> None:
    """Reload the page once JupyterLab has kept its layout and what we remember."""
    page.wait_for_timeout(1500)
    page.goto(f"{lab.url}lab?token={lab.token}")
    page.wait_for_selector("#jupyterlab-splash", state="detached")


def test_little_is_loaded_before_somebody_looks(page: Page) -> None:
    urls = page.evaluate(
        "performance.getEntriesByType('resource').map(each => each.name).filter(url => /mdeploy-lab.*[.]js/.test(url))"
    )
    sizes = {url.rpartition("/")[2]: len(gzip.compress(page.request.get(url).body())) for url in urls}
    assert 0 < sum(sizes.values()) < AT_START
    assert page.evaluate("window.mdeploySockets.length") == 0


def test_the_panel_opens_wide_and_both_agree(page: Page, placed: str) -> None:
    open_panel(page)
    page.locator("#mdeploy-deployments").get_by_role("button", name="Open in the main area").click()
    card(page.locator(TAB), placed).wait_for()
    assert page.locator(f"{TAB} [aria-label='Open in the main area']").count() == 0
    assert page.evaluate("window.mdeploySockets.filter(s => s.readyState === 1).length") == 1


def test_a_deployment_has_a_tab_of_its_own_called_by_its_name(page: Page, placed: str) -> None:
    command(page, "mdeploy:show", {"id": placed, "tab": "events", "wide": True})
    page.locator(f"{TAB}-placed .mdl-Head").wait_for()
    page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text="Placed").wait_for()


def test_tabs_are_where_they_were_after_a_reload(page: Page, lab: Jupyter, placed: str) -> None:
    reloaded(page, lab)
    page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text="Placed").click()
    tab = page.locator(f"{TAB}-placed").get_by_role("tab", name="Events")
    tab.wait_for()
    assert tab.get_attribute("aria-selected") == "true"
    page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text="Placed").locator(".lm-TabBar-tabCloseIcon").click()
    page.locator(f"{TAB}-placed").wait_for(state="detached")


def test_every_command_describes_its_arguments(page: Page) -> None:
    described = page.evaluate(
        """async () => {
            const {commands} = window.jupyterapp;
            const ours = commands.listCommands().filter(name => name.startsWith('mdeploy:'));
            return Promise.all(ours.map(async name => [name, (await commands.describedBy(name)).args?.type]));
        }"""
    )
    assert {name for name, _ in described} >= {
        f"mdeploy:{verb}" for verb in ("open", "open-main", "create", "show", "refresh", "stop", "start")
    }
    assert {kind for _, kind in described} == {"object"}


def test_the_status_bar_counts_and_opens(page: Page, placed: str, client: Client) -> None:
    item = page.locator(".mdl-Status")
    states = [d.state for d in client.deployments()]
    told = f"{states.count('deployed')} deployed, {states.count('failed')} failed"
    page.wait_for_function("told => document.querySelector('.mdl-Status').title.includes(told)", arg=told)
    command(page, "application:toggle-left-area")
    item.click()
    page.locator("#mdeploy-deployments").wait_for(state="visible")


def test_what_runs_is_among_what_runs(page: Page, placed: str) -> None:
    command(page, "running:show-panel")
    running = page.locator(".jp-RunningSessions-item", has_text="Placed")
    running.wait_for()
    running.hover()
    running.locator(".jp-RunningSessions-itemShutdown").click()
    page.locator(".jp-Dialog").get_by_text("Its URL answers 503 until it is started again.").wait_for()
    page.locator(".jp-Dialog").get_by_role("button", name="Cancel").click()
    open_panel(page)


def test_a_stop_is_followed_to_its_end_in_one_notification(page: Page, placed: str) -> None:
    command(page, "mdeploy:stop", {"id": placed})
    toast = page.locator(".Toastify__toast", has_text="Placed is stopped")
    toast.wait_for()
    assert page.locator(".Toastify__toast").count() == 1
    toast.get_by_role("button", name="Show").click()
    page.locator(".mdl-Head-name", has_text="Placed").first.wait_for()


def test_a_start_tells_its_phases_and_outlives_a_hidden_panel(page: Page, placed: str) -> None:
    page.evaluate(
        """() => {
            window.said = [];
            new MutationObserver(() => document.querySelectorAll('.Toastify__toast').forEach(
                toast => window.said.push(toast.innerText))).observe(document.body,
                {subtree: true, childList: true, characterData: true});
        }"""
    )
    page.locator(f"{TAB}").wait_for(state="attached")
    command(page, "application:close-all")
    command(page, "mdeploy:start", {"id": placed})
    page.locator(".Toastify__toast", has_text="Placed is deployed").wait_for(timeout=90_000)
    said = " ".join(page.evaluate("window.said"))
    assert "Starting Placed" in said
    assert "loading the model" in said


def test_a_tab_with_an_edited_form_asks_before_it_closes(page: Page) -> None:
    command(page, "mdeploy:create", {"model": "models:/churn/1", "wide": True})
    tab = page.locator(TAB)
    tab.get_by_label("Deployment Name").fill("Half typed")
    close = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab.lm-mod-current .lm-TabBar-tabCloseIcon")
    close.click()
    picture(page, "leave")
    tab.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert tab.get_by_label("Deployment Name").input_value() == "Half typed"
    close.click()
    tab.get_by_role("dialog").get_by_role("button", name="Leave").click()
    tab.wait_for(state="detached")


def test_settings_work_at_once(page: Page, placed: str) -> None:
    page.locator(".mdl-Status").wait_for()
    command(page, "settingeditor:open", {"query": "Deployments"})
    choice = page.locator("input[id$='_showStatusBar']")
    choice.uncheck()
    page.locator(".mdl-Status").wait_for(state="hidden")
    choice.check()
    page.locator(".mdl-Status").wait_for()


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_what_is_around_the_panel_can_be_read(page: Page, placed: str, theme: str) -> None:
    use_theme(page, theme)
    command(page, "running:show-panel")
    command(page, "mdeploy:show", {"id": placed, "wide": True})
    page.add_script_tag(path=str(ROOT / "node_modules/axe-core/axe.min.js"))
    found = page.evaluate("axe.run('.mdl-Status', {resultTypes: ['violations']})")
    assert [each["id"] for each in found["violations"]] == []
    picture(page, f"around-{theme.split()[1].lower()}")


def picture(page: Page, name: str) -> None:
    folder = screenshots()
    if folder is not None:
        page.screenshot(path=str(folder / f"places-{name}.png"))
