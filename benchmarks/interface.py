"""How quick the panel is in Chromium: first open, many deployments, a key of a search, scrolling, and at rest."""

from __future__ import annotations

import gzip
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from benchmarks import subjects
from benchmarks.jupyter import FLAGS
from benchmarks.places import fresh_home, here
from benchmarks.report import Row, Section

FEW, MANY = 100, 5000
OPENS = 5
KEYS = 15
IDLE_SECONDS = 10
SCROLL_SECONDS = 3
PANEL = "#mdeploy-deployments"
LENGTHEN = """
(() => {
  const real = window.fetch;
  const make = (text, count) => {
    const [one] = JSON.parse(text).deployments;
    const deployments = [one];
    for (let number = 1; number < count; number++) {
      const other = structuredClone(one);
      const at = new Date(Date.UTC(2025, 0, 1) - number * 60000).toISOString();
      Object.assign(other, {id: `model-${number}`, uid: `uid-${number}`, updated_at: at});
      const name = `model ${String(number).padStart(4, "0")}`;
      Object.assign(other.spec, {name, stopped: true, group: `group ${number % 7}`});
      other.status.state = 'stopped';
      deployments.push(other);
    }
    return JSON.stringify({deployments});
  };
  window.fetch = async (...request) => {
    const answer = await real(...request);
    const url = request[0].url ?? String(request[0]);
    if (!new URL(url, location.href).pathname.endsWith('/mdeploy/api/deployments')) return answer;
    return new Response(make(await answer.text(), COUNT), {status: 200, headers: {'Content-Type': 'application/json'}});
  };
})();
"""
PAINTED = """
const painted = test => new Promise(resolve => {
  const look = () => test() ? requestAnimationFrame(() => resolve(performance.now())) : requestAnimationFrame(look);
  look();
});
"""
WATCH_OPEN = (
    "() => {"
    + PAINTED
    + """
  window.opened = new Promise(resolve => {
    document.addEventListener('pointerdown', () => {
      const began = performance.now();
      painted(() => document.querySelector('#mdeploy-deployments .mdl-Card')).then(now => resolve(now - began));
    }, {capture: true, once: true});
  });
}"""
)
SEARCH = (
    "async text => {"
    + PAINTED
    + """
  const field = document.querySelector('#mdeploy-deployments .mdl-Search');
  const said = () => document.querySelector('#mdeploy-deployments .mdl-Hidden').textContent;
  const before = said();
  const began = performance.now();
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(field, text);
  field.dispatchEvent(new Event('input', {bubbles: true}));
  const late = () => performance.now() - began > 5000;
  const now = await painted(() => said() !== before || late());
  if (late()) throw new Error(`"${text}" found nothing else than "${before}"`);
  return now - began;
}"""
)
SCROLL = """
async seconds => {
  const area = document.querySelector('#mdeploy-deployments .mdl-Grid-scroll');
  const began = performance.now();
  let [last, frames, longest] = [began, 0, 0];
  while (last - began < seconds * 1000) {
    area.scrollTop += 40;
    const now = await new Promise(requestAnimationFrame);
    longest = Math.max(longest, now - last);
    last = now;
    frames += 1;
  }
  return {fps: frames / (last - began) * 1000, longest};
}
"""


def measure(*, quick: bool) -> Section:
    """Return the section."""
    import mdeploy_lab as md
    from tests.server.jupyter import Jupyter

    with tempfile.TemporaryDirectory(prefix="mdl-bench-") as name, fresh_home() as environ, here(environ):
        folder = Path(name)
        md.deploy(str(subjects.save(subjects.fitted(subjects.NAMES[0]), folder / "model")), name="bench")
        runtime = {"XDG_RUNTIME_DIR": environ["XDG_RUNTIME_DIR"]}
        server = Jupyter(
            folder / "jupyter",
            Path(environ["MDEPLOY_HOME"]),
            command="lab",
            environment=runtime,
            arguments=("--LabApp.expose_app_in_browser=True",),
        )
        server.folder.mkdir()
        server.start()
        try:
            rows = _rows(server, quick=quick)
        finally:
            server.stop()
    return Section(
        "The panel",
        "A real JupyterLab in Chromium, without a graphics card. The list that the server answered is made longer in the "
        "page; changes are made over REST to the one deployment that is real. Times are of the page's own clock, "
        "until what changed is painted.",
        tuple(rows),
    )


