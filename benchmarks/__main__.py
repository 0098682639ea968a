"""``python -m benchmarks [PART …] [--quick]``: measure, print the tables, and renew what was measured in docs/benchmarks.md."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace

from benchmarks import against, imports, interface, jupyter, logs, memory, report, serving, starts, tensors, thousand

PARTS = {
    "starts": starts.measure,
    "memory": memory.measure,
    "imports": imports.measure,
    "thousand": thousand.measure,
    "jupyter": jupyter.measure,
    "interface": interface.measure,
    "logs": logs.measure,
    "serving": serving.measure,
    "against": against.measure,
    "tensors": tensors.measure,
}


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(PARTS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="fewer runs, to see that everything works; writes nothing")
    chosen = parser.parse_args()
    unknown = set(chosen.parts) - set(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    sections = []
    for name in chosen.parts or PARTS:
        began, when = time.monotonic(), report.now()
        sections.append(replace(PARTS[name](quick=chosen.quick), when=when))
        print(f"\n{sections[-1].title}\n\n{report.table(sections[-1].rows)}", flush=True)
        print(f"({name} took {time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
    if not chosen.quick:
        page = report.page(sections)
        if chosen.parts:
            page = report.renewed(report.PAGE.read_text(encoding="utf-8"), sections)
        report.PAGE.write_text(page, encoding="utf-8")
        print(f"\nwritten to {report.PAGE.relative_to(report.PAGE.parents[1])}", file=sys.stderr)


if __name__ == "__main__":
    main()
