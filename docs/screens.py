"""Take a picture of every screen of the interface, narrow, middling and wide, light and dark, into docs/images: `make screens`.

Everything in the pictures is real: an engine, models on real data, a JupyterLab, Debian's Chromium.
"""  # noqa: INP001  # a script of the documentation

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402  # after the path of this repository
from playwright.sync_api import sync_playwright  # noqa: E402
from sklearn.datasets import load_breast_cancer, load_iris  # noqa: E402
from sklearn.ensemble import RandomForestClassifier  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

from mdeploy_lab.client.sync import Client  # noqa: E402
from mdeploy_lab.errors import DeployFailed  # noqa: E402
from tests.browser.conftest import CHROMIUM, FLAGS, open_panel, ready  # noqa: E402
from tests.browser.notebooks import open_notebook, run_all  # noqa: E402
from tests.browser.test_panel import resize, use_theme  # noqa: E402
from tests.server.jupyter import Jupyter, engine_home  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FloatRect, Page

IMAGES = ROOT / "docs" / "images"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
NARROW, MIDDLE = 260, 600
COLOURS = 128
CONFIG = """
[groups.risk.quota]
cpu = 4
memory = "8Gi"
deployments = 6
"""
CELLS = (
    (
        "import mdeploy_lab as md\n"
        "from sklearn.datasets import load_breast_cancer\n"
        "from sklearn.linear_model import LogisticRegression\n"
        "from sklearn.pipeline import make_pipeline\n"
        "from sklearn.preprocessing import StandardScaler\n"
        "X, y = load_breast_cancer(return_X_y=True, as_frame=True)\n"
        "clf = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)"
    ),
    "%deploy clf --name tumours-live --input-example X",
    "md.get('tumours').query()",
)


def seed(client: Client) -> None:
    """Deploy what the pictures show."""
    x, y = load_breast_cancer(return_X_y=True, as_frame=True)
    first = make_pipeline(StandardScaler(), LogisticRegression(C=0.1)).fit(x, y)
    second = make_pipeline(StandardScaler(), LogisticRegression(C=10)).fit(x, y)
    tumours = client.deploy(
        first, name="tumours", group="risk", input_example=x.head(), metadata={"team": "oncology", "data": "Wisconsin 1995"},
        description="Malignant or benign, from a needle's sample", message="first model", env={"TZ": "UTC"},
    )  # fmt: skip
    tumours.update(model=second, input_example=x.head(), message="less regularisation")
    tumours.rollback(to=1, message="the first one was better at the edge")
    tumours.update(replicas=2, api_name="tumours", message="two for the night")
    tumours.clients.add("web")
    tumours.clients.add("nightly_batch")
    for rows in (1, 3, 2):
        tumours.predict(x.head(rows))
    iris_x, iris_y = load_iris(return_X_y=True, as_frame=True)
    forest = RandomForestClassifier(50, random_state=0).fit(iris_x, iris_y)
    client.deploy(forest, name="Iris species", id="iris", public=True, input_example=iris_x.head())
    client.deploy(forest, name="churn", group="risk", instance_type="nano", input_example=iris_x.head()).stop()
    os.environ.pop("PRICES_KEY", None)
    with suppress(DeployFailed):  # this one is to fail: the pictures show how that looks
        client.deploy(forest, name="prices", secret_env={"KEY": "env:PRICES_KEY"}, input_example=iris_x.head(), timeout=60)


def keep(page: Page, name: str, clip: FloatRect | None = None) -> None:
    """Take a picture and keep it with few colours."""
    shot = Image.open(io.BytesIO(page.screenshot(**({"clip": clip} if clip else {}))))
    few = shot.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(IMAGES / f"{name}.png", optimize=True)
    print(f"{name}.png")  # noqa: T201


def command(page: Page, name: str, args: dict[str, Any] | None = None) -> None:
    """Run a command of JupyterLab."""
    page.evaluate("([name, args]) => void window.jupyterapp.commands.execute(name, args)", [name, args or {}])


def leave(page: Page, where: str) -> None:
    """Go back from a form, whatever it says."""
    for label in ("Back to the details", "All deployments"):
        button = page.locator(where).get_by_role("button", name=label)
        if button.count():
            button.first.click()
            page.wait_for_timeout(200)


def settle(page: Page, where: str) -> None:
    """Wait until nothing loads and pictures do not move."""
    page.wait_for_timeout(300)
    page.locator(f"{where} [aria-busy=true]").first.wait_for(state="detached")
    page.wait_for_timeout(700)