def _rows(server: Any, *, quick: bool) -> list[Row]:
    from playwright.sync_api import sync_playwright

    opens, keys = (2, 4) if quick else (OPENS, KEYS)
    with httpx.Client(
        base_url=server.api, headers={"Authorization": f"token {server.token}"}, timeout=30, trust_env=False
    ) as http:
        one = http.get("/deployments").json()["deployments"][0]["id"]
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            try:
                first, size = _open(server, _page(chromium, FEW), opens)
                page = _page(chromium, MANY)
                many, _ = _open(server, page, opens)
                return [
                    Row("JavaScript loaded at JupyterLab's start", f"{size / 1000:.0f} kB gzip", "≤ 60 kB"),
                    Row(f"the panel's first open with {FEW} deployments", f"{first:.0f} ms", "≤ 300 ms", runs=opens),
                    Row(f"the panel's first open with {MANY:,}".replace(",", " "), f"{many:.0f} ms", "≤ 1 s", runs=opens),
                    _search(page, keys),
                    _change(http, page, one, keys),
                    *_scroll(page),
                    *_idle(page, 3 if quick else IDLE_SECONDS),
                ]
            finally:
                chromium.close()


def _page(chromium: Any, count: int) -> Any:
    """Return a page that has so many deployments, whoever asks."""
    page = chromium.new_page()
    page.add_init_script(LENGTHEN.replace("COUNT", str(count)))
    return page


def _open(server: Any, page: Any, runs: int) -> tuple[float, int]:
    """Return the median milliseconds of the first open, and the bytes of our JavaScript that were loaded before it."""
    times, size = [], 0
    for _ in range(runs):
        page.goto(f"{server.url}lab?token={server.token}&reset", timeout=90_000)
        page.locator('[data-id="mdeploy-deployments"]').wait_for(timeout=90_000)
        page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=90_000)
        page.wait_for_timeout(1000)
        urls = page.evaluate("performance.getEntriesByType('resource').map(each => each.name)")
        ours = {url for url in urls if "/extensions/mdeploy-lab/" in url and url.split("?")[0].endswith(".js")}
        size = sum(len(gzip.compress(httpx.get(url, trust_env=False).raise_for_status().content)) for url in ours)
        page.evaluate(WATCH_OPEN)
        page.locator('[data-id="mdeploy-deployments"]').click()
        times.append(page.evaluate("window.opened"))
    return statistics.median(times), size


def _search(page: Any, runs: int) -> Row:
    texts = [text for number in range(runs) for text in (f"{number % 10}", f"{number % 10}{number % 7}")]
    times = [page.evaluate(SEARCH, text) for text in texts]
    page.evaluate(SEARCH, "")
    return Row("a key of a search in 5 000, until its result", f"{statistics.median(times):.0f} ms", "≤ 50 ms", runs=len(times))


def _change(http: httpx.Client, page: Any, id: str, runs: int) -> Row:  # noqa: A002
    def once(number: int) -> float:
        name = f"change {number}"
        began = time.perf_counter()
        http.patch(f"/deployments/{id}", json={"name": name}).raise_for_status()
        page.locator(PANEL).get_by_text(name, exact=True).wait_for(timeout=10_000)
        return (time.perf_counter() - began) * 1000

    times = [once(number) for number in range(runs)]
    return Row("a change by REST among 5 000, until it is shown", f"{statistics.median(times):.0f} ms", "≤ 300 ms", runs=runs)


def _scroll(page: Any) -> list[Row]:
    rows = []
    for word in ("cards", "table"):
        if word == "table":
            _table(page)
        found = page.evaluate(SCROLL, SCROLL_SECONDS)
        value = f"{found['fps']:.0f} frames a second, the longest {found['longest']:.0f} ms"
        rows.append(Row(f"scrolling through 5 000 ({word})", value, "≥ 55"))
    return rows


def _table(page: Any) -> None:
    page.evaluate("window.jupyterapp?.shell._hsplitPanel.setRelativeSizes([1100, 100, 0])")
    page.locator(PANEL).get_by_role("button", name="Table", exact=True).click()
    page.locator(f"{PANEL} .mdl-Row").first.wait_for()


def _idle(page: Any, seconds: float) -> list[Row]:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/mdeploy/" in request.url else None)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")

    def busy() -> float:
        return float(
            {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}["TaskDuration"]
        )

    before = busy()
    page.wait_for_timeout(seconds * 1000)
    share = (busy() - before) / seconds
    return [
        Row("the whole page at rest", f"{share:.2%} of a core", "< 1 %"),
        Row("the panel's requests at rest", f"{len(asked)} in {seconds:g} s", "none"),
    ]
