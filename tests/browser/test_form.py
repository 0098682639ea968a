"""The forms that make and change deployments, in a real JupyterLab: by registry and by kernel, with quotas and with others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from mdeploy_lab.client.sync import Client
from mdeploy_lab.paths import Home
from tests.browser.conftest import open_panel, screenshots
from tests.browser.notebooks import open_notebook, run_all
from tests.browser.test_panel import use_theme
from tests.browser.test_places import command, reloaded
from tests.server.jupyter import ROOT, Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PANEL = "#mdeploy-deployments"
PATCHED = re.compile(r"/mdeploy/api/deployments/formed(\?.*)?$")
CONFIG = """
[groups.default]
[groups.tight.quota]
cpu = 1
"""
NOTEBOOK = (
    "from sklearn.linear_model import LogisticRegression\n"
    "formed_clf = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])"
)


@pytest.fixture(scope="module")
def registered(home: Home, client: Client) -> Iterator[str]:
    """A registered model with a deployment of it, and a group that has room for one replica."""
    from sklearn.dummy import DummyClassifier

    client.deployments()  # begins the home
    (home.root / "config.toml").write_text(CONFIG)
    fitted = DummyClassifier(strategy="constant", constant=1).fit([[0.0], [1.0]], [0, 1])
    yield str(client.deploy(fitted, name="formed", input_example=[[0.0]], timeout=120).id)
    (home.root / "config.toml").unlink()


def opened_form(page: Page, **route: Any) -> Locator:
    open_panel(page)
    command(page, "mdeploy:create", route)
    form = page.locator(f"{PANEL} .mdl-Form")
    form.wait_for()
    return form


def left(page: Page, form: Locator) -> None:
    """Leave an edited form, saying that one wants to."""
    form.get_by_role("button", name="Cancel").click()
    page.get_by_role("dialog").get_by_role("button", name="Leave").click()
    form.wait_for(state="detached")


def updating(page: Page, id_: str, *, wide: bool = False) -> Locator:
    place = f"#mdeploy-main-{id_}" if wide else PANEL
    command(page, "mdeploy:show", {"id": id_, "tab": "overview", "wide": wide})
    view = page.locator(place)
    head = view.locator(".mdl-Head")
    head.wait_for()
    direct = head.get_by_role("button", name=f"Update {id_}", exact=True)
    if not direct.is_visible():
        head.get_by_role("button", name="Actions").click()
        direct = page.get_by_role("button", name=f"Update {id_}", exact=True)
    direct.click()
    form = view.locator(".mdl-Form")
    form.wait_for()
    return form


def pictured(page: Page, name: str) -> None:
    folder = screenshots()
    if folder is not None:
        page.screenshot(path=folder / f"form-{name}.png")


def replicas(form: Locator) -> Locator:
    return form.get_by_label("Replicas*", exact=True)


def test_a_version_of_a_registered_model_is_deployed(page: Page, client: Client, registered: str) -> None:
    form = opened_form(page)
    form.get_by_role("button", name="formed").click()
    form.get_by_role("radio", name="Version 1").check()
    form.get_by_text("formed has this name in group default").wait_for()
    form.get_by_label("Deployment Name").fill("Formed twice 🚀")
    expect(form.get_by_label("Deployment ID")).to_have_value("formed-twice")
    form.get_by_text("It is free.").wait_for()
    form.get_by_role("button", name="Add metadata").click()
    form.get_by_label("Name 1").evaluate(
        """field => {
            const data = new DataTransfer();
            data.setData('text', 'team=risk\\ncost=7');
            field.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
        }"""
    )
    expect(form.get_by_label("Value 2")).to_have_value("7")
    assert form.get_by_label("The code").inner_text() == (
        "%deploy models:/formed/1 --name 'Formed twice 🚀' --metadata team=risk --metadata cost=7"
    )
    form.get_by_label("Description").press("Control+Enter")
    page.locator(f"{PANEL} .mdl-Head-name", has_text="Formed twice").wait_for()
    made = client.get("formed-twice").wait("deployed", timeout=60)
    assert made.spec.metadata == {"team": "risk", "cost": "7"}


def test_a_quota_is_told_before_and_by_the_refusal(page: Page, registered: str) -> None:
    form = opened_form(page, model="models:/formed/1")
    form.get_by_label("Group").select_option("tight")
    replicas(form).fill("2")
    told = "group tight has a quota of 1 vCPU: 0 used, 2 wanted"
    form.locator(".mdl-Field-error", has_text=told).wait_for()
    form.get_by_role("row", name="vCPU 1 2 too little").wait_for()
    form.get_by_label("Deployment Name").fill("too much")
    form.get_by_role("button", name="Deploy", exact=True).click()
    form.locator(".mdl-Form-summary", has_text=told).wait_for()
    expect(form.get_by_label("Deployment Name")).to_have_value("too much")
    left(page, form)


def test_an_edited_form_asks_before_it_is_left_and_survives_a_reload(page: Page, lab: Jupyter, registered: str) -> None:
    form = opened_form(page)
    form.get_by_label("Description").fill("half a sent")
    form.get_by_role("button", name="All deployments").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    reloaded(page, lab)
    form.get_by_text("This is what you typed before the page was left.").wait_for()
    expect(form.get_by_label("Description")).to_have_value("half a sent")
    form.get_by_role("button", name="Discard").click()
    expect(form.get_by_label("Description")).to_have_value("")
    form.get_by_role("button", name="Cancel").click()
    form.wait_for(state="detached")


def test_an_update_changes_only_what_was_changed(page: Page, client: Client, registered: str) -> None:
    form = updating(page, registered)
    form.get_by_text("Nothing is changed yet.").wait_for()
    form.get_by_label("Description").fill("told")
    form.get_by_text("This changes in place: revision 1 stays.").wait_for()
    form.get_by_role("button", name="Add variable").click()
    form.get_by_label("Name 1").fill("TZ")
    form.get_by_label("Value 1").fill("UTC")
    form.get_by_text("This makes a new revision, 2").wait_for()
    form.get_by_role("button", name="Update", exact=True).click()
    form.wait_for(state="detached")
    changed = client.get(registered).wait("deployed", timeout=60)
    assert (changed.spec.description, changed.spec.template.env, changed.revision) == ("told", {"TZ": "UTC"}, 2)


def test_two_tabs_that_edit_one_deployment_are_merged(page: Page, client: Client, registered: str) -> None:
    one, two = updating(page, registered), updating(page, registered, wide=True)
    replicas(two).fill("3")
    two.get_by_label("Update Message").fill("mine")
    replicas(one).fill("2")
    one.get_by_label("Description").fill("theirs")
    one.get_by_role("button", name="Update", exact=True).click()
    merge = two.get_by_role("alert", name="Changed meanwhile")
    merge.get_by_text("theirs", exact=True).first.wait_for()
    pictured(page, "merge")
    expect(two.get_by_label("Description")).to_have_value("theirs")
    expect(replicas(two)).to_have_value("3")
    merge.get_by_role("button", name="Take theirs: Replicas").click()
    expect(replicas(two)).to_have_value("2")
    two.get_by_label("API name").fill("formed")
    two.get_by_role("button", name="Update", exact=True).click()
    two.wait_for(state="detached")
    spec = client.get(registered).spec
    assert (spec.replicas, spec.description, spec.api_name) == (2, "theirs", "formed")
    page.evaluate("window.jupyterapp.shell.currentWidget.close()")


def test_a_change_that_comes_just_before_is_refused_and_settled(page: Page, client: Client, registered: str) -> None:
    form = updating(page, registered)
    form.get_by_label("Description").fill("mine")
    page.evaluate("window.mdeployHold = true")
    form.get_by_role("button", name="Update", exact=True).click()
    page.wait_for_function("window.mdeployGo !== undefined")
    client.get(registered).update(description="faster", message="overtakes")
    with page.expect_response(PATCHED) as answer:
        page.evaluate("() => { window.mdeployHold = false; window.mdeployGo(); }")
    assert answer.value.status == 409
    merge = form.get_by_role("alert", name="Changed meanwhile")
    merge.get_by_text("faster", exact=True).first.wait_for()
    expect(form.get_by_role("textbox", name="Description")).to_have_value("mine")
    merge.get_by_role("button", name="Keep yours: Description").click()
    form.get_by_role("button", name="Update", exact=True).click()
    form.wait_for(state="detached")
    assert client.get(registered).spec.description == "mine"


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_wrong(page: Page, registered: str, theme: str) -> None:
    use_theme(page, theme)
    form = opened_form(page, model="models:/formed/1")
    form.get_by_label("Group").select_option("tight")
    replicas(form).fill("0")
    form.get_by_role("button", name="Add secret").click()
    form.locator("summary", has_text="Advanced").click()
    form.get_by_role("button", name="Deploy", exact=True).click()
    page.add_script_tag(path=str(ROOT / "node_modules/axe-core/axe.min.js"))
    found = page.evaluate(f"axe.run('{PANEL}', {{resultTypes: ['violations']}})")
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
    pictured(page, theme.rsplit(maxsplit=1)[-1].lower())
    left(page, form)


def test_a_variable_of_the_kernel_is_deployed_by_its_line(page: Page, lab: Jupyter, client: Client, registered: str) -> None:
    use_theme(page, "JupyterLab Light")
    open_notebook(page, lab, "form.ipynb", [NOTEBOOK])
    run_all(page)
    page.wait_for_function("window.jupyterapp.shell.currentWidget.content.activeCell.model.executionCount === 1")
    form = opened_form(page)
    form.get_by_role("tab", name="Kernel").click()
    form.get_by_role("radio", name="formed_clf LogisticRegression").check()
    assert form.get_by_label("The code").inner_text() == "%deploy formed_clf"
    form.get_by_role("button", name="Deploy", exact=True).click()
    page.locator(f"{PANEL} .mdl-Head-name", has_text="formed_clf").wait_for(timeout=60_000)
    assert client.get("formed-clf").wait("deployed", timeout=60).name == "formed_clf"
