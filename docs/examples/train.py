"""Train a classifier on the breast cancer data and save it as an MLflow model, build/tumours, with rows to ask it."""  # noqa: INP001

from __future__ import annotations

import json
import shutil
from pathlib import Path

import mlflow
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

DIRECTORY = Path("build/tumours")
ROWS = Path("build/tumours.json")

frame, truth = load_breast_cancer(return_X_y=True, as_frame=True)
train, test, truth_train, truth_test = train_test_split(frame, truth, random_state=0, stratify=truth)
clf = make_pipeline(StandardScaler(), LogisticRegression()).fit(train, truth_train)

shutil.rmtree(DIRECTORY, ignore_errors=True)
DIRECTORY.parent.mkdir(exist_ok=True)
signature = mlflow.models.infer_signature(test)
mlflow.sklearn.save_model(clf, DIRECTORY, signature=signature, pip_requirements=["scikit-learn", "pandas"])
ROWS.write_text(json.dumps({"dataframe_split": test.head().to_dict(orient="split")}), encoding="utf-8")
print(f"{DIRECTORY}: right on {clf.score(test, truth_test):.1%} of {len(test)} tumours; {ROWS}: five of them")  # noqa: T201
