"""What cannot be a model is refused in one line with a hint, and leaves nothing behind."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from mdeploy_lab.paths import Home

from .conftest import notebook_in

SETUP = """
import threading, socket, numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
X = pd.DataFrame({'a': [1.0, 2.0, 3.0, 4.0], 'b': [0.0, 1.0, 0.0, 1.0]})
y = [0, 1, 0, 1]
clf = LogisticRegression().fit(X, y)

class Holder:
    def __init__(self, **held):
        self.__dict__.update(held)
    def predict(self, X):
        return [0] * len(X)
"""

CASES = {
    "lock": (
        "refused(Holder(lock=threading.Lock()), variable='m')",
        "m cannot be saved: its attribute lock is a lock",
        "getstate",
    ),
    "nested": (
        "refused(Holder(parts=[1, {'deep': (i for i in [])}]), variable='m')",
        "m cannot be saved: its attribute parts[1]['deep'] is a generator",
        "getstate",
    ),
    "file": (
        "refused(Holder(log=open(__import__('os').devnull, 'w')), variable='m')",
        "its attribute log is an open file",
        "getstate",
    ),
    "socket": ("refused(Holder(s=socket.socket()), variable='m')", "its attribute s is an open socket", "getstate"),
    "in-pipeline": (
        (
            "class T(StandardScaler):\n    pass\nt = T(); p = make_pipeline(t, LogisticRegression()).fit(X, y); t.guard = threading.Lock()\n"
            "refused(p, variable='p', input_example=X)"
        ),
        "p cannot be saved: its attribute steps[0][1].guard is a lock",
        "getstate",
    ),
    "function": (
        "guard = threading.Lock()\ndef f(X):\n    with guard:\n        return X\nrefused(f)",
        "f cannot be saved: its attribute guard is a lock",
        "getstate",
    ),
    "unfitted": ("refused(LogisticRegression(), variable='clf')", "clf (LogisticRegression) is not fitted", "clf.fit(X, y)"),
    "unfitted-pipeline": (
        "refused(make_pipeline(StandardScaler(), LogisticRegression()))",
        "this Pipeline is not fitted",
        "fit(X, y)",
    ),
    "unfitted-own": (
        "class Own(LogisticRegression):\n    pass\nrefused(Own(), variable='own', input_example=X)",
        "own (Own) is not fitted",
        "own.fit(X, y)",
    ),
    "frame": ("refused(X, variable='X', namespace=globals())", "X is a DataFrame, not a model", "did you mean clf"),
    "array": ("refused(X.values, variable='A')", "A is an array, not a model", "input_example="),
    "class": ("refused(LogisticRegression)", "LogisticRegression is a class, not a model", "LogisticRegression(...).fit(X, y)"),
    "none": ("refused(None, variable='m')", "m is None, not a model", "fitted model"),
    "no-method": ("refused(Holder(), method='transfrom', variable='m')", "m (Holder) has no method transfrom", "predict"),
    "no-predict": (
        "refused(StandardScaler().fit(X), variable='s')",
        "s (StandardScaler) has no method predict",
        "method='transform'",
    ),
    "function-method": ("refused(lambda X: X, method='predict_proba')", "is a function and has no method", "leave method out"),
    "proba-of-svc": (
        "from sklearn.svm import SVC\nrefused(SVC().fit(X, y), method='predict_proba', variable='svc')",
        "svc (SVC) has no method predict_proba",
        "predict",
    ),
    "bad-example": (
        "refused(clf, input_example=X[['a']], variable='clf')",
        "clf.predict fails on the example: ValueError",
        "input_example=",
    ),
    "empty-example": ("refused(clf, input_example=X.head(0))", "input_example has no rows", "one row"),
    "no-code": ("refused(clf, code_paths=['nowhere.py'])", "nowhere.py does not exist", "file or a directory"),
    "loaded": (
        (
            "import mlflow.pyfunc\nc = capture(clf, name='ok', home=home, input_example=X)\n"
            "refused(mlflow.pyfunc.load_model(c.source), variable='m')"
        ),
        "m was loaded from MLflow",
        "by its URI",
    ),
    "getstate-raises": (
        "class Bad(Holder):\n    def __getstate__(self):\n        raise RuntimeError('not today')\nrefused(Bad())",
        "cannot be saved: not today",
        "__getstate__",
    ),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("refusals")
    home = Home(root / "home", root / "run").create()
    found = notebook_in(home, [SETUP, *(cell for cell, _, _ in CASES.values())], cwd=root)
    with closing(sqlite3.connect(home.registry / "mlflow.db")) as database:
        names = [row[0] for row in database.execute("select name from registered_models")]
    cases: dict[str, Any] = dict(zip(CASES, found, strict=True))
    return {**cases, "registered": names}


def test_nothing_is_registered(told) -> None:
    assert told["registered"] == ["ok"]


@pytest.mark.parametrize("case", CASES)
def test_one_line_and_a_hint(case: str, told) -> None:
    _, message, hint = CASES[case]
    error = told[case]
    assert error is not None, "it was accepted"
    assert message in error["message"]
    assert "\n" not in error["message"]
    assert not error["message"].endswith(".")
    assert hint in error["hint"]
    assert error["reason"] == "ModelNotSupported"
