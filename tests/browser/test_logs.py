"""A log in a real JupyterLab over the real engine: live, searched, by replica, downloaded, and fast."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mdeploy_lab.client.deployment import Deployment
from mdeploy_lab.client.sync import Client
from tests.browser.conftest import open_panel, screenshots
from tests.browser.test_details import NARROW, WIDE, panel, picture, show
from tests.browser.test_panel import cut, mend, resize, use_theme
from tests.e2e.census import until
from tests.server.jupyter import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

NAME = "logged"
SECONDS = 90.0
FRAMES = 20
"""Frames a second under load that a test demands; benchmarks/ has the real number on a machine that does nothing else."""
STILL = """
async () => {
  const log = document.querySelector('.mdl-LogList');
  const before = log.scrollTop;
  await new Promise(resolve => setTimeout(resolve, 200));
  return log.scrollTop === before;
}
"""
COUNT_FRAMES = """
() => new Promise(resolve => {
  const start = performance.now();
  let frames = 0;
  const step = () => {
    frames += 1;
    const took = performance.now() - start;
    took < 2000 ? requestAnimationFrame(step) : resolve(frames / took * 1000);
  };
  requestAnimationFrame(step);
})
"""


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model that logs as many lines as it is asked for, each with its number."""
    import mlflow.pyfunc

    class Writer(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is untyped here
        def predict(self, model_input: list[str]) -> list[str]:
            import logging
            import threading
            import time

            log = logging.getLogger("writer")
            kind, text = model_input[0].split(":", 1)
            if kind == "lines":
                for number in range(int(text)):
                    log.info("row %d of \x1b[32m%s\x1b[0m", number, text)
            elif kind == "rate":

                def write() -> None:
                    for number in range(int(text) // 20 * 6):
                        for part in range(20):
                            log.info("fast %d", 20 * number + part)
                        time.sleep(20 / int(text))

                threading.Thread(target=write, daemon=True).start()
            else:
                getattr(log, kind)(text)
            return model_input

    path = tmp_path_factory.mktemp("writer") / "model"
    mlflow.pyfunc.save_model(path, python_model=Writer(), pip_requirements=[])
    return str(path)


@pytest.fixture(scope="module")
def logged(client: Client, writer: str) -> Deployment:
    return client.deploy(writer, name="Logged", id=NAME, replicas=2, timeout=SECONDS)


@pytest.fixture
def log(page: Page, logged: Deployment) -> Locator:
    """The log, opened anew and in live follow."""
    open_panel(page)
    resize(page, WIDE)
    show(page, NAME, "Logs")
    found = panel(page).get_by_role("log", name="Log of Logged")
    found.wait_for()
    return found


def say(logged: Deployment, what: str) -> None:
    ask: Any = logged.predict
    ask([what])


def test_lines_come_live_with_their_level(log: Locator, logged: Deployment) -> None:
    say(logged, "warning:the store is <b>slow</b>")
    line = log.locator(".mdl-mod-warning", has_text="the store is <b>slow</b>")
    line.wait_for()
    assert re.search(r"\d\d:\d\d:\d\d\.\d{3} \S+ WARNING writer: the store is <b>slow</b>$", line.inner_text())
    say(logged, "error:a very " + "long " * 20_000 + "line")
    log.get_by_text("more characters; Download has them").wait_for()


def test_scrolling_up_pauses_and_the_bottom_goes_on(page: Page, log: Locator, logged: Deployment) -> None:
    bottom = panel(page).get_by_role("button", name="Scroll to Bottom")
    say(logged, "lines:300")
    log.get_by_text("row 299 of 300").last.wait_for()
    assert bottom.get_attribute("aria-disabled") == "true"
    log.focus()
    page.keyboard.press("PageUp")
    page.wait_for_function("!document.querySelector('.mdl-LogsFoot .mdl-Button').ariaDisabled.includes('true')")
    page.wait_for_function(STILL)
    top = log.evaluate("each => each.scrollTop")
    say(logged, "lines:30")
    panel(page).get_by_text(re.compile(r"^3\d new lines$")).wait_for()  # and those of the requests
    assert log.evaluate("each => each.scrollTop") == top
    bottom.click()
    log.get_by_text("row 29 of 30").wait_for()
    log.focus()
    page.keyboard.press("Control+f")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Search in the log"


def test_the_search_counts_marks_and_goes_from_one_to_the_next(page: Page, log: Locator, logged: Deployment) -> None:
    say(logged, "info:needle (first)")
    say(logged, "lines:200")
    say(logged, "info:NEEDLE (second)")
    log.get_by_text("NEEDLE (second)").wait_for()
    field = panel(page).get_by_role("searchbox", name="Search in the log")
    field.fill("needle (")
    panel(page).get_by_text("2 lines", exact=True).wait_for()
    field.press("Enter")
    panel(page).get_by_text("2 of 2", exact=True).wait_for()
    field.press("Enter")
    panel(page).get_by_text("1 of 2", exact=True).wait_for()
    log.locator(".mdl-mod-current mark").wait_for()
    assert log.locator(".mdl-mod-current mark").inner_text() == "needle ("
    field.press("Escape")
    assert log.locator("mark").count() == 0


def test_one_replica_is_shown_alone(page: Page, log: Locator, logged: Deployment) -> None:
    replicas = panel(page).get_by_role("combobox", name="Replicas")
    options = replicas.locator("option")
    until("both replicas to be listed", lambda: options.count() == 3)
    one = str(options.nth(1).get_attribute("value"))
    replicas.select_option(one)
    log.wait_for()
    until("the lines of one", lambda: log.locator(".mdl-LogLine").count() > 0)
    assert log.locator(".mdl-LogLine-replica").count() == 0  # one writes, so no line says which
    replicas.select_option("")
    log.locator(".mdl-LogLine-replica").first.wait_for()


def test_the_download_has_everything(page: Page, log: Locator, logged: Deployment) -> None:
    with page.expect_download() as waited:
        panel(page).get_by_role("button", name="Download").click()
    assert waited.value.suggested_filename == f"{NAME}.log"
    text = Path(waited.value.path()).read_text(encoding="utf-8")
    assert "the store is <b>slow</b>" in text
    assert text.count("writer: row ") >= 530
    assert len(max(text.splitlines(), key=len)) > 100_000


def test_a_lost_connection_doubles_nothing(page: Page, log: Locator, logged: Deployment) -> None:
    say(logged, "info:before it was lost")
    log.get_by_text("before it was lost").wait_for()
    cut(page)
    panel(page).get_by_text("No connection: these are the lines until it was lost").wait_for()
    say(logged, "info:while it was lost")
    mend(page)
    log.get_by_text("while it was lost").wait_for(timeout=30_000)
    field = panel(page).get_by_role("searchbox", name="Search in the log")
    field.fill("it was lost")
    panel(page).get_by_text("2 lines", exact=True).wait_for()
    field.fill("")


def test_wrapping_and_time_stamps_are_a_matter_of_taste(page: Page, log: Locator, logged: Deployment) -> None:
    wrap = panel(page).get_by_role("button", name="Wrap long lines")
    say(logged, "info:" + "wide " * 300)
    log.get_by_text("wide wide").last.wait_for()
    assert log.evaluate("each => each.scrollWidth > each.clientWidth")
    wrap.click()
    until("lines to be wrapped", lambda: bool(log.evaluate("each => each.scrollWidth <= each.clientWidth")))
    until("the end to be in sight", lambda: bool(log.evaluate("e => e.scrollHeight - e.scrollTop - e.clientHeight < 5")))
    panel(page).get_by_role("button", name="Time stamps").click()
    assert log.locator("time").count() == 0
    panel(page).get_by_role("button", name="Time stamps").click()
    wrap.click()


def test_a_thousand_lines_a_second_are_smooth(page: Page, log: Locator, logged: Deployment) -> None:
    say(logged, "rate:1000")
    log.get_by_text(re.compile(r"fast \d+$")).first.wait_for()
    frames = page.evaluate(COUNT_FRAMES)
    log.get_by_text("fast 5999").wait_for(timeout=30_000)
    field = panel(page).get_by_role("searchbox", name="Search in the log")
    field.fill("fast ")
    panel(page).get_by_text("6000 lines", exact=True).wait_for()
    field.fill("")
    assert frames >= FRAMES


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_wrong(page: Page, log: Locator, logged: Deployment, theme: str) -> None:
    say(logged, "error:\x1b[1;31mbold and red\x1b[0m")
    say(logged, "warning:\x1b[33myellow\x1b[0m and \x1b[34mblue\x1b[0m")
    log.get_by_text("yellow").last.wait_for()
    use_theme(page, theme)
    page.add_script_tag(path=str(ROOT / "node_modules/axe-core/axe.min.js"))
    for width in (WIDE, NARROW):
        resize(page, width)
        found = page.evaluate("axe.run('#mdeploy-deployments', {resultTypes: ['violations']})")
        assert [f"{each['id']}: {each['nodes'][0]['html'][:300]}" for each in found["violations"]] == []
    folder = screenshots()
    if folder is not None:
        picture(page, folder, f"logs-{theme.split()[1].lower()}")
    use_theme(page, "JupyterLab Light")
