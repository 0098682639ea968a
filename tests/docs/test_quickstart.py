"""The quick-start notebook, executed by a real kernel: what it promises is what it prints."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.conftest import ROOT

NOTEBOOK = ROOT / "notebooks" / "quickstart.ipynb"
KERNEL_CONFIG = ROOT / "ipython-config" / "ipython_kernel_config.py"

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def cells(environ, tmp_path_factory) -> dict[str, dict]:
    """Execute the notebook once and return its code cells by id."""
    profile = Path(environ["IPYTHONDIR"]) / "profile_default"
    profile.mkdir(parents=True)
    shutil.copy(KERNEL_CONFIG, profile)  # as the wheel installs it, for environments where it is not installed
    directory = tmp_path_factory.mktemp("notebook")
    notebook = directory / NOTEBOOK.name
    shutil.copy(NOTEBOOK, notebook)
    command = [sys.executable, "-m", "jupyter", "execute", "--timeout=120", "--inplace", str(notebook)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, env=environ, cwd=directory)
    assert done.returncode == 0, done.stderr[-4000:]
    text = notebook.read_text(encoding="utf-8")
    assert not re.search(r"mdp_[a-z_][a-z0-9_-]*\.[A-Za-z0-9_-]{20,}", text), "a token is in the notebook"
    return {c["id"]: c for c in json.loads(text)["cells"] if c["cell_type"] == "code"}


def test_quickstart_does_what_it_says(cells):
    errors = {i: _errors(c) for i, c in cells.items() if _errors(c)}
    assert set(errors) == {"mistake"}, errors

    assert "same as in this notebook: True" in printed(cells["predict"])
    assert "revision 1" in printed(cells["again"])
    assert "2" in shown(cells["history"])
    assert "try a forest" in shown(cells["history"])
    assert "models:/" in shown(cells["diff"])
    assert "same as the first model again: True" in printed(cells["rollback"])
    assert "answers again: True" in printed(cells["start"])
    assert printed(cells["digits"]).count("sure") == 3
    assert "tumours" in shown(cells["grid"])
    assert "digits" in shown(cells["grid"])

    assert " 401 " in f"{printed(cells['stranger']).strip()} "
    assert " 503 " in printed(cells["stop"]).replace("\r", "\n").replace("\n", " ")
    answer = json.loads(re.search(r"\{.*\}", printed(cells["curl"]), re.DOTALL)[0])
    assert len(answer["predictions"]) == 2
    assert "mdp_web" in shown(cells["client"])


def test_a_mistake_is_one_line_and_a_hint(cells):
    text = shown(cells["mistake"])
    assert "clff" in text
    assert "hint:" in text
    assert "Traceback" not in text
    assert len([line for line in text.splitlines() if line.strip()]) <= 3, text


def _errors(cell: dict) -> list[str]:
    failed = [o["ename"] for o in cell["outputs"] if o["output_type"] == "error"]
    usage = [o["text"] for o in cell["outputs"] if o.get("name") == "stderr" and "UsageError" in "".join(o["text"])]
    return failed + ["UsageError" for _ in usage]


def printed(cell: dict) -> str:
    """Return what the cell wrote to standard output."""
    return "".join("".join(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream" and o["name"] == "stdout")


def shown(cell: dict) -> str:
    """Return all that the cell shows, as text."""
    parts = []
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            parts.append("".join(output["text"]))
        elif output["output_type"] == "error":
            parts.extend((*output["traceback"], f"{output['ename']}: {output['evalue']}"))
        else:
            data = output["data"]
            parts.extend("".join(data[k]) for k in ("text/plain", "text/html") if k in data)
    return "\n".join(parts)
