"""The quick-start notebook in JupyterLab, on a kernel of another environment."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.environments.kernel import Cell, Kernel
from tests.server.jupyter import ROOT


@pytest.fixture(scope="module")
def said(open_kernel: Callable[[], Kernel]) -> dict[str, Cell]:
    """Run the notebook's cells in order; what each put out, by its id."""
    notebook = json.loads((ROOT / "notebooks/quickstart.ipynb").read_text(encoding="utf-8"))
    kernel = open_kernel()
    kernel.run("%load_ext mdeploy_lab")
    cells = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    return {c["id"]: kernel.run("".join(c["source"]), fails=c["id"] == "mistake") for c in cells}


def test_it_does_what_it_does_here(said: dict[str, Cell]) -> None:
    assert {id_ for id_, cell in said.items() if "UsageError" in cell.stderr} == {"mistake"}
    assert "tumours is deployed" in said["deploy"].text
    assert "same as in this notebook: True" in said["predict"].stdout
    assert "/invocations" in said["logs"].text
    assert "revision 1" in said["again"].stdout
    assert "RandomForest" in said["diff"].text or "models:/tumours/2" in said["diff"].text
    assert "try a forest" in said["history"].text
    assert "same as the first model again: True" in said["rollback"].stdout
    assert " 401 " in said["stranger"].stdout
    assert "mdp_web" in said["client"].text
    assert len(json.loads(said["curl"].stdout)["predictions"]) == 2
    assert said["digits"].stdout.count("sure") == 3
    assert "digits" in said["grid"].text
    assert " 503 " in said["stop"].stdout
    assert "answers again: True" in said["start"].stdout


def test_warnings_and_tracebacks_are_not_its_way(said: dict[str, Cell]) -> None:
    for id_, cell in said.items():
        assert "Traceback" not in cell.text, id_
        assert "Warning" not in cell.text, id_
        assert not cell.stderr or id_ == "mistake", (id_, cell.stderr)
