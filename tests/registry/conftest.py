"""Homes of their own, one registry template for all of them, and notebooks that run in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from mdeploy_lab.paths import Home
from mdeploy_lab.registry import template

NOTEBOOK = '''
import hashlib, json, sys, __main__
from pathlib import Path
from mdeploy_lab.paths import Home
from mdeploy_lab.registry.capture import capture, CellContext
from mdeploy_lab.errors import MDeployError

home = Home(Path({root!r}), Path({run!r}))
told = []

def cap(obj, name, **options):
    """Capture and remember what was captured."""
    told.append(json.loads(capture(obj, name=name, home=home, **options).model_dump_json()))

def refused(obj, name="refused", **options):
    """Capture what cannot be, and remember the error."""
    try:
        capture(obj, name=name, home=home, **options)
    except MDeployError as error:
        told.append(error.to_body())
    else:
        told.append(None)

for cell in {cells!r}:
    file = "/tmp/ipykernel_1/" + hashlib.sha256(cell.encode()).hexdigest()[:10] + ".py"
    exec(compile(cell, file, "exec"), __main__.__dict__)
print("TOLD" + json.dumps(told))
'''

REPLAY = """
import json, sys, warnings
from pathlib import Path
from types import SimpleNamespace
warnings.simplefilter("ignore")
import mlflow.pyfunc
from mdeploy_lab.runtime.encoding import encode
from mdeploy_lab.runtime.loader import ServedModel
from mdeploy_lab.runtime.protocols.invocations import read_json
from mdeploy_lab.service.parity import agree, as_rows

answers = []
for source, method in zip(sys.argv[1::2], sys.argv[2::2]):
    stored = json.loads((Path(source) / "mdeploy" / "parity.json").read_text())
    spec = SimpleNamespace(template=SimpleNamespace(runtime=SimpleNamespace(method=method)), model_path=source)
    model = ServedModel(spec, mlflow.pyfunc.load_model(source))
    try:
        call = read_json(json.dumps(stored["request"]).encode(), model)
        got = json.loads(encode(model.predict(call.inputs, call.params)))
    except Exception as error:
        answers.append(f"{type(error).__name__}: {error}")
        continue
    same = agree(as_rows(stored["expected"]), as_rows(got))
    answers.append(True if same else f"{stored['expected']} and {got}"[:1000])
print("TOLD" + json.dumps(answers))
"""


@pytest.fixture(scope="session", autouse=True)
def user_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One user cache for the whole run."""
    chosen = pytest.MonkeyPatch()
    chosen.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"):
        chosen.delenv(name, raising=False)
    chosen.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    yield
    chosen.undo()


def built_template() -> Path:
    """Return the registry template; the migrations are run once, and only when a test needs them."""
    if not template.path().is_file():
        build = "from mdeploy_lab.registry import template; template.build()"
        subprocess.run([sys.executable, "-c", build], check=True, timeout=120, cwd=Path(__file__).parents[2])
    return template.path()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty home; the current directory holds no registry of MLflow's own."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return Home(tmp_path / "home", tmp_path / "run").create()


Notebook = Callable[..., list[dict]]


@pytest.fixture
def notebook(home: Home) -> Notebook:
    """Run cells in ``__main__`` of a fresh process; returns what ``cap`` and ``refused`` in them were told."""

    def run(*cells: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> list[dict]:
        return notebook_in(home, cells, cwd=cwd, env=env)

    return run


def notebook_in(home: Home, cells: Sequence[str], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> list[dict]:
    """Run cells as a kernel would, with the notebook's folder on the path."""
    built_template()
    source = NOTEBOOK.format(root=str(home.root), run=str(home.run), cells=[textwrap.dedent(c) for c in cells])
    return told([sys.executable, "-c", source], cwd=cwd, env=env)


def cells_in(home: Home, setup: str, cells: dict[str, str], *, cwd: Path | None = None) -> dict[str, list[dict]]:
    """Run named cells after one another in one process; returns what was told in each."""
    marked = [f"told.append({name!r})\n{textwrap.dedent(cell)}" for name, cell in cells.items()]
    found: dict[str, list[dict]] = {}
    for entry in notebook_in(home, [setup, *marked], cwd=cwd):
        if isinstance(entry, str):
            current = found.setdefault(entry, [])
        else:
            current.append(entry)
    return found


def replay(*captured: dict, env: dict[str, str] | None = None, cwd: Path | None = None) -> list[bool | str]:
    """Load models in a fresh process that never saw the notebook, and ask them their parity rows as the runtime does.

    True, or what differs, for each.
    """
    arguments = [text for found in captured for text in (found["source"], found["method"])]
    return told([sys.executable, "-c", REPLAY, *arguments], env=env, cwd=cwd)


def told(command: list[str], *, cwd: Path | None = None, env: dict[str, str] | None = None):
    """Run a process and return the JSON after its last ``TOLD``."""
    root = str(Path(__file__).parents[2])
    environ = {**os.environ, "PYTHONPATH": root, **(env or {})}
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, cwd=cwd, env=environ, check=False)
    assert "TOLD" in done.stdout, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout.rpartition("TOLD")[2])
