"""What reaches a browser through the server extension: changes, lists, log lines; and what a hundred browsers cost at rest."""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import httpx

from benchmarks import subjects
from benchmarks.places import api, cpu_seconds, fresh_home, here
from benchmarks.report import Row, Section
from benchmarks.thousand import _create, _settle, _timed

LISTS = 30
CHANGES = 15
BROWSERS = 100
IDLE_SECONDS = 35  # Jupyter pings every browser once in 30 s
LINES_PER_SECOND = 10_000
LINES_SECONDS = 5
REPEATS = 3
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
WATCH = """
([url, id, mark]) => new Promise(resolve => {
  window.seen = {lines: 0, skipped: 0};
  window.socket?.close();
  const socket = window.socket = new WebSocket(url);
  socket.onopen = () => socket.send(JSON.stringify({subscribe: `log/${id}`}));
  socket.onmessage = ({data}) => {
    const message = JSON.parse(data);
    if (message.topic === 'hello' && message.subscription) resolve();
    if (message.topic === 'skipped') window.seen.skipped += message.count;
    if (message.topic !== 'log') return;
    window.seen.lines += message.lines.filter(line => line.message.startsWith(mark)).length;
  };
})
"""


def measure(*, quick: bool) -> Section:
    """Return the section."""
    import mdeploy_lab as md
    from tests.server.jupyter import Jupyter

    count = 100 if quick else 1000
    with tempfile.TemporaryDirectory(prefix="mdl-bench-") as name, fresh_home() as environ, here(environ):
        folder = Path(name)
        model = subjects.save(subjects.fitted(subjects.NAMES[0]), folder / "model")
        md.deploy(str(model), name="bench")
        runtime = {"XDG_RUNTIME_DIR": environ["XDG_RUNTIME_DIR"]}
        server = Jupyter(folder / "jupyter", Path(environ["MDEPLOY_HOME"]), command="lab", environment=runtime)
        server.folder.mkdir()
        server.start()
        try:
            rows = [*_browser(server, environ, quick=quick)]
            rows.append(_subscribers(server, quick=quick))
            _create(environ, model, count)
            _settle(md.info().pid)
            rows += _lists(server, environ, count)
        finally:
            server.stop()
    return Section(
        "Through Jupyter",
        "A real JupyterLab with the server extension; changes are made over REST and timed until Chromium shows them. "
        "Log lines are appended to a replica's log at a steady rate and counted in Chromium. Lists are asked for one "
        "after the other.",
        tuple(rows),
    )


def _lists(server: Any, environ: dict[str, str], count: int) -> list[Row]:
    """Return the rows of lists and gets, on the engine's socket and through Jupyter."""
    rows = []
    headers = {"Authorization": f"token {server.token}"}
    with api(environ) as socket, httpx.Client(base_url=server.api, headers=headers, timeout=60, trust_env=False) as through:
        found = through.get("/deployments").json()["deployments"]
        if len(found) != count + 1:
            raise ValueError(f"{len(found)} deployments are listed, not {count + 1}")
        one = found[0]["id"]
        for where, http in (("the engine's socket", socket), ("Jupyter", through)):
            for what, path, target in (
                (f"list of {count}", "/deployments", "≤ 30 ms"),
                ("get", f"/deployments/{one}", "≤ 5 ms"),
            ):
                times = [_timed(lambda h=http, p=path: h.get(p).raise_for_status()) for _ in range(LISTS)]
                rows.append(Row(f"{what}, through {where}", f"{statistics.median(times) * 1000:.1f} ms", target, runs=LISTS))
    return rows


def _subscribers(server: Any, *, quick: bool) -> Row:
    """Return what a hundred browsers cost Jupyter while nothing changes."""
    from websockets.asyncio.client import connect

    seconds, repeats = (3, 1) if quick else (IDLE_SECONDS, REPEATS)

    async def measured() -> float:
        headers = {"Authorization": f"token {server.token}"}
        sockets = await asyncio.gather(
            *(connect(server.events, additional_headers=headers, proxy=None, ping_interval=None) for _ in range(BROWSERS))
        )
        for socket in sockets:
            while json.loads(await asyncio.wait_for(socket.recv(), 30))["topic"] != "hello":
                pass
        before = cpu_seconds(server.process.pid)
        await asyncio.sleep(seconds)
        share = (cpu_seconds(server.process.pid) - before) / seconds
        await asyncio.gather(*(socket.close() for socket in sockets))
        return share

    shares = [asyncio.run(measured()) for _ in range(repeats)]
    return Row(
        f"Jupyter with {BROWSERS} browsers subscribed, when nothing changes",
        f"{statistics.median(shares):.2%} of a core",
        "≤ 5 %",
        runs=repeats,
    )


