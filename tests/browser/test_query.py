"""The tab Query beside a notebook: a row of its data, the kernel's own answer, named inputs, refusals, and large answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mdeploy_lab.client.sync import Client
from tests.browser.conftest import screenshots
from tests.browser.notebooks import IDLE, open_notebook, run_all
from tests.browser.test_panel import use_theme
from tests.server.jupyter import ROOT, Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

TRAINING = (
    "%reload_ext mdeploy_lab\n"
    "import pandas as pd\n"
    "from sklearn.linear_model import LogisticRegression\n"
    'df = pd.DataFrame({"size": [50.5, 60.0, 70.0, 80.0], "rooms": [1.0, 2.0, 3.0, 4.0], "sold": [0, 0, 1, 1]})\n'
    'X = df[["size", "rooms"]]\n'
    "clf = LogisticRegression().fit(X, df.sold)\n"
    "other = LogisticRegression().fit(X, 1 - df.sold)\n"
)
CELLS = (
    TRAINING,
    "%deploy clf --name houses --input-example X",
    "print('trained')",
)
HOUSES = "#mdeploy-main-houses"
TENSORS = "#mdeploy-main-tensors"


@pytest.fixture(scope="module")
def tensors(client: Client, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A public model of two named tensors, which also breaks, and answers much, when it is told to."""
    import mlflow.pyfunc
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types.schema import Schema, TensorSpec

    class Sums(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is untyped here
        def predict(self, context: object, model_input: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            first = int(model_input["b"][0])
            if first < 0:
                raise KeyError("no price for a negative size")
            more = np.ones(first * 10_000) if first > 100 else np.array(model_input["a"].shape)
            return {"sum": model_input["a"].sum(axis=1) + model_input["b"], "more": more}

    one, several = np.dtype("int64"), np.dtype("float64")
    signature = ModelSignature(
        Schema([TensorSpec(several, (-1, 3), "a"), TensorSpec(one, (-1,), "b")]),
        Schema([TensorSpec(several, (-1,), "sum"), TensorSpec(several, (-1,), "more")]),
    )
    path = tmp_path_factory.mktemp("model") / "sums"
    mlflow.pyfunc.save_model(path, python_model=Sums(), signature=signature, pip_requirements=[])
    return str(client.deploy(str(path), name="tensors", public=True, timeout=120).id)


@pytest.fixture(scope="module")
def book(opened: Page, lab: Jupyter, tensors: str) -> Page:
    """A notebook that trained and deployed a model, and the tab Query of both deployments."""
    open_notebook(opened, lab, "asks.ipynb", CELLS)
    run_all(opened)
    opened.get_by_text("trained", exact=True).wait_for(timeout=90_000)
    opened.wait_for_function(IDLE)
    for name in ("houses", tensors):
        show(opened, name)
    return opened


def show(page: Page, name: str, tab: str = "query") -> Locator:
    page.evaluate("args => window.jupyterapp.commands.execute('mdeploy:show', args)", {"id": name, "tab": tab, "wide": True})
    return page.locator(f"#mdeploy-main-{name}")


def send(view: Locator, status: str = "200 OK") -> None:
    view.get_by_role("button", name="Send").click()
    view.locator(".mdl-Query-result").get_by_text(status).wait_for()


def edit_as(view: Locator, name: str) -> None:
    view.get_by_role("radiogroup", name="Edit as").get_by_role("radio", name=name).check()


def picture(page: Page, name: str) -> None:
    folder = screenshots()
    if folder is not None:
        for theme in ("JupyterLab Dark", "JupyterLab Light"):
            use_theme(page, theme)
            page.wait_for_selector("#jupyterlab-splash", state="detached")
            page.screenshot(path=str(folder / f"query-{name}-{theme.split()[1].lower()}.png"))


def test_the_models_own_row_is_in_the_form_and_is_answered(page: Page, book: Page) -> None:
    view = show(page, "houses")
    assert view.get_by_label("size").input_value() == "50.5"
    send(view)
    view.get_by_text("Revision 1", exact=True).wait_for()
    view.get_by_text("Replica houses-1-").wait_for()
    view.get_by_role("region", name="Output answer").get_by_role("row", name="0 0").wait_for()


def test_rows_of_the_notebook_are_answered_beside_the_kernels_model(page: Page, book: Page) -> None:
    view = show(page, "houses")
    view.get_by_text("Rows of the notebook").click()
    view.get_by_label("Frame").locator("option", has_text="df: DataFrame, 4 rows").wait_for(state="attached")
    view.get_by_label("Frame").select_option("df")
    view.get_by_label("First row").fill("1")
    view.get_by_label("Rows", exact=True).fill("3")
    view.get_by_role("button", name="Take rows").click()
    assert view.get_by_label("size, row 2").input_value() == "80"
    view.get_by_label("Compare with").select_option("clf")
    send(view)
    view.get_by_text("clf in the kernel answers the same for all 3 rows").wait_for()
    view.get_by_label("Compare with").select_option("other")
    send(view)
    view.get_by_text("other in the kernel answers otherwise for 3 of 3 rows").wait_for()
    assert view.get_by_text("differs", exact=True).count() == 3
    picture(page, "kernel")


def test_the_cell_of_a_request_answers_in_the_notebook(page: Page, book: Page) -> None:
    view = show(page, "houses")
    view.get_by_role("button", name="Show as a cell").click()
    line = page.get_by_role("dialog", name="Show as a cell")
    assert 'md.get("houses").predict(df.iloc[1:4])' in line.inner_text()
    page.keyboard.press("Escape")
    edit_as(view, "JSON")
    view.get_by_label("Body").fill('{"dataframe_split": {"columns": ["size", "rooms"], "data": [[80.0, 4.0]]}}')
    view.get_by_role("button", name="Show as a cell").click()
    assert "%%deploy predict houses" in line.inner_text()
    page.keyboard.press("Escape")


def test_a_spreadsheet_is_pasted_and_a_fault_is_named(page: Page, book: Page) -> None:
    view = show(page, "houses")
    edit_as(view, "Table")
    page.evaluate("navigator.clipboard.writeText('rooms\\tsize\\n1\\t50\\nmany\\t81\\n')")
    view.get_by_label("size, row 0").focus()
    page.keyboard.press("Control+v")
    view.get_by_text("Row 1, rooms: A number is needed").wait_for()
    assert view.get_by_role("button", name="Send").get_attribute("aria-disabled") == "true"
    view.get_by_label("rooms, row 1").fill("4")
    page.keyboard.press("Control+Enter")
    view.get_by_role("region", name="Output answer").get_by_role("row", name="1 1").wait_for()


def test_what_was_typed_and_answered_is_there_after_another_tab(page: Page, book: Page) -> None:
    view = show(page, "houses")
    edit_as(view, "Form")
    view.get_by_label("size").fill("99.25")
    view.get_by_role("tab", name="History").click()
    view.get_by_role("region", name="History").wait_for()
    view.get_by_role("tab", name="Query").click()
    assert view.get_by_label("size").input_value() == "99.25"
    view.locator(".mdl-Query-result").get_by_text("200 OK").wait_for()


def test_an_earlier_query_is_sent_again(page: Page, book: Page) -> None:
    view = show(page, "houses")
    view.get_by_text("Queries (4)").click()
    view.get_by_role("button", name="Replay").last.click()
    view.get_by_text("Queries (5)").wait_for()


def test_named_inputs_have_an_editor_and_an_answer_each_in_two_dialects(page: Page, book: Page) -> None:
    view = show(page, "tensors")
    view.get_by_label("Values of a").fill("[[1, 2, 3], [4, 5]]")
    view.get_by_text("The lists have different lengths").first.wait_for()
    view.get_by_label("Values of a").fill("[[1, 2, 3], [4, 5, 6]]")
    view.get_by_label("Values of b").fill("[10, 20]")
    for dialect in ("MLflow scoring server", "Open Inference Protocol v2"):
        view.get_by_label("Dialect").select_option(label=dialect)
        send(view)
        view.get_by_role("region", name="Output sum").get_by_role("row", name="1 35.0").wait_for()
        view.get_by_role("region", name="Output more").get_by_role("row", name="1 3").wait_for()
    picture(page, "inputs")


def test_the_curl_line_that_is_copied_works(page: Page, book: Page) -> None:
    view = show(page, "tensors")
    view.get_by_label("Dialect").select_option(label="MLflow scoring server")
    view.get_by_role("button", name="Copy as curl").click()
    line = page.evaluate("navigator.clipboard.readText()")
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True, timeout=30)
    assert json.loads(done.stdout)["predictions"]["sum"] == [16.0, 35.0]


def test_the_script_of_a_dialect_without_text_works(page: Page, book: Page) -> None:
    view = show(page, "tensors")
    view.get_by_label("Dialect", exact=True).select_option(label="gRPC (Open Inference Protocol v2)")
    view.get_by_role("button", name="Copy as Python").click()
    script = page.evaluate("navigator.clipboard.readText()")
    picture(page, "script")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=30)
    assert b"'sum': array(" in done.stdout
    view.get_by_label("Dialect", exact=True).select_option(label="MLflow scoring server")


