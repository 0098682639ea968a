"""Our replica against other model servers, on the same cores with the same models: rates and latency, errors counted too."""

from __future__ import annotations

import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import load, peer, subjects
from benchmarks.report import Row, Section
from benchmarks.rivals.ours import body_of, replica
from benchmarks.rivals.starting import ROW, V2_BODY, Rival, served

ROUNDS = 3
SECONDS = 3.0
WARM_UP_SECONDS = 1.0
CONNECTIONS = (1, 32)
OURS, OURS_V2, MLFLOW = "ours, `/invocations`", "ours, `/v2`", "`mlflow models serve`"
RIVALS = ("mlserver", "mlserver, batching", "bentoml", "kserve", "litserve")
V2 = frozenset({"mlserver", "mlserver, batching", "kserve"})
GOALS = {
    ("logistic regression", 32): "≥ 20 times mlflow, ≥ 5 times the best",
    ("logistic regression", 1): "p50 ≤ half of the best",
    ("forest of 100 trees", 32): "≥ 30 times mlflow, ≥ 1.5 times LitServe",
}
Key = tuple[str, str, int]


@dataclass(frozen=True)
class Contender:
    """A server that runs, and what is sent to it."""

    name: str
    target: load.Target
    body: bytes


def measure(*, quick: bool) -> Section:
    """Return the section."""
    found: dict[Key, list[load.Result]] = defaultdict(list)
    for subject in subjects.NAMES:
        with contenders(subject) as running:
            for number in range(1 if quick else ROUNDS):
                turned = running[number % len(running) :] + running[: number % len(running)]
                for connections in CONNECTIONS:
                    for each in turned:
                        load.run(each.target, each.body, connections, WARM_UP_SECONDS, wrk=True)
                        seconds = 1.0 if quick else SECONDS
                        found[subject, each.name, connections].append(
                            load.run(each.target, each.body, connections, seconds, wrk=True)
                        )
    return Section(
        "Against other model servers",
        "One row of iris over keep-alive connections, straight at one worker of each server, with wrk on the same two cores; "
        "runs of all servers alternate. Each at the settings that its makers recommend, in an environment of its own, with the "
        "request that it knows: `/invocations` for MLflow, the Open Inference Protocol for MLServer and KServe, plain "
        "JSON for BentoML and LitServe. Only MLflow and ours check a signature.",
        tuple(_rows(found)),
    )


@contextmanager
def contenders(subject: str) -> Iterator[list[Contender]]:
    """Run every server with a model; they are idle while another is measured."""
    import joblib

    frame, _ = subjects.iris()
    columns = list(frame.columns)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mdl-against-")))
        model = subjects.fitted(subject)
        saved = subjects.save(model, directory / "mlflow")
        plain = directory / "model.joblib"
        joblib.dump(_without_names(model, frame), plain)
        port, _ = stack.enter_context(replica(saved))
        theirs, _ = stack.enter_context(peer.served(saved, subjects.body()))
        running = [
            Contender(OURS, _target(OURS, port, "/invocations"), body_of(columns, ROW)),
            Contender(OURS_V2, _target(OURS_V2, port, "/v2/models/model/infer"), V2_BODY),
            Contender(MLFLOW, _target(MLFLOW, theirs, "/invocations"), body_of(columns, ROW)),
        ]
        for name in RIVALS:
            rival: Rival = stack.enter_context(served(name, plain))
            running.append(Contender(name, rival.target, rival.body))
        yield running


def _without_names(model: Any, frame: Any) -> Any:
    """Return the same model fitted on arrays: the other servers send it arrays."""
    from sklearn.base import clone

    return clone(model).fit(frame.to_numpy(), subjects.iris()[1])


def _target(name: str, port: int, path: str) -> load.Target:
    return load.Target(name, f"tcp:127.0.0.1:{port}", path, {})


def _rows(found: dict[Key, list[load.Result]]) -> Iterator[Row]:
    for subject in subjects.NAMES:
        for connections in CONNECTIONS:
            results = {name: _middle(r) for (what, name, c), r in found.items() if (what, c) == (subject, connections)}
            for name, (rate, p50, errors) in results.items():
                said = f"{rate:,.0f}".replace(",", " ") + f" /s, p50 {p50:.2f} ms" + (f", {errors} errors" if errors else "")
                what = f"{subject}, {connections} connection{'s' if connections > 1 else ''}: {name}"
                goal = GOALS.get((subject, connections), "") if name == OURS else ""
                better = "" if name in (OURS, OURS_V2) else _better(results, name, connections)
                yield Row(what, said, goal, "", better, len(found[subject, name, connections]))


def _better(results: dict[str, tuple[float, float, int]], name: str, connections: int) -> str:
    """Return by how much ours is better: in requests a second, on one connection in the median latency."""
    ours = results[OURS_V2 if name in V2 else OURS]
    times = ours[0] / results[name][0] if connections > 1 else results[name][1] / ours[1]
    return f"{times:.1f} times"


def _middle(results: list[load.Result]) -> tuple[float, float, int]:
    rate = statistics.median(r.per_second for r in results)
    return rate, statistics.median(r.p50_ms for r in results), sum(r.errors for r in results)
