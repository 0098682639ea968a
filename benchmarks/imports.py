"""What ``import mdeploy_lab`` costs."""

from __future__ import annotations

import statistics
import subprocess
import sys

from benchmarks.report import Row, Section

RUNS = 15
CODE = "import time; t = time.perf_counter(); import mdeploy_lab; print(time.perf_counter() - t)"
DEPLOY = "import time; t = time.perf_counter(); from mdeploy_lab import deploy; print(time.perf_counter() - t)"


def measure(*, quick: bool) -> Section:
    """Return the section."""
    runs = 3 if quick else RUNS
    light, verb = [], []
    for _ in range(runs):
        light.append(_seconds(CODE))
        verb.append(_seconds(DEPLOY))
    return Section(
        "Import",
        "In a fresh interpreter.",
        (
            Row("`import mdeploy_lab`", f"{statistics.median(light) * 1000:.1f} ms", "≤ 150 ms", runs=runs),
            Row("`from mdeploy_lab import deploy`", f"{statistics.median(verb) * 1000:.0f} ms", runs=runs),
        ),
    )


def _seconds(code: str) -> float:
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
