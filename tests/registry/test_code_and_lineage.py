"""The user's own modules travel with the model; where it came from is written down."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from mdeploy_lab.models.registry import CellContext
from mdeploy_lab.registry import code_paths, lineage

from .conftest import Notebook, replay

FEATURES = """
from sklearn.base import BaseEstimator, TransformerMixin
import ratios

class Ratio(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.n_ = X.shape[1]
        return self
    def transform(self, X):
        return ratios.ratio(X)
"""
RATIOS = """
import yaml
def ratio(X):
    return X.assign(r=X["a"] / (X["b"] + 1))
"""
CELL = """
import sys; sys.path.insert(0, "")
import pandas as pd
from features import Ratio
from mypkg.deep import Twice
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.0, 1.0, 5.0]})
model = make_pipeline(Ratio(), Twice(), LinearRegression()).fit(X, [1, 2, 3])
cap(model, "m", input_example=X, variable="model", cell=CellContext(notebook="n.ipynb", cell_id="c1", execution_count=4))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "mypkg").mkdir(parents=True)
    (folder / "features.py").write_text(FEATURES)
    (folder / "ratios.py").write_text(RATIOS)
    (folder / "mypkg/__init__.py").write_text("")
    (folder / "mypkg/deep.py").write_text(
        "from sklearn.preprocessing import FunctionTransformer\nclass Twice(FunctionTransformer):\n"
        "    def transform(self, X):\n        return X * 2\n"
    )
    return folder


def test_modules_of_the_notebooks_folder_travel_with_the_model(notebook: Notebook, project: Path, tmp_path: Path) -> None:
    (found,) = notebook(CELL, cwd=project)
    assert sorted(Path(p).name for p in found["code_paths"]) == ["features.py", "mypkg", "ratios.py"]
    assert "features.py, mypkg, ratios.py travel with the model" in found["notes"]
    assert any(r.lower().startswith("pyyaml==") for r in found["requirements"]), "what they import is required"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in project.rglob("*.py"):
        file.unlink()
    assert replay(found, cwd=elsewhere) == [True]


def test_changed_code_is_a_new_version(notebook: Notebook, project: Path) -> None:
    (first,) = notebook(CELL, cwd=project)
    (same,) = notebook(CELL, cwd=project)
    (project / "ratios.py").write_text(RATIOS.replace("+ 1", "+ 2"))
    (changed,) = notebook(CELL, cwd=project)
    assert [f["version"] for f in (first, same, changed)] == ["1", "1", "2"]


def test_libraries_and_our_own_package_do_not_travel() -> None:
    import numpy as np
    import sklearn.linear_model  # noqa: F401  # loaded for the test

    assert code_paths.own_modules(["sklearn.linear_model", "numpy", "json", "mdeploy_lab.errors", "builtins"]) == {}
    assert np


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(folder), *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def test_lineage_names_notebook_cell_variable_and_data(notebook: Notebook, project: Path) -> None:
    (found,) = notebook(CELL, cwd=project)
    written = yaml.safe_load((Path(found["source"]) / "MLmodel").read_text())["metadata"]["mdeploy"]["lineage"]
    assert written["notebook"] == "n.ipynb"
    assert (written["cell_id"], written["execution_count"], written["variable"]) == ("c1", 4, "model")
    assert len(written["data_fingerprint"]) == 16


def test_lineage_names_the_commit_and_whether_files_changed(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    assert lineage.commit(tmp_path) == {}
    git(tmp_path, "init", "-q")
    assert lineage.commit(tmp_path) == {}, "no commit yet"
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert lineage.commit(tmp_path) == {"git_commit": head, "git_dirty": False}
    (tmp_path / "a.py").write_text("2")
    below = tmp_path / "below"
    below.mkdir()
    told = lineage.lineage(variable="m", cell=CellContext(notebook=str(below / "n.ipynb")))
    assert (told["git_commit"], told["git_dirty"]) == (head, True)


def test_equal_data_has_equal_fingerprints() -> None:
    import pandas as pd

    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    assert lineage.data_fingerprint(frame) == lineage.data_fingerprint(frame.copy())
    assert lineage.data_fingerprint(frame) != lineage.data_fingerprint(frame.astype({"a": float}))
    assert lineage.data_fingerprint(frame) != lineage.data_fingerprint(frame.rename(columns={"a": "c"}))
