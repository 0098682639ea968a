"""The same cell run again makes no new version; what would answer otherwise does."""

from __future__ import annotations

import pytest

from mdeploy_lab.paths import Home

from .conftest import cells_in

SETUP = """
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
X, y = load_iris(return_X_y=True, as_frame=True)
"""
FIT = "clf = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)\n"
CAPTURE = "cap(clf, {name!r}, input_example=X.head())\n"
CUSTOM = """
FACTOR = {factor}
class Scale:
    def __init__(self, by):
        self.by = by
    def predict(self, X):
        return X.sum(axis=1) * self.by * FACTOR
cap(Scale(2), {name!r}, input_example=X.head())
"""
BOOSTERS = """
import lightgbm, xgboost
cap(xgboost.XGBClassifier(n_estimators=3).fit(X, y), 'x', input_example=X.head())
cap(lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(X, y), 'l', input_example=X.head())
"""


def named(name: str) -> str:
    return CAPTURE.format(name=name)


CELLS = {
    "again": FIT + named("a") + named("a"),
    "refitted": FIT + named("a"),
    "deeper": "clf = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y)\n" + named("a"),
    "method": "cap(clf, 'a', method='predict_proba', input_example=X.head())",
    "class": CUSTOM.format(factor=1, name="c"),
    "class-again": CUSTOM.format(factor=1, name="c"),
    "class-moved": "# a comment moves every line\n\n" + CUSTOM.format(factor=1, name="c"),
    "class-changed": CUSTOM.format(factor=3, name="c"),
    "class-back": CUSTOM.format(factor=1, name="c"),
    "gone": FIT + named("g") + "import shutil; shutil.rmtree(told[-1]['source'])\n" + named("g"),
    "boosters": BOOSTERS,
    "boosters-again": BOOSTERS,
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, bool]]]:
    """Version and whether it was there, for each capture of each cell."""
    root = tmp_path_factory.mktemp("unchanged")
    home = Home(root / "home", root / "run").create()
    found = cells_in(home, SETUP, CELLS, cwd=root)
    found |= cells_in(home, SETUP, {"another-kernel": FIT + named("a")}, cwd=root)
    return {cell: [(f["version"], f["unchanged"]) for f in entries] for cell, entries in found.items()}


def test_the_same_object_and_an_equal_one_keep_the_version(told) -> None:
    assert told["again"] == [("1", False), ("1", True)]
    assert told["refitted"] == [("1", True)]


def test_another_kernel_finds_the_version_too(told) -> None:
    assert told["another-kernel"] == [("1", True)]


def test_what_answers_otherwise_is_a_new_version(told) -> None:
    assert told["deeper"] == [("2", False)]
    assert told["method"] == [("3", False)]


def test_a_class_that_a_cell_defines_again_is_the_same_class(told) -> None:
    assert told["class"] == [("1", False)]
    assert told["class-again"] == [("1", True)]
    assert told["class-moved"] == [("1", True)]
    assert told["class-changed"] == [("2", False)]


def test_going_back_gives_the_old_version(told) -> None:
    assert told["class-back"] == [("1", True)]


def test_a_version_whose_files_are_gone_is_made_anew(told) -> None:
    assert told["gone"] == [("1", False), ("2", False)]


def test_boosters_too(told) -> None:
    assert told["boosters"] == [("1", False), ("1", False)]
    assert told["boosters-again"] == [("1", True), ("1", True)]
