"""One deployment in a real JupyterLab over the real engine: its state, its failures, its actions, and examples that are run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mdeploy_lab.client.sync import Client
from mdeploy_lab.paths import Home
from tests.browser.conftest import open_panel, screenshots
from tests.browser.test_panel import cut, mend, resize, use_theme
from tests.server.jupyter import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PRIVATE, PUBLIC, BROKEN = "details-private", "details-public", "details-broken"
SECONDS = 90.0
WIDE, NARROW = 900, 260
NEW_NOTEBOOK = """
async () => {
  const { commands, serviceManager } = window.jupyterapp;
  await serviceManager.ready;
  const book = await commands.execute('notebook:create-new', { kernelName: 'python3' });
  await book.context.ready;
}
"""
ACTIVE_CELL = "window.jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource()"
OVERFLOWING = """
view => {
  const end = view.getBoundingClientRect().right;
  const clipped = each => each !== view && (getComputedStyle(each).overflowX !== 'visible' || clipped(each.parentElement));
  return [...view.querySelectorAll('*')]
    .filter(each => each.getBoundingClientRect().right > end + 1 && !clipped(each.parentElement))
    .map(each => each.outerHTML.slice(0, 200));
}
"""
ROWS = '{"predictions":[0,1]}'


def panel(page: Page) -> Locator:
    return page.locator("#mdeploy-deployments")


def show(page: Page, name: str, tab: str = "Overview") -> Locator:
    """Open a deployment's tab; returns the panel."""
    open_panel(page)
    inside = panel(page)
    back = inside.get_by_role("button", name="All deployments")
    if back.count():
        back.click()
    inside.locator(f'.mdl-Card[data-id="{name}"] .mdl-Card-open').click()
    inside.get_by_role("tab", name=tab, exact=True).click()
    return inside


