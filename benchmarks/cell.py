"""A notebook's cells in a process of their own: fit, ``%deploy``, ask. Prints its times as JSON in the last line."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from benchmarks import subjects


def main() -> None:
    """Run the cells as often as asked."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--warm", type=int, default=0, help="deploys after a first one that does not count; 0: only the first")
    chosen = parser.parse_args()
    shell = _shell()
    shell.run_line_magic("load_ext", "mdeploy_lab")  # at a kernel's start, before anything else
    frame, _ = subjects.iris()
    if not chosen.warm:
        print(json.dumps([_cell(shell, subjects.fitted(subjects.NAMES[0]), frame, "first")]))
        return
    import mlflow  # noqa: F401  # the target is for a kernel that has it

    _cell(shell, subjects.fitted(subjects.NAMES[0], 1), frame, "first")
    times = [_cell(shell, subjects.fitted(subjects.NAMES[0], n + 2), frame, f"warm {n}") for n in range(chosen.warm)]
    print("\n" + json.dumps(times))


def _shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell

    return InteractiveShell.instance()


def _cell(shell: Any, model: Any, frame: Any, name: str) -> float:
    """Return the seconds from ``%deploy`` to the first answer."""
    shell.user_ns |= {"clf": model, "X": frame}
    began = time.perf_counter()
    deployment = shell.run_line_magic("deploy", f"clf --name '{name}' --input-example X")
    answer = deployment.predict(frame.head(1))
    seconds = time.perf_counter() - began
    if list(answer) != list(model.predict(frame.head(1))):
        raise ValueError(f"the endpoint answered {answer}")
    return seconds


if __name__ == "__main__":
    main()
