"""How quick the log is in Chromium: mounting 100 000 lines, a search in them, and frames while 1 000 lines a second arrive."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.jupyter import FLAGS
from benchmarks.places import fresh_home, here
from benchmarks.report import Row, Section

LINES, FILL_RATE, RATE = 100_000, 4000, 1000
MOUNTS = 7
SECONDS = 5
PANEL = "#mdeploy-deployments"
PAINTED = """
const painted = test => new Promise(resolve => {
  const look = () => test() ? requestAnimationFrame(() => resolve(performance.now())) : requestAnimationFrame(look);
  look();
});
"""
MOUNT = (
    "async tab => {"
    + PAINTED
    + """
  const began = performance.now();
  tab.click();
  return await painted(() => document.querySelector('#mdeploy-deployments .mdl-LogLine')) - began;
}"""
)
SEARCH = (
    "async text => {"
    + PAINTED
    + """
  const field = document.querySelector('#mdeploy-deployments .mdl-LogSearch input');
  const began = performance.now();
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, text);
  field.dispatchEvent(new Event('input', {bubbles: true}));
  return await painted(() => document.querySelector('#mdeploy-deployments .mdl-LogSearch-count').textContent) - began;
}"""
)
FRAMES = """
seconds => new Promise(resolve => {
  const start = performance.now();
  let frames = 0;
  const step = now => {
    frames += 1;
    now - start < 1000 * seconds ? requestAnimationFrame(step) : resolve(1000 * frames / (now - start));
  };
  requestAnimationFrame(step);
})
"""
HELD = r"count => Number(document.querySelector('.mdl-LogsFoot-text').textContent.split(' ')[0].replace(/\D/g, '')) >= count"


def measure(*, quick: bool) -> Section:
    """Return the section."""
    import mdeploy_lab as md
    from tests.server.jupyter import Jupyter

    with tempfile.TemporaryDirectory(prefix="mdl-bench-") as name, fresh_home() as environ, here(environ):
        folder = Path(name)
        deployment = md.deploy(_writer(folder / "model"), name="logged", timeout=180)
        server = Jupyter(
            folder / "jupyter",
            Path(environ["MDEPLOY_HOME"]),
            command="lab",
            environment={"XDG_RUNTIME_DIR": environ["XDG_RUNTIME_DIR"]},
            arguments=("--LabApp.expose_app_in_browser=True",),
        )
        server.folder.mkdir()
        server.start()
        try:
            rows = _rows(server, deployment, quick=quick)
        finally:
            server.stop()
    return Section(
        "The log",
        "A real JupyterLab in Chromium, without a graphics card, over the real engine. The lines come over the WebSocket into "
        "a tab of the main area; the panel shares them, and mounts them from its tab Logs. Frames are counted in the page "
        "with both in sight.",
        tuple(rows),
    )


def _writer(path: Path) -> str:
    """Save a model that logs ``count`` lines at ``rate`` lines a second when it is asked ``count:rate``."""
    import mlflow.pyfunc

    class Writer(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is untyped here
        def predict(self, model_input: list[str]) -> list[str]:
            import logging
            import threading
            import time

            count, rate = (int(part) for part in model_input[0].split(":"))

            def write() -> None:
                begun = time.monotonic()
                for number in range(count):
                    logging.getLogger("writer").info("row %d of \x1b[32m%d\x1b[0m was scored in 12 ms", number, count)
                    ahead = begun + number / rate - time.monotonic()
                    if ahead > 0.01:  # a model's own function travels alone
                        time.sleep(ahead)

            threading.Thread(target=write, daemon=True).start()
            return model_input

    mlflow.pyfunc.save_model(path, python_model=Writer(), pip_requirements=[])
    return str(path)


def _rows(server: Any, deployment: Any, *, quick: bool) -> list[Row]:
    from playwright.sync_api import sync_playwright

    lines, mounts = (10_000, 3) if quick else (LINES, MOUNTS)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            page = chromium.new_page(viewport={"width": 1280, "height": 800})
            _open(page, server)
            deployment.predict([f"{lines}:{FILL_RATE}"])
            page.wait_for_function(HELD, arg=lines * 0.99, timeout=120_000)
            mount = statistics.median(_mount(page) for _ in range(mounts))
            search = statistics.median(page.evaluate(SEARCH, f"row {number}{number}") for number in range(1, mounts + 1))
            page.evaluate(SEARCH, "row 1")
            page.locator(f"{PANEL} .mdl-LogSearch input").fill("")
            deployment.predict([f"{(SECONDS + 3) * RATE}:{RATE}"])
            frames = page.evaluate(FRAMES, SECONDS)
        finally:
            chromium.close()
    shown = f"{lines:,}".replace(",", " ")
    return [
        Row(f"mounting {shown} lines, from the click to what is painted", f"{mount:.0f} ms", "≤ 100 ms", runs=mounts),
        Row(f"a search in {shown} lines, from the key to the count", f"{search:.0f} ms", runs=mounts),
        Row(f"frames while {RATE} lines a second arrive", f"{frames:.0f} a second", "≥ 55"),
    ]


def _open(page: Any, server: Any) -> None:
    """Show the log in a tab of the main area, and the deployment's overview in the panel."""
    page.goto(f"{server.url}lab?token={server.token}&reset", timeout=60_000)
    page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=60_000)
    page.locator('[data-id="mdeploy-deployments"]').click()
    page.locator(f"{PANEL} .mdl-Card-open").click(timeout=60_000)
    page.locator(PANEL).get_by_role("tab", name="Logs").click()
    page.locator(PANEL).get_by_role("button", name="main area").click()
    page.locator("#jp-main-dock-panel .mdl-LogList").wait_for()
    page.locator(PANEL).get_by_role("tab", name="Overview").click()


def _mount(page: Any) -> float:
    page.locator(PANEL).get_by_role("tab", name="Overview").click()
    page.locator(f"{PANEL} .mdl-LogLine").first.wait_for(state="detached")
    tab = page.evaluate_handle(
        f"() => [...document.querySelectorAll('{PANEL} [role=tab]')].find(e => e.textContent === 'Logs')"
    )
    return float(page.evaluate(MOUNT, tab))
