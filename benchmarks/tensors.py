"""A picture as a tensor through the Open Inference Protocol's JSON: ours against MLServer and KServe."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from benchmarks import load
from benchmarks.report import Row, Section
from benchmarks.rivals.ours import replica
from benchmarks.rivals.starting import served

SHAPE = (1, 224, 224, 3)
ROUNDS = 3
SECONDS = 4.0
CONNECTIONS = (1, 8)
OURS = "ours"
RIVALS = ("mlserver", "kserve")
GOAL = "≥ 3 times MLServer and KServe"


def measure(*, quick: bool) -> Section:
    """Return the section."""
    found: dict[tuple[str, int], list[load.Result]] = defaultdict(list)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mdl-tensors-")))
        saved, plain = _models(directory)
        body = _body()
        port, _ = stack.enter_context(replica(saved))
        targets = [load.Target(OURS, f"tcp:127.0.0.1:{port}", "/v2/models/model/infer", {})]
        targets += [stack.enter_context(served(name, plain, body=body)).target for name in RIVALS]
        for number in range(1 if quick else ROUNDS):
            for target in targets[number % 3 :] + targets[: number % 3]:
                for connections in CONNECTIONS:
                    load.run(target, body, connections, 1, wrk=True)
                    seconds = 1.0 if quick else SECONDS
                    found[target.name, connections].append(load.run(target, body, connections, seconds, wrk=True))
    return Section(
        "A picture as a tensor",
        f"`float32{list(SHAPE)}` as JSON of the Open Inference Protocol, {len(body) / 1e6:.1f} MB, to a model that is free "
        "(a scikit-learn dummy), straight at one worker of each server, with wrk; runs alternate.",
        tuple(_rows(found)),
    )


def _models(directory: Path) -> tuple[Path, Path]:
    """Return the same model for MLflow and as a joblib file."""
    import joblib
    import mlflow.sklearn
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec
    from sklearn.dummy import DummyRegressor

    model = DummyRegressor().fit([[0.0], [1.0]], [0.0, 1.0])
    signature = ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, *SHAPE[1:]))]))
    mlflow.sklearn.save_model(
        model, directory / "mlflow", signature=signature, pip_requirements=[], serialization_format="cloudpickle"
    )
    joblib.dump(model, directory / "model.joblib")
    return directory / "mlflow", directory / "model.joblib"


def _body() -> bytes:
    size = SHAPE[1] * SHAPE[2] * SHAPE[3]
    tensor = {"name": "input-0", "shape": list(SHAPE), "datatype": "FP32", "data": [n % 256 / 256 for n in range(size)]}
    return json.dumps({"inputs": [tensor]}).encode()


def _rows(found: dict[tuple[str, int], list[load.Result]]) -> list[Row]:
    rows = []
    for connections in CONNECTIONS:
        ours = statistics.median(r.per_second for r in found[OURS, connections])
        for name in (OURS, *RIVALS):
            results = found[name, connections]
            rate = statistics.median(r.per_second for r in results)
            errors = sum(r.errors for r in results)
            said = f"{rate:.0f} /s, p50 {statistics.median(r.p50_ms for r in results):.1f} ms"
            said += f", {errors} errors" if errors else ""
            what = f"{connections} connection{'s' if connections > 1 else ''}: {name}"
            better = f"{ours / rate:.1f} times" if name != OURS and rate else ""
            rows.append(Row(what, said, GOAL if name == OURS else "", "", better, len(results)))
    return rows
