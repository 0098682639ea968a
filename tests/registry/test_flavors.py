"""Models of every kind, captured in a notebook's process, answer the same in a process that never saw the notebook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from mdeploy_lab.paths import Home

from .conftest import notebook_in, replay

SETUP = """
import numpy as np, pandas as pd, warnings
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier, HistGradientBoostingClassifier, GradientBoostingClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X, y = X.iloc[:200, :4], y.iloc[:200]
rows = X.head(20)
"""

CLASSES = """
SHIFT = 2.0

def shifted(frame):
    return frame + SHIFT

class Clip(TransformerMixin, BaseEstimator):
    def __init__(self, low=0.0):
        self.low = low
    def fit(self, X, y=None):
        self.columns_ = list(X.columns)
        return self
    def transform(self, X):
        return X.clip(lower=self.low)

class Majority:
    def __init__(self, answer):
        self.answer = answer
    def predict(self, X):
        return np.full(len(X), self.answer)
    def explain(self, X):
        return [f"{self.answer}!" for _ in range(len(X))]

class MyForest(RandomForestClassifier):
    def predict(self, X):
        return 1 - super().predict(X)
"""

pytestmark = pytest.mark.timeout(300)  # the first test waits for all captures, on a machine that may be busy

KINDS = {
    "logistic": ("cap(LogisticRegression(max_iter=200).fit(X, y), 'logistic', input_example=rows)", "sklearn"),
    "forest": ("cap(RandomForestClassifier(20).fit(X, y), 'forest', input_example=rows)", "sklearn"),
    "hist": ("cap(HistGradientBoostingClassifier(max_iter=5).fit(X, y), 'hist', input_example=rows)", "sklearn"),
    "boosting": ("cap(GradientBoostingClassifier(n_estimators=5).fit(X, y), 'b', input_example=rows)", "sklearn"),
    "neighbours": ("cap(KNeighborsClassifier().fit(X, y), 'knn', input_example=rows)", "sklearn"),
    "on-array": ("cap(RandomForestClassifier(5).fit(X.values, y), 'arr', input_example=X.values[:7])", "sklearn"),
    "probabilities": (
        "cap(LogisticRegression(max_iter=200).fit(X, y), 'p', method='predict_proba', input_example=rows)",
        "sklearn",
    ),
    "notebook-pipeline": (
        (
            "cap(make_pipeline(Clip(), FunctionTransformer(shifted), StandardScaler(), LogisticRegression(max_iter=200))"
            ".fit(X, y), 'pipe', input_example=rows)"
        ),
        "sklearn",
    ),
    "notebook-lambda": (
        (
            "cap(make_pipeline(FunctionTransformer(lambda f: f * SHIFT), LogisticRegression(max_iter=200)).fit(X, y),"
            " 'lam', input_example=rows)"
        ),
        "sklearn",
    ),
    "notebook-subclass": ("cap(MyForest(5).fit(X, y), 'sub', input_example=rows)", "sklearn"),
    "object": ("cap(Majority(3), 'object', input_example=rows)", "python_function"),
    "object-method": ("cap(Majority(3), 'object2', method='explain', input_example=rows)", "python_function"),
    "function": (
        "def total(frame):\n    return frame.sum(axis=1) * SHIFT\ncap(total, 'f', input_example=rows)",
        "python_function",
    ),
    "lambda-on-list": ("cap(lambda texts: [t.upper() for t in texts], 'l', input_example=['a', 'b'])", "python_function"),
    "text-pipeline-on-list": (
        (
            "cap(make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(['good a', 'bad b'], [1, 0]), 't',"
            " input_example=['good', 'bad'])"
        ),
        "python_function",
    ),
    "text-pipeline-on-series": (
        (
            "s = pd.Series(['good a', 'bad b'], name='text')\n"
            "cap(make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(s, [1, 0]), 't2', input_example=s)"
        ),
        "python_function",
    ),
    "text-pipeline-probabilities": (
        (
            "cap(make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(['good a', 'bad b'], [1, 0]), 't3',"
            " method='predict_proba', input_example=['good', 'bad'])"
        ),
        "python_function",
    ),
    "categories": (
        (
            "c = pd.DataFrame({'kind': pd.Categorical(['a', 'b'] * 50), 'n': np.arange(100.0)})\n"
            "import lightgbm\ncap(lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(c, [0, 1] * 50), 'cat',"
            " input_example=c.head(20))"
        ),
        "python_function",
    ),
    "dates-and-missing": (
        (
            "d = pd.DataFrame({'at': pd.to_datetime(['2020-01-01', '2021-01-01']), 's': ['x', None], 'n': [1.5, float('nan')]})\n"
            "cap(lambda f: f['at'].dt.year + f['n'].fillna(0) + f['s'].isna(), 'dates', input_example=d)"
        ),
        "python_function",
    ),
    "sparse": (
        (
            "import scipy.sparse\ncap(LogisticRegression().fit(scipy.sparse.csr_matrix(X.values > 10), y), 'sp',"
            " input_example=scipy.sparse.csr_matrix(X.values[:7] > 10))"
        ),
        "sklearn",
    ),
    "list-of-lists": (
        "cap(KNeighborsClassifier(1).fit([[0, 0], [1, 1]], [0, 1]), 'lol', input_example=[[0, 1], [1, 1]])",
        "sklearn",
    ),
    "function-of-lists": (
        "cap(lambda rows: [r[0] + r[1] for r in rows], 'fl', input_example=[[1, 2], [3, 4]])",
        "python_function",
    ),
    "function-of-records": (
        "cap(lambda rows: [r['a'] * 2 for r in rows], 'fr', input_example=[{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'y'}])",
        "python_function",
    ),
    "function-of-a-dict": (
        "cap(lambda d: {'sum': d['a'] + d['b']}, 'fd', input_example={'a': 1, 'b': 2.5})",
        "python_function",
    ),
    "function-of-a-text": ("cap(lambda t: t.upper(), 'ft', input_example='hello')", "python_function"),
    "function-of-images": ("cap(lambda a: a.mean(axis=(1, 2)), 'im', input_example=np.ones((7, 3, 3)))", "python_function"),
    "frame-answer": ("cap(lambda f: f[['mean radius', 'mean area']] * 2, 'fa', input_example=rows)", "python_function"),
    "python-model": (
        (
            "import mlflow.pyfunc\nclass PM(mlflow.pyfunc.PythonModel):\n    def predict(self, context, model_input, params=None):\n"
            "        return model_input.sum(axis=1)\ncap(PM(), 'pm', input_example=rows)"
        ),
        "python_function",
    ),
    "transformer": (
        "cap(StandardScaler().fit(X), 'scaler', method='transform', input_example=rows)",
        "python_function",
    ),
    "xgboost": (
        "import xgboost\ncap(xgboost.XGBClassifier(n_estimators=5).fit(X, y), 'xgb', input_example=rows)",
        "xgboost",
    ),
    "xgboost-booster": (
        "import xgboost\ncap(xgboost.train({'max_depth': 2}, xgboost.DMatrix(X, y), 3), 'bst', input_example=rows)",
        "xgboost",
    ),
    "xgboost-subclass": (
        (
            "import xgboost\nclass MyXGB(xgboost.XGBClassifier):\n    def predict(self, X):\n        return 1 - super().predict(X)\n"
            "cap(MyXGB(n_estimators=5).fit(X, y), 'myxgb', input_example=rows)"
        ),
        "sklearn",
    ),
    "lightgbm": (
        "import lightgbm\ncap(lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(X, y), 'lgb', input_example=rows)",
        "lightgbm",
    ),
    "lightgbm-booster": (
        "import lightgbm\ncap(lightgbm.train({'verbose': -1}, lightgbm.Dataset(X, y), 3), 'lgbb', input_example=rows)",
        "lightgbm",
    ),
    "xgboost-in-pipeline": (
        (
            "import xgboost\ncap(make_pipeline(StandardScaler(), xgboost.XGBRegressor(n_estimators=5)).fit(X, y), 'xp',"
            " input_example=rows)"
        ),
        "sklearn",
    ),
}


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict, bool]]:
    """Every kind captured in one process and replayed in one other: kind → (what capture told, whether it agreed)."""
    root = tmp_path_factory.mktemp("flavors")
    home = Home(root / "home", root / "run").create()
    found = notebook_in(home, [SETUP, CLASSES, *(cell for cell, _ in KINDS.values())], cwd=root)
    agreed = replay(*found, cwd=root)
    return dict(zip(KINDS, zip(found, agreed, strict=True), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_process_answers_as_the_notebook_did(kind: str, captured) -> None:
    found, agreed = captured[kind]
    assert found["flavor"] == KINDS[kind][1]
    assert found["parity_rows"] in {1, 2, 7, 20}
    assert found["signature_from"] == "input_example"
    assert agreed is True


@pytest.mark.parametrize("kind", KINDS)
def test_requirements_pin_mlflow_and_the_library(kind: str, captured) -> None:
    found, _ = captured[kind]
    names = {r.partition("==")[0].lower() for r in found["requirements"]}
    assert "mlflow" in names
    assert all("==" in r for r in found["requirements"])
    library = {"sklearn": "scikit-learn", "xgboost": "xgboost", "lightgbm": "lightgbm"}.get(found["flavor"])
    assert library is None or any(n.startswith(library) for n in names)
    assert "mdeploy-lab" not in names
    written = (Path(found["source"]) / "requirements.txt").read_text().split()
    assert sorted(written) == sorted(found["requirements"])


def test_a_pipeline_names_the_libraries_inside_it(captured) -> None:
    found, _ = captured["xgboost-in-pipeline"]
    assert any(r.startswith("xgboost") for r in found["requirements"])
    assert any(r.startswith("scikit-learn==") for r in found["requirements"])


def test_metadata_says_where_a_model_came_from(captured) -> None:
    found, _ = captured["probabilities"]
    written = yaml.safe_load((Path(found["source"]) / "MLmodel").read_text())
    ours = written["metadata"]["mdeploy"]
    assert ours["method"] == "predict_proba"
    assert ours["interpreter"] == found["interpreter"]
    assert ours["lineage"]["data_fingerprint"]
    assert written["model_id"]
    assert len(json.loads(written["signature"]["inputs"])) == 4
