"""The peer's way to register, in a process of its own: ``log_model`` with its defaults. Prints its seconds in the last line."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import mlflow

from benchmarks import subjects


def main(artifacts: Path) -> None:
    """Log one model into a registry that is there already."""
    mlflow.create_experiment("bench", artifact_location=artifacts.as_uri())
    mlflow.set_experiment("bench")
    model = subjects.fitted(subjects.NAMES[0])
    began = time.perf_counter()
    with mlflow.start_run():
        mlflow.sklearn.log_model(model, name="model", input_example=subjects.iris()[0].head())
    print(f"\n{time.perf_counter() - began}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
