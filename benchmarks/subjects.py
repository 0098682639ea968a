"""The models that are measured, and a request for each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NAMES = ("logistic regression", "forest of 100 trees")


def iris() -> tuple[Any, Any]:
    """Return iris as a frame and its species."""
    from sklearn.datasets import load_iris

    return load_iris(return_X_y=True, as_frame=True)


def fitted(name: str, seed: int = 0) -> Any:
    """Return a classifier fitted on iris."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    frame, y = iris()
    if name == NAMES[0]:
        return LogisticRegression(max_iter=1000, C=1 + seed / 1000).fit(frame, y)
    return RandomForestClassifier(n_estimators=100, random_state=seed).fit(frame, y)


def body() -> bytes:
    """Return a request of one row."""
    return json.dumps({"dataframe_split": iris()[0].head(1).to_dict(orient="split")}).encode()


def save(model: Any, directory: Path) -> Path:
    """Save a model as MLflow does, without the slow search for its requirements."""
    import mlflow
    import skops.io

    frame, _ = iris()
    trusted = skops.io.get_untrusted_types(data=skops.io.dumps(model))
    mlflow.sklearn.save_model(
        model,
        directory,
        pip_requirements=["scikit-learn"],
        signature=mlflow.models.infer_signature(frame, model.predict(frame)),
        skops_trusted_types=trusted,
    )
    return directory