Screen = Callable[["Page", bool], str]
"""Shows a screen, in the main area or in the panel; returns the selector of what holds it."""


def tab(id_: str, name: str) -> Screen:
    """Return the screen of a tab of a deployment."""

    def show(page: Page, wide: bool) -> str:  # noqa: FBT001  # a screen's own question
        command(page, "mdeploy:show", {"id": id_, "tab": name, "wide": wide})
        where = f"#mdeploy-main-{id_}" if wide else "#mdeploy-deployments"
        page.locator(f"{where} [role=tabpanel]").first.wait_for()
        if name == "query":
            page.locator(where).get_by_role("button", name="Send").first.click()
        return where

    return show


def grid(page: Page, wide: bool) -> str:  # noqa: FBT001
    """Show all deployments."""
    if wide:
        command(page, "mdeploy:open-main")
        where = "#mdeploy-main"
    else:
        where = "#mdeploy-deployments"
        open_panel(page)
        leave(page, where)
    page.locator(f"{where} .mdl-Card").first.wait_for()
    return where


def create(page: Page, wide: bool) -> str:  # noqa: FBT001
    """Show the form of a new deployment."""
    command(page, "mdeploy:create", {"model": "models:/tumours/2", "wide": wide})
    where = "#mdeploy-main" if wide else "#mdeploy-deployments"
    page.locator(f"{where} form").first.wait_for()
    return where


SCREENS: dict[str, Screen] = {
    "grid": grid,
    "overview": tab("tumours", "overview"),
    "failed": tab("prices", "overview"),
    "query": tab("tumours", "query"),
    "logs": tab("tumours", "logs"),
    "history": tab("tumours", "history"),
    "clients": tab("tumours", "clients"),
    "events": tab("tumours", "events"),
    "create": create,
}


def panels(page: Page, theme: str) -> None:
    """Take the pictures of the panel and of the main area."""
    for name, show in SCREENS.items():
        for width in (NARROW, MIDDLE):
            page.evaluate("window.jupyterapp.shell.expandLeft()")
            resize(page, width)
            where = show(page, False)
            settle(page, where)
            keep(page, f"{name}-{width}-{theme}", page.locator("#mdeploy-deployments").bounding_box())
        page.evaluate("window.jupyterapp.shell.collapseLeft()")
        where = show(page, True)
        settle(page, where)
        keep(page, f"{name}-wide-{theme}")
        page.evaluate("window.jupyterapp.shell.currentWidget?.close()")
        discard = page.get_by_role("dialog").get_by_role("button", name="Leave")
        if discard.count():
            discard.first.click()


def cells(page: Page, lab: Jupyter, theme: str) -> None:
    """Take the picture of a notebook that deploys."""
    open_notebook(page, lab, "tumours.ipynb", CELLS)
    use_theme(page, THEMES[theme])
    page.evaluate("window.jupyterapp.shell.collapseLeft()")
    run_all(page)
    page.locator(".jp-OutputArea .mdl-CellView [role=tabpanel]").wait_for(timeout=90_000)
    settle(page, ".jp-OutputArea")
    page.evaluate("document.querySelector('.jp-OutputArea .mdl-Card, .jp-OutputArea table')?.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(500)
    keep(page, f"cells-wide-{theme}")


@contextmanager
def laboratory() -> Iterator[tuple[Jupyter, Client]]:
    """Run a JupyterLab and an engine with deployments."""
    folder = Path(tempfile.mkdtemp(prefix="screens"))
    with engine_home() as home:
        home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        home.config.write_text(CONFIG, encoding="utf-8")
        with Client(home=home.root) as client:
            lab = Jupyter(folder, home.root, command="lab", arguments=("--LabApp.expose_app_in_browser=True",)).start()
            try:
                seed(client)
                yield lab, client
            finally:
                lab.stop()
                shutil.rmtree(folder, ignore_errors=True)


def take(browser: Browser, lab: Jupyter, theme: str) -> None:
    """Take all pictures of a theme."""
    context = browser.new_context(viewport={"width": 1200, "height": 920}, permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(30_000)
    page = context.new_page()
    ready(page, lab)
    use_theme(page, THEMES[theme])
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    open_panel(page)
    panels(page, theme)
    cells(page, lab, theme)
    context.close()


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(exist_ok=True)
    with laboratory() as (lab, _client), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for theme in THEMES:
            take(browser, lab, theme)
        browser.close()


if __name__ == "__main__":
    main()