def test_the_models_own_error_says_what_it_was(page: Page, book: Page) -> None:
    view = show(page, "tensors")
    view.get_by_label("Values of b").fill("[-1, 0]")
    send(view, "500 Internal Server Error")
    view.get_by_text("own code failed for this request").wait_for()
    assert "KeyError" in view.get_by_role("alert").first.inner_text()
    view.get_by_role("button", name="Show the logs").wait_for()
    picture(page, "error")


def test_a_large_answer_is_cut_and_downloaded_whole(page: Page, book: Page, tmp_path: Path) -> None:
    view = show(page, "tensors")
    view.get_by_label("Values of b").fill("[120, 0]")
    send(view)
    view.get_by_text("this is its beginning").wait_for()
    with page.expect_download() as coming:
        view.get_by_role("button", name="Download the whole answer").click()
    coming.value.save_as(tmp_path / "answer.json")
    assert len(json.loads((tmp_path / "answer.json").read_text())["predictions"]["more"]) == 1_200_000


@pytest.mark.parametrize("theme", ["JupyterLab Dark", "JupyterLab Light"])
def test_axe_finds_nothing_wrong(page: Page, book: Page, theme: str) -> None:
    use_theme(page, theme)
    page.add_script_tag(path=str(ROOT / "node_modules/axe-core/axe.min.js"))
    for name in ("houses", "tensors"):
        show(page, name).get_by_role("button", name="Send").wait_for()
        found = page.evaluate(f"axe.run('#mdeploy-main-{name}', {{resultTypes: ['violations']}})")
        assert [f"{v['id']}: {v['nodes'][0]['html']}" for v in found["violations"]] == []