def _browser(server: Any, environ: dict[str, str], *, quick: bool) -> list[Row]:
    """Return what Chromium sees."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = chromium.new_page()
        page.goto(f"{server.url}lab?token={server.token}&reset", timeout=90_000)
        page.locator('[data-id="mdeploy-deployments"]').click(timeout=90_000)
        page.locator("#mdeploy-deployments .mdl-Card").wait_for(timeout=60_000)
        try:
            return [_changes(server, page, 3 if quick else CHANGES), _lines(server, environ, page, quick=quick)]
        finally:
            chromium.close()


def _changes(server: Any, page: Any, runs: int) -> Row:
    times = []
    headers = {"Authorization": f"token {server.token}"}
    with httpx.Client(base_url=server.api, headers=headers, timeout=30, trust_env=False) as http:
        one = http.get("/deployments").json()["deployments"][0]["id"]
        for number in range(runs):
            name = f"change {number}"
            began = time.perf_counter()
            http.patch(f"/deployments/{one}", json={"name": name}).raise_for_status()
            page.locator("#mdeploy-deployments").get_by_text(name, exact=True).wait_for(timeout=10_000)
            times.append((time.perf_counter() - began) * 1000)
    return Row("a change by REST, until Chromium shows it", f"{statistics.median(times):.0f} ms", "≤ 300 ms", runs=runs)


@dataclass(frozen=True)
class Flood:
    """One run of log lines."""

    total: int
    arrived: int
    skipped: int
    per_second: float
    late: float
    """Seconds from the last line's writing until Chromium had it, or had been told of it."""


def _lines(server: Any, environ: dict[str, str], page: Any, *, quick: bool) -> Row:
    """Return what became of lines that were written faster than anybody reads."""
    with api(environ) as http:
        found = http.get("/deployments").json()["deployments"][0]
    address = f"{server.events}?token={server.token}"
    seconds, repeats = (2, 1) if quick else (LINES_SECONDS, REPEATS)
    runs = [_flood(page, [address, found["id"]], found["uid"], run, seconds) for run in range(repeats)]
    total, arrived, skipped = (sum(getattr(run, name) for run in runs) for name in ("total", "arrived", "skipped"))
    if arrived + skipped != total:
        raise ValueError(
            f"of {total} lines {arrived} arrived and {skipped} were said to be left out: some were lost in silence"
        )
    late = statistics.median(run.late for run in runs)
    return Row(
        f"{statistics.median(run.per_second for run in runs):,.0f} log lines a second to Chromium",
        f"{arrived:,} of {total:,} arrived, {skipped:,} said to be left out, the last {late:.1f} s after it was written",
        "all arrive or are said",
        runs=repeats,
    )


def _flood(page: Any, where: list[str], uid: str, run: int, seconds: float) -> Flood:
    """Append lines to a log at a steady rate, and wait until Chromium has them all or was told what it missed."""
    from mdeploy_lab.paths import find_home

    path = find_home().logs / uid / f"bench{run}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    page.evaluate(WATCH, [*where, f"bench {run} "])
    time.sleep(1)  # the engine notices the new file
    total, step = int(LINES_PER_SECOND * seconds), LINES_PER_SECOND // 50
    began = time.perf_counter()
    with path.open("a", encoding="utf-8") as file:
        for first in range(0, total, step):
            at = datetime.now(timezone.utc).isoformat()
            for number in range(first, first + step):
                line = {"at": at, "message": f"bench {run} {number} of what a replica says", "replica": f"bench{run}"}
                file.write(json.dumps(line) + "\n")
            file.flush()
            time.sleep(max(0.0, began + (first + step) / LINES_PER_SECOND - time.perf_counter()))
    wrote = time.perf_counter() - began
    page.wait_for_function(f"window.seen.lines + window.seen.skipped >= {total}", timeout=120_000)
    late = time.perf_counter() - began - wrote
    seen = page.evaluate("window.seen")
    return Flood(total, seen["lines"], seen["skipped"], total / wrote, late)
