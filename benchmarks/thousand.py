"""A thousand stopped deployments: what a list costs, and what the engine does when nothing is asked of it."""

from __future__ import annotations

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from benchmarks import subjects
from benchmarks.places import api, cpu_seconds, fresh_home, here
from benchmarks.report import Row, Section

SETTLE_SECONDS = 120
QUIET = 0.02
IDLE_SECONDS = 30
LISTS = 30


def measure(*, quick: bool) -> Section:
    """Return the section."""
    import mdeploy_lab as md

    count = 100 if quick else 1000
    with tempfile.TemporaryDirectory(prefix="mdl-bench-") as name, fresh_home() as environ, here(environ):
        model = subjects.save(subjects.fitted(subjects.NAMES[0]), Path(name) / "model")
        pid = md.info().pid
        _create(environ, model, count)
        _settle(pid)
        http_times, client_times = [], []
        with api(environ) as http:
            for _ in range(LISTS):
                http_times.append(_timed(lambda: http.get("/deployments").raise_for_status()))
                client_times.append(_timed(md.deployments))
        found = len(md.deployments())
        if found != count:
            raise ValueError(f"{found} deployments are listed, not {count}")
        before = cpu_seconds(pid)
        time.sleep(5 if quick else IDLE_SECONDS)
        share = (cpu_seconds(pid) - before) / (5 if quick else IDLE_SECONDS)
    return Section(
        f"{count:,} stopped deployments".replace(",", " "),
        f"All listed at once; then nothing is asked for {IDLE_SECONDS} s.",
        (
            Row("`GET /deployments`, all of them", f"{statistics.median(http_times) * 1000:.1f} ms", "≤ 20 ms", runs=LISTS),
            Row("`md.deployments()`, with checked types", f"{statistics.median(client_times) * 1000:.1f} ms", runs=LISTS),
            Row("the engine when idle", f"{share:.2%} of a core", "≤ 1 %"),
        ),
    )


def _create(environ: dict[str, str], model: Path, count: int) -> None:
    """Create them over the API, eight at a time."""
    source = {"uri": str(model), "source": str(model)}
    with api(environ) as http, ThreadPoolExecutor(8) as pool:

        def one(number: int) -> httpx.Response:
            wanted = {"model": source, "name": f"model {number:04d}", "stopped": True}
            return http.post("/deployments", json=wanted).raise_for_status()

        list(pool.map(one, range(count)))


def _settle(pid: int) -> None:
    """Wait until what was created is done with: three quiet seconds, or the time is over and what follows is told as it is."""
    quiet, end = 0, time.monotonic() + SETTLE_SECONDS
    while quiet < 3 and time.monotonic() < end:
        before = cpu_seconds(pid)
        time.sleep(1)
        quiet = quiet + 1 if cpu_seconds(pid) - before <= QUIET else 0


def _timed(act) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