def section(page: Page, title: str) -> Locator:
    return panel(page).get_by_role("region", name=title, exact=True)


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of named columns, with rows that it came with."""
    import mlflow
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    rows = pd.DataFrame({"age": [31.0, 42.5, 55.0, 23.0], "plan": ["0", "1", "1", "0"]})
    numbers = rows.astype({"plan": float})
    fitted = LogisticRegression().fit(numbers, [0, 1, 1, 0])
    path = tmp_path_factory.mktemp("frame") / "model"
    signature = mlflow.models.infer_signature(numbers, fitted.predict(numbers))
    mlflow.sklearn.save_model(fitted, path, signature=signature, input_example=numbers.head(2), pip_requirements=[])
    return str(path)


@pytest.fixture(scope="module")
def served(client: Client, frame: str) -> Client:
    """A private and a public deployment of it."""
    client.deploy(frame, name="Private 🔒", id=PRIVATE, replicas=2, metadata={"team": 'risk "new"'}, wait=False)
    client.deploy(frame, name="Public", id=PUBLIC, public=True, wait=False)
    for name in (PRIVATE, PUBLIC):
        client.get(name).wait("deployed", timeout=SECONDS)
    return client


@pytest.fixture(autouse=True)
def wide(page: Page) -> None:
    open_panel(page)
    resize(page, WIDE)


def test_everything_that_is_known_is_shown_and_is_live(page: Page, served: Client) -> None:
    inside = show(page, PRIVATE)
    status, information = section(page, "Status"), section(page, "Information")
    status.get_by_text("answers with revision 1, the intended one").wait_for()
    assert "Private: clients with a token may ask" in status.inner_text()
    assert "2 of 2 ready" in information.inner_text()
    assert 'risk "new"' in section(page, "Metadata").inner_text()
    section(page, "Replicas").locator("tbody tr:nth-child(2)").wait_for()
    served.get(PRIVATE).update(replicas=1, description="written elsewhere", wait=False)
    information.get_by_text("written elsewhere").wait_for()
    information.get_by_text("1 of 1 ready").wait_for()
    section(page, "Replicas").locator("tbody tr:nth-child(2)").wait_for(state="detached", timeout=30_000)
    assert inside.locator(".mdl-Chip-deployed").count() > 0


def test_the_start_is_told_phase_by_phase(page: Page, served: Client) -> None:
    show(page, PRIVATE)
    rows = section(page, "Start-up").get_by_role("listitem")
    assert {row.split("\n")[0] for row in rows.all_inner_texts()} == {"Environment", "Download", "Load", "Warm-up", "Ready"}
    assert all(row.split("\n")[-1].endswith((" s", " ms")) for row in rows.all_inner_texts())


def code(page: Page, language: str) -> str:
    """Return the example that is shown in a language."""
    part = section(page, "Run an Example")
    part.get_by_role("tab", name=language, exact=True).click()
    part.get_by_role("tabpanel", name=language, exact=True).locator(".mdl-Line-code").wait_for()
    return part.locator(".mdl-Line-code").inner_text()


def run(*command: str, given: str = "", **environment: str) -> str:
    done = subprocess.run(
        command,
        input=given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, "NO_PROXY": "*", "no_proxy": "*", **environment},
        start_new_session=True,  # without a terminal getpass reads what is given
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_examples_of_a_public_one_run_as_they_are(page: Page, served: Client, home: Home) -> None:
    show(page, PUBLIC)
    curl = code(page, "curl")
    assert "31.0" in curl
    assert ROWS in run("bash", "-c", curl)
    assert "[ 0, 1 ]" in run("node", "--input-type=module", "-e", code(page, "JavaScript"))
    text = "\n".join(code(page, language) for language in ("Python", "requests", "MLflow client"))
    out = run(sys.executable, "-W", "ignore", "-c", text, MDEPLOY_HOME=str(home.root), PYTHONPATH=str(ROOT))
    assert out.splitlines() == ["[0 1]", *2 * ["{'predictions': [0, 1]}"]]


def test_the_examples_of_a_private_one_ask_for_the_token(
    page: Page, served: Client, home: Home, tmp_path_factory: pytest.TempPathFactory
) -> None:
    token = served.get(PRIVATE).clients.add("web").token
    assert token is not None
    kept = tmp_path_factory.mktemp("token") / "web.curl"
    token.save(kept)
    show(page, PRIVATE)
    code(page, "curl")
    section(page, "Run an Example").get_by_text("-u web").wait_for()
    curl = code(page, "curl")
    assert token.reveal() not in curl
    assert ROWS in run("bash", "-c", curl.replace("curl -u web", f"curl -K {kept}"))
    script = code(page, "JavaScript")
    assert "[ 0, 1 ]" in run("node", "--input-type=module", "-e", script, MDEPLOY_CLIENT_TOKEN=token.reveal())
    asked = run(sys.executable, "-W", "ignore", "-c", code(page, "requests"), given=token.reveal() + "\n")
    assert "{'predictions': [0, 1]}" in asked
    assert run(
        sys.executable, "-W", "ignore", "-c", code(page, "Python"), MDEPLOY_HOME=str(home.root), PYTHONPATH=str(ROOT)
    ).startswith("[0 1]")


def test_another_dialect_is_asked_as_shown(page: Page, served: Client) -> None:
    show(page, PUBLIC)
    part = section(page, "Run an Example")
    part.get_by_role("tab", name="curl", exact=True).click()
    part.get_by_label("Dialect").select_option("oip")
    assert '"outputs"' in run("bash", "-c", part.locator(".mdl-Line-code").inner_text())


def test_a_failure_shows_its_cause_and_its_evidence(
    page: Page, client: Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    client.deploy(broken(tmp_path_factory), name="<script>Broken</script>", id=BROKEN, wait=False)
    open_panel(page)
    show(page, BROKEN)
    status = section(page, "Status")
    status.get_by_text("the model needs the library 'not_there_at_all', which is not installed", exact=True).wait_for(
        timeout=SECONDS * 1000
    )
    evidence = status.locator(".mdl-Evidence pre")
    assert not evidence.is_visible()
    status.get_by_text("Evidence", exact=True).click()
    assert "ModuleNotFoundError" in evidence.inner_text()
    fix = client.get(BROKEN).status.failure.fix  # type: ignore[union-attr]  # it failed
    assert status.locator(".mdl-Fix .mdl-Line-code").inner_text() == fix
    assert "nothing answers now" in status.inner_text()
    insert = status.locator(".mdl-Fix").get_by_role("button", name="Insert into the notebook")
    assert insert.get_attribute("title") == "Open a notebook first"
    page.evaluate(NEW_NOTEBOOK)
    insert.click()
    status.locator(".mdl-Fix").get_by_text("Inserted").wait_for()
    assert page.evaluate(ACTIVE_CELL) == fix


def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    import mlflow.pyfunc

    class Broken(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is untyped here
        def load_context(self, context: object) -> None:
            import not_there_at_all  # type: ignore[import-not-found]  # noqa: F401

        def predict(self, model_input: list[float]) -> list[float]:
            return model_input

    path = tmp_path_factory.mktemp("broken") / "model"
    mlflow.pyfunc.save_model(path, python_model=Broken(), pip_requirements=[])
    return str(path)


def test_it_stops_and_starts_from_its_head(page: Page, served: Client) -> None:
    inside = show(page, PUBLIC)
    inside.get_by_role("button", name="Stop Public", exact=True).click()
    inside.get_by_role("button", name="Really stop Public?").click()
    section(page, "Status").get_by_text("Stopped", exact=True).wait_for(timeout=30_000)
    assert "stopped: it answers 503" in section(page, "Status").inner_text()
    inside.get_by_role("button", name="Start Public", exact=True).press("Enter")
    section(page, "Status").get_by_text("answers with revision 1, the intended one").wait_for(timeout=SECONDS * 1000)


def test_without_a_connection_it_says_so_and_changes_nothing(page: Page, served: Client) -> None:
    inside = show(page, PUBLIC)
    stop = inside.get_by_role("button", name="Stop Public", exact=True)
    cut(page)
    page.wait_for_function("document.querySelector('.mdl-Head-actions .mdl-Button').title.startsWith('No connection')")
    assert stop.get_attribute("aria-disabled") == "true"
    mend(page)
    page.wait_for_function("document.querySelector('.mdl-Head-actions .mdl-Button').title === ''")


def test_where_it_is_narrow_the_actions_are_a_menu_with_their_lines(page: Page, served: Client) -> None:
    resize(page, NARROW)
    inside = show(page, PUBLIC)
    inside.get_by_role("button", name="Actions").click()
    menu = page.locator(".mdl-Popover")
    menu.get_by_role("button", name="Show the %deploy line: Stop Public").click()
    assert menu.locator(".mdl-Line-code").inner_text() == f"%deploy stop {PUBLIC}"
    page.keyboard.press("Escape")
    menu.wait_for(state="detached")
    section(page, "Run an Example").locator(".mdl-Line-code").wait_for()
    assert inside.locator(".mdl-Overview").evaluate(OVERFLOWING) == []


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_wrong(page: Page, served: Client, theme: str) -> None:
    use_theme(page, theme)
    page.add_script_tag(path=str(ROOT / "node_modules/axe-core/axe.min.js"))
    folder = screenshots()
    for name in (PRIVATE, BROKEN):
        show(page, name)
        section(page, "Run an Example").wait_for()
        found = page.evaluate("axe.run('#mdeploy-deployments', {resultTypes: ['violations']})")
        assert [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found["violations"]] == []
        if folder is not None:
            picture(page, folder, f"{name}-{theme.split()[1].lower()}")
    use_theme(page, "JupyterLab Light")


def picture(page: Page, folder: Path, name: str) -> None:
    for width in (NARROW, 600, WIDE):
        resize(page, width)
        page.screenshot(path=str(folder / f"{name}-{width}.png"))
    resize(page, WIDE)


def test_deleting_wants_the_name_and_leaves_the_way_back(page: Page, served: Client) -> None:
    inside = show(page, PUBLIC)
    inside.get_by_role("button", name="Delete Public", exact=True).click()
    dialog = page.get_by_role("dialog", name="Delete Public?")
    delete = dialog.get_by_role("button", name="Delete", exact=True)
    assert delete.get_attribute("aria-disabled") == "true"
    dialog.get_by_label("Type Public to confirm").fill("Public")
    page.keyboard.press("Enter")
    inside.get_by_text("It was deleted. This is how it was when last seen.").wait_for(timeout=30_000)
    inside.get_by_role("button", name="Show all").click()
    inside.locator(f'.mdl-Card[data-id="{PUBLIC}"]').wait_for(state="detached")
    assert PUBLIC not in [d.id for d in served.deployments()]
