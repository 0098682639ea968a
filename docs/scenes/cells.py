"""In and around a notebook: cells, menus, the status bar, what runs, notifications, and Notebook 7."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenes.stage import Scene, Stage
from tests.browser.notebooks import IDLE, open_notebook, run_all
from tests.browser.test_panel import resize

if TYPE_CHECKING:
    from playwright.sync_api import Locator

TRAIN = (
    "import mdeploy_lab as md\n"
    "from sklearn.datasets import load_wine\n"
    "from sklearn.ensemble import RandomForestClassifier\n\n"
    'X, y = load_wine(return_X_y=True, as_frame=True)\nX = X[["alcohol", "malic_acid", "ash", "hue", "proline"]]\n'
    "clf = RandomForestClassifier(50, random_state=0).fit(X, y)"
)
DEPLOY = "%deploy clf --name wines --input-example X"
WIDGET = (
    "import ipywidgets\n"
    'd = md.get("wines")\nw = d.widget()\nsays = ipywidgets.Label(value=f"{d.name} is {d.state}")\n'
    'w.observe(lambda c: setattr(says, "value", f"{d.name} is {c.new}"), "state")\n'
    "ipywidgets.VBox([says, w])"
)
LAST = "'ready'"


def notebook(stage: Stage, name: str, *sources: str, settled: str = "") -> None:
    """Run cells in a notebook of their own, and scroll to the last one."""
    open_notebook(stage.page, stage.lab, f"{name}.ipynb", [TRAIN, *sources])
    stage.lay("wide")
    run_all(stage.page)
    stage.page.wait_for_function(
        "document.querySelectorAll('.jp-Notebook .jp-CodeCell .jp-OutputArea-output').length > 0", timeout=120_000
    )
    stage.page.wait_for_function(IDLE, timeout=120_000)
    if settled:
        out(stage).locator(settled).first.wait_for(timeout=60_000)
    stage.settle(out(stage))
    stage.page.wait_for_timeout(500)


def out(stage: Stage) -> Locator:
    """Return the outputs of the notebook that is open."""
    return stage.page.locator(".jp-Notebook:visible")


def to(stage: Stage, cell: int) -> None:
    """Scroll a cell to the top."""
    stage.page.locator(".jp-Notebook:visible .jp-Cell").nth(cell).evaluate("cell => cell.scrollIntoView({block: 'start'})")
    stage.page.wait_for_timeout(500)


def card(stage: Stage) -> None:
    """Deploy from a cell."""
    notebook(stage, "wines", DEPLOY, settled=".mdl-Card")


def logs(stage: Stage) -> None:
    """Follow a log in a cell."""
    notebook(stage, "logs", 'md.get("basket-price").logs(follow=True)', settled=".mdl-LogList")
    to(stage, 1)


def query(stage: Stage) -> None:
    """Ask in a cell."""
    notebook(stage, "query", 'md.get("churn").query()', settled="[role=tabpanel]")
    to(stage, 1)


def grid(stage: Stage) -> None:
    """Show all deployments in a cell."""
    notebook(stage, "grid", "%deploy", settled=".mdl-Card")
    to(stage, 1)


def widget(stage: Stage) -> None:
    """Compose a widget with others."""
    notebook(stage, "widget", DEPLOY, WIDGET, settled=".mdl-Card")
    to(stage, 2)


def beside(stage: Stage) -> None:
    """Compare the endpoint's answer with the kernel's."""
    notebook(stage, "beside", DEPLOY)
    stage.command("mdeploy:show", id="wines", tab="query", wide=False)
    stage.page.evaluate("window.jupyterapp.shell.expandLeft()")
    resize(stage.page, 640)
    panel = stage.page.locator("#mdeploy-deployments")
    panel.get_by_role("button", name="Send").wait_for()
    panel.get_by_role("radiogroup", name="Edit as").get_by_role("radio", name="Table").check()
    panel.get_by_text("Rows of the notebook").click()
    panel.get_by_label("Frame").select_option("X")
    panel.get_by_label("First row").fill("55")
    panel.get_by_label("Rows", exact=True).fill("6")
    panel.get_by_role("button", name="Take rows").click()
    panel.get_by_label("Compare with").select_option("clf")
    panel.get_by_role("button", name="Send").click()
    said = panel.get_by_text("in the kernel answers")
    said.wait_for()
    said.evaluate("said => said.scrollIntoView({block: 'center'})")


def variable(stage: Stage) -> None:
    """Open the menu of a variable."""
    notebook(stage, "menu", LAST)
    word = stage.page.locator(".jp-Notebook:visible .cm-line", has_text="clf = Random").first
    word.click(button="right", position={"x": 8, "y": 8})
    stage.page.locator(".lm-Menu").get_by_text("Deploy this model").wait_for()
    stage.page.wait_for_timeout(1000)


def unmenu(stage: Stage) -> None:
    """Close the menu."""
    stage.page.keyboard.press("Escape")


def kernel_form(stage: Stage) -> None:
    """Choose a variable of the kernel in the form."""
    notebook(stage, "form", LAST)
    stage.command("mdeploy:create", wide=False, model="clf")
    stage.page.evaluate("window.jupyterapp.shell.expandLeft()")
    resize(stage.page, 600)
    form = stage.page.locator("#mdeploy-deployments .mdl-Form")
    form.wait_for()
    tab = form.get_by_role("tab", name="Kernel")
    tab.click()
    form.get_by_role("radio", name="clf").first.check()
    form.get_by_label("Deployment Name").fill("Wines")
    stage.to(form.locator(".mdl-Part").first)


def running(stage: Stage) -> None:
    """Show what runs, and a notification."""
    stage.page.evaluate("window.jupyterapp.shell.expandLeft()")
    stage.command("running:show-panel")
    resize(stage.page, 300)
    stage.command("mdeploy:show", id="iris", tab="overview", wide=True)
    stage.client.get("iris").stop()
    stage.client.get("iris").wait("stopped", timeout=60)
    stage.command("mdeploy:start", id="iris")
    stage.page.locator(".Toastify__toast").first.wait_for()
    stage.page.locator(".jp-RunningSessions-item", has_text="churn").first.wait_for()


SCENES = (
    Scene("cell-deploy", card, ("wide",)),
    Scene("cell-logs", logs, ("wide",)),
    Scene("cell-query", query, ("wide",)),
    Scene("cell-grid", grid, ("wide",)),
    Scene("cell-widget", widget, ("wide",)),
    Scene("beside", beside, ("wide",)),
    Scene("menu", variable, ("wide",), unmenu),
    Scene("create-kernel", kernel_form, ("wide",)),
    Scene("running", running, ("wide",)),
)
