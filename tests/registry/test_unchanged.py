"""The same cell run again makes no new version; what would answer otherwise does."""

from __future__ import annotations

from .conftest import Notebook

FIT = """
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
from sklearn.preprocessing import FunctionTransformer
from sklearn.pipeline import make_pipeline
X, y = load_iris(return_X_y=True, as_frame=True)
clf = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
"""
CAPTURE = "cap(clf, 'iris', input_example=X.head())"
CUSTOM = """
FACTOR = {factor}
class Scale:
    def __init__(self, by):
        self.by = by
    def predict(self, X):
        return X.sum(axis=1) * self.by * FACTOR
cap(Scale(2), 'scale', input_example=X.head())
"""


def test_the_same_object_and_an_equal_one_keep_the_version(notebook: Notebook) -> None:
    first, again, refitted = notebook(FIT, CAPTURE, CAPTURE, FIT, CAPTURE)
    assert (first["version"], first["unchanged"]) == ("1", False)
    assert (again["version"], again["unchanged"]) == ("1", True)
    assert (refitted["version"], refitted["unchanged"]) == ("1", True)
    assert again["source"] == first["source"]
    assert again["parity_rows"] == first["parity_rows"] == 5


def test_another_kernel_finds_the_version_too(notebook: Notebook) -> None:
    (first,) = notebook(FIT, CAPTURE)
    (again,) = notebook(FIT, CAPTURE)
    assert again["uri"] == first["uri"] == "models:/iris/1"
    assert again["unchanged"]


def test_what_answers_otherwise_is_a_new_version(notebook: Notebook) -> None:
    deeper = "clf = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)"
    found = notebook(FIT, CAPTURE, deeper, CAPTURE, "cap(clf, 'iris', method='predict_proba', input_example=X.head())")
    assert [f["version"] for f in found] == ["1", "2", "3"]
    assert not any(f["unchanged"] for f in found)


def test_a_class_that_a_cell_defines_again_is_the_same_class(notebook: Notebook) -> None:
    same, again, moved, other = notebook(
        FIT,
        CUSTOM.format(factor=1),
        CUSTOM.format(factor=1),
        "# a comment moves every line\n\n" + CUSTOM.format(factor=1),
        CUSTOM.format(factor=3),
    )
    assert (same["version"], same["unchanged"]) == ("1", False)
    assert (again["version"], again["unchanged"]) == ("1", True)
    assert (moved["version"], moved["unchanged"]) == ("1", True)
    assert (other["version"], other["unchanged"]) == ("2", False)


def test_going_back_gives_the_old_version(notebook: Notebook) -> None:
    found = notebook(FIT, CUSTOM.format(factor=1), CUSTOM.format(factor=2), CUSTOM.format(factor=1))
    assert [f["version"] for f in found] == ["1", "2", "1"]


def test_a_version_whose_files_are_gone_is_made_anew(notebook: Notebook) -> None:
    found = notebook(FIT, CAPTURE, "import shutil; shutil.rmtree(told[-1]['source'])", CAPTURE)
    assert [f["version"] for f in found] == ["1", "2"]


def test_boosters_too(notebook: Notebook) -> None:
    cell = """
    import lightgbm, xgboost
    cap(xgboost.XGBClassifier(n_estimators=3).fit(X, y), 'x', input_example=X.head())
    cap(lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(X, y), 'l', input_example=X.head())
    """
    found = notebook(FIT, cell, cell)
    assert [f["unchanged"] for f in found] == [False, False, True, True]
