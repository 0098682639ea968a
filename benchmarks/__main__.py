"""``python -m benchmarks [PART …] [--quick]``: measure, print the table, and write docs/benchmarks.md when all was measured."""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks import imports, jupyter, memory, report, serving, starts, thousand

PARTS = {
    "starts": starts.measure,
    "memory": memory.measure,
    "imports": imports.measure,
    "thousand": thousand.measure,
    "jupyter": jupyter.measure,
    "serving": serving.measure,
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
        began = time.monotonic()
        sections.append(PARTS[name](quick=chosen.quick))
        print(f"\n{sections[-1].title}\n\n{report.table(sections[-1].rows)}", flush=True)
        print(f"({name} took {time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
    if not chosen.parts and not chosen.quick:
        report.PAGE.write_text(report.page(sections), encoding="utf-8")
        print(f"\nwritten to {report.PAGE.relative_to(report.PAGE.parents[1])}", file=sys.stderr)


if __name__ == "__main__":
    main()
