"""What each further replica of a forest costs."""

from __future__ import annotations

import statistics

from benchmarks import subjects
from benchmarks.places import fresh_home, here, private_bytes
from benchmarks.report import Row, Section

REPLICAS = 4
REQUESTS = 100
MEBI = 2**20


def measure(*, quick: bool) -> Section:
    """Return the section."""
    import mdeploy_lab as md

    frame, _ = subjects.iris()
    with fresh_home() as environ, here(environ):
        d = md.deploy(subjects.fitted(subjects.NAMES[1]), name="forest", input_example=frame, replicas=2 if quick else REPLICAS)
        for _ in range(REQUESTS):
            d.predict(frame.head(10))
        ready = sorted((r for r in d.replicas() if r.state == "ready"), key=lambda r: r.started_at)
        sizes = [private_bytes(r.pid) / MEBI for r in ready]
    further = sizes[1:]
    return Section(
        "Memory of a replica",
        f"Private memory (`smaps_rollup`) of each replica of a 100-tree forest after {REQUESTS} requests. "
        "Replicas are forked from a warm parent, so the libraries are in memory once.",
        (
            Row("each further replica", f"{statistics.median(further):.0f} MiB", "≤ 40 MB", runs=len(further)),
            Row("the first one", f"{sizes[0]:.0f} MiB"),
        ),
    )
