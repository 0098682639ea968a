"""From a fitted model to the first answer: warm, from nothing, and the peer's way."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import peer, subjects
from benchmarks.places import fresh_home
from benchmarks.report import Row, Section, ratio

WARM_RUNS = 9
FRESH_RUNS = 5
ROOT = Path(__file__).parents[1]


def measure(*, quick: bool) -> Section:
    """Return the section."""
    rounds = 1 if quick else FRESH_RUNS
    no_cache, cached, serve, logged = [], [], [], []
    with tempfile.TemporaryDirectory(prefix="mdl-bench-") as name:
        directory = Path(name)
        model = subjects.save(subjects.fitted(subjects.NAMES[0]), directory / "model")
        with fresh_home(directory / "cache") as environ:  # fills the cache; does not count
            _run(environ)
        for number in range(rounds):
            with fresh_home() as environ:
                no_cache += _run(environ)
            with fresh_home(directory / "cache") as environ:
                cached += _run(environ)
            logged.append(_logged(directory / f"runs-{number}"))
            with peer.served(model, subjects.body()) as (_, seconds):
                serve.append(seconds)
        with fresh_home(directory / "cache") as environ:
            warm = _run(environ, 3 if quick else WARM_RUNS)
    middle = statistics.median
    whole = middle(logged) + middle(serve)
    return Section(
        "From `%deploy clf` to the first answer",
        "A fitted scikit-learn model, by variable name, to the first answer at its endpoint: saved, registered, started, "
        "checked against the kernel's own answers (the parity receipt), routed, asked with a login. Beside it: "
        "`mlflow.sklearn.log_model` with its defaults, and `mlflow models serve --env-manager local` of a saved model, "
        "to its first answer.",
        (
            _row("warm: engine up, registry there, mlflow imported", warm, "≤ 0.8 s", whole),
            _row("from nothing: fresh home, no engine", cached, "≤ 6 s", whole),
            _row("from nothing, and no cached registry either", no_cache, "≤ 10 s", whole),
            _row("peer: `log_model`, then `mlflow models serve`", [whole] * rounds, "", 0),
            _row("peer: `mlflow models serve` alone", serve, "", 0),
        ),
    )


def _row(what: str, times: list[float], target: str, theirs: float) -> Row:
    ours = statistics.median(times)
    return Row(what, f"{ours:.2f} s", target, f"{theirs:.2f} s" if theirs else "", ratio(ours, theirs), len(times))


def _run(environ: dict[str, str], warm: int = 0) -> list[float]:
    """Return the times of ``benchmarks.cell`` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.cell", "--warm", str(warm)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"benchmarks.cell failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return [float(t) for t in json.loads(done.stdout.splitlines()[-1])]


def _logged(directory: Path) -> float:
    """Return the seconds of MLflow's own ``log_model`` with its defaults, into a registry that is there already."""
    directory.mkdir()
    environ = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{directory}/mlflow.db", "MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [sys.executable, "-m", "benchmarks.logged", str(directory / "artifacts")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300, check=True, cwd=ROOT)
    return float(done.stdout.splitlines()[-1])
