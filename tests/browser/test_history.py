"""The tab History: every change, any two compared field by field and model against model, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mdeploy_lab.client.sync import Client
from tests.browser.conftest import open_panel, screenshots
from tests.browser.test_panel import use_theme
from tests.server.jupyter import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


@pytest.fixture(scope="module")
def churn(client: Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A deployment with three changes: two models of other columns, and words around them."""
    import mlflow.sklearn
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.linear_model import LogisticRegression

    folder = tmp_path_factory.mktemp("models")
    rows = pd.DataFrame({"size": [1.0, 2.0, 3.0, 4.0], "rooms": [1.0, 1.0, 2.0, 2.0]})
    for name, columns in (("first", ["size"]), ("second", ["size", "rooms"])):
        model = LogisticRegression().fit(rows[columns], [0, 0, 1, 1])
        mlflow.sklearn.save_model(
            model, folder / name, signature=infer_signature(rows[columns], model.predict(rows[columns])), pip_requirements=[]
        )
    deployment = client.deploy(str(folder / "first"), name="past", timeout=120, message="first")
    deployment.update(metadata={"note": 'say "hi"\nand more', "long": "x" * 500}, description="<b>bold</b>", message="words")
    deployment.update(model=str(folder / "second"), env={"TZ": "UTC"}, message="one more column", timeout=120)
    return str(deployment.id)


@pytest.fixture
def view(page: Page, churn: str) -> Locator:
    page.evaluate("id => window.jupyterapp.commands.execute('mdeploy:show', {id, tab: 'history', wide: true})", churn)
    shown = page.locator(f"#mdeploy-main-{churn}")
    shown.get_by_role("region", name="History").wait_for()
    return shown


def row(view: Locator, number: int) -> Locator:
    return view.get_by_role("row").filter(has=view.page.get_by_label(f"Compare entry {number}"))


def test_the_two_newest_are_compared_field_by_field_and_model_against_model(page: Page, view: Locator) -> None:
    view.get_by_text("From entry 2 to entry 3").wait_for()
    view.get_by_role("row", name="env.TZ").get_by_text("UTC").wait_for()
    models = view.get_by_role("region", name="Model against model")
    models.get_by_role("row", name="signature.inputs").first.wait_for()
    assert "rooms" in models.inner_text()
    assert "one more column" in row(view, 3).inner_text()
    assert "2, new" in row(view, 3).inner_text()
    assert "1, same" in row(view, 2).inner_text()


def test_any_two_are_compared(page: Page, view: Locator) -> None:
    view.get_by_label("Compare entry 3").uncheck()
    view.get_by_label("Compare entry 1").check()
    view.get_by_text("From entry 1 to entry 2").wait_for()
    long = view.get_by_role("row", name="metadata.long")
    long.locator("summary").click()
    assert len(long.locator("pre").inner_text()) == 500
    assert view.locator("b", has_text="bold").count() == 0


def test_one_entry_is_shown_whole(page: Page, view: Locator) -> None:
    view.get_by_role("button", name="View entry 2").click()
    dialog = page.get_by_role("dialog", name="Entry 2: Update")
    assert 'say "hi"\nand more' in dialog.inner_text()
    dialog.get_by_role("button", name="Close").click()
    dialog.wait_for(state="detached")


def test_a_change_from_elsewhere_appears_by_itself(view: Locator, client: Client, churn: str) -> None:
    client.get(churn).update(description="from a shell", message="elsewhere")
    row(view, 4).get_by_text("elsewhere").wait_for()


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_axe_finds_nothing_wrong_wide_and_narrow(page: Page, view: Locator, churn: str, theme: str) -> None:
    use_theme(page, theme)
    open_panel(page)
    page.evaluate("id => window.jupyterapp.commands.execute('mdeploy:show', {id, tab: 'history', wide: false})", churn)
    narrow = page.locator("#mdeploy-deployments")
    narrow.get_by_role("region", name="History").wait_for()
    narrow.get_by_text("From entry").wait_for()
    assert narrow.locator(".mdl-Scroll").evaluate("view => view.scrollWidth <= view.clientWidth")
    page.add_script_tag(path=str(ROOT / "node_modules/axe-core/axe.min.js"))
    for where in (f"#mdeploy-main-{churn}", "#mdeploy-deployments"):
        found = page.evaluate("where => axe.run(where, {resultTypes: ['violations']})", where)
        assert [f"{v['id']}: {v['nodes'][0]['html']}" for v in found["violations"]] == []
    folder = screenshots()
    if folder is not None:
        page.screenshot(path=str(folder / f"history-{theme.split()[1].lower()}.png"))


def test_rolling_back_says_what_it_repeats_and_is_live_at_once(page: Page, view: Locator, client: Client, churn: str) -> None:
    newest = row(view, 4).get_by_role("button", name="Roll back")
    assert newest.get_attribute("title") == "Revision 2 is the newest one already"
    row(view, 1).get_by_role("button", name="Roll back").click()
    dialog = page.get_by_role("dialog", name="Roll back past to revision 1")
    dialog.get_by_text("A new revision 3 repeats revision 1").wait_for()
    dialog.get_by_role("row", name="env.TZ").wait_for()
    dialog.get_by_label("Update Message").fill("too many columns")
    dialog.get_by_role("button", name="Roll back", exact=True).click()
    dialog.wait_for(state="detached")
    row(view, 5).get_by_text("too many columns").wait_for()
    assert "3, new" in row(view, 5).inner_text()
    client.get(churn).wait("deployed", timeout=60)
    found = client.get(churn).history()
    assert (found[0] if found[0].number == 5 else found[-1]).message == "too many columns"
