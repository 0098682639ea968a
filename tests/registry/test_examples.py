"""Where signature and parity rows come from: named always, guessed never."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from mdeploy_lab.paths import Home

from .conftest import cells_in

SETUP = """
import numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
X_test = pd.DataFrame({'a': np.arange(80.0), 'b': np.arange(80.0) % 2})
y = (X_test.a > 40).astype(int)
clf = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_test, y)
other = pd.DataFrame({'a': [1.0]})
_hidden = X_test.copy()
"""

CELLS = {
    "the-only-frame-that-fits-is-used-and-named": """
cap(clf, 'm', namespace={'X_test': X_test, 'clf': clf, 'y': y, 'other': other, '_hidden': _hidden})
""",
    "a-second-name-of-the-same-frame-is-no-second-candidate": """
cap(clf, 'm', namespace={'X_test': X_test, 'alias': X_test})
""",
    "several-frames-give-a-signature-when-they-agree-and-never-rows": """
cap(clf, 'm', namespace={'X_test': X_test, 'X_train': X_test.head(10).copy()})
""",
    "frames-that-disagree-give-nothing-but-their-names": """
cap(clf, 'm', namespace={'X_test': X_test, 'X_int': X_test.astype(int)})
""",
    "no-data-at-hand-is-said": """
cap(clf, 'm', namespace={'other': other})
""",
    "arrays-match-by-width-when-the-model-knows-no-names": """
m = LogisticRegression().fit(X_test.values, y)
A = X_test.values[:7]
B = np.zeros((3, 5))
cap(m, 'm', namespace={'A': A, 'B': B, 'X_test': X_test})
""",
    "the-users-rows-are-not-written-to": """
class Greedy:
    def predict(self, X):
        X['a'] = 0.0
        return X['b'].to_numpy()
before = X_test.copy()
cap(Greedy(), 'm', input_example=X_test)
assert X_test.equals(before)
""",
    "a-model-that-answers-by-chance-gets-no-parity-rows": """
cap(lambda X: np.random.random(len(X)), 'm', input_example=X_test)
""",
    "a-slow-model-is-asked-once-for-few-rows": """
import time
calls = []
def slow(X):
    calls.append(len(X)); time.sleep(1.1)
    return X['a']
cap(slow, 'm', input_example=X_test)
assert len(calls) == 2, calls
""",
    "missing-values-far-down-make-a-column-optional": """
X_test.loc[70, 'b'] = np.nan
cap(lambda X: X['a'], 'm', input_example=X_test)
""",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict]]:
    """Every cell, run on the set-up, in one process."""
    root = tmp_path_factory.mktemp("examples")
    home = Home(root / "home", root / "run").create()
    return cells_in(home, "", {name: SETUP + cell for name, cell in CELLS.items()}, cwd=root)


def signature(found: dict) -> dict | None:
    return yaml.safe_load((Path(found["source"]) / "MLmodel").read_text()).get("signature")


def test_the_only_frame_that_fits_is_used_and_named(told) -> None:
    (found,) = told["the-only-frame-that-fits-is-used-and-named"]
    assert found["signature_from"] == "X_test"
    assert "signature from X_test (5 rows)" in found["notes"]
    assert found["parity_rows"] == 50
    stored = json.loads((Path(found["source"]) / "mdeploy/parity.json").read_text())
    assert len(stored["expected"]) == stored["rows"] == 50
    assert stored["request"]["dataframe_split"]["columns"] == ["a", "b"]


def test_a_second_name_of_the_same_frame_is_no_second_candidate(told) -> None:
    (found,) = told["a-second-name-of-the-same-frame-is-no-second-candidate"]
    assert found["signature_from"] == "X_test"


def test_several_frames_give_a_signature_when_they_agree_and_never_rows(told) -> None:
    (found,) = told["several-frames-give-a-signature-when-they-agree-and-never-rows"]
    assert found["signature_from"] == "X_test, X_train"
    assert found["parity_rows"] == 0
    assert any("input_example=" in n and "no parity check" in n for n in found["notes"])
    assert not (Path(found["source"]) / "mdeploy/parity.json").exists()
    assert not (Path(found["source"]) / "input_example.json").exists()
    assert [c["name"] for c in json.loads(signature(found)["inputs"])] == ["a", "b"]


def test_frames_that_disagree_give_nothing_but_their_names(told) -> None:
    (found,) = told["frames-that-disagree-give-nothing-but-their-names"]
    assert found["signature_from"] == ""
    assert signature(found) is None
    assert any("X_int and X_test fit equally" in n for n in found["notes"])


def test_no_data_at_hand_is_said(told) -> None:
    (found,) = told["no-data-at-hand-is-said"]
    assert found["signature_from"] == ""
    assert found["notes"] == ["no signature and no parity check: no data at hand; give rows with input_example="]


def test_arrays_match_by_width_when_the_model_knows_no_names(told) -> None:
    (found,) = told["arrays-match-by-width-when-the-model-knows-no-names"]
    assert found["signature_from"] == "A"
    assert found["parity_rows"] == 7


def test_the_users_rows_are_not_written_to(told) -> None:
    (found,) = told["the-users-rows-are-not-written-to"]
    assert found["parity_rows"] == 50


def test_a_model_that_answers_by_chance_gets_no_parity_rows(told) -> None:
    (found,) = told["a-model-that-answers-by-chance-gets-no-parity-rows"]
    assert found["parity_rows"] == 0
    assert any("differently each time" in n for n in found["notes"])


def test_a_slow_model_is_asked_once_for_few_rows(told) -> None:
    (found,) = told["a-slow-model-is-asked-once-for-few-rows"]
    assert found["parity_rows"] == 5


def test_missing_values_far_down_make_a_column_optional(told) -> None:
    (found,) = told["missing-values-far-down-make-a-column-optional"]
    assert [c["required"] for c in json.loads(signature(found)["inputs"])] == [True, False]
