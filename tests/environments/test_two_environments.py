"""What a kernel of another environment deploys, every surface of ours works with, and the other way round."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from mdeploy_lab.client.sync import Client
from mdeploy_lab.paths import Home
from tests.environments.kernel import Kernel
from tests.environments.other import Environment

SAYS = """
class Says:
    def predict(self, rows):
        import sys
        import numpy
        return [[numpy.__version__, sys.prefix, "%d.%d.%d" % sys.version_info[:3]] for _ in rows]
says = Says()
"""
TRAIN = """
%load_ext mdeploy_lab
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
X, y = load_breast_cancer(return_X_y=True, as_frame=True)
clf = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
"""
DEPLOY = "d = %deploy clf --name theirs --input-example X"
SCRIPT = """
import mdeploy_lab as md
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
X, y = load_iris(return_X_y=True)
if __name__ == "__main__":
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    d = md.deploy(tree, name="from-a-script", input_example=X[:5])
    print("SAME", bool((d.predict(X) == tree.predict(X)).all()), d.url)
    d.delete()
"""


@pytest.fixture(scope="module")
def data():
    return load_breast_cancer(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def theirs(kernel: Kernel, client: Client) -> Kernel:
    """The kernel, after it trained a model and deployed it as ``theirs``, and another as ``says``."""
    kernel.run(TRAIN)
    kernel.run(DEPLOY)
    kernel.run(SAYS)
    kernel.run("s = %deploy says")
    return kernel


@pytest.fixture
def ours(home: Home):
    """Run our environment's command line; returns what it printed."""
    return lambda *arguments, code=0: command(Path(sys.executable).parent / "mdeploy", home, *arguments, code=code)


def command(program: Path, home: Home, *arguments: str, code: int = 0) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MDEPLOY_", "MLFLOW_", "PYTHON"))}
    environ = {**kept, "MDEPLOY_HOME": str(home.root), "NO_COLOR": "1", "COLUMNS": "200"}
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120, check=False, env=environ)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + (done.stderr if code else "")


def libraries(pid: int) -> set[str]:
    """Return the environments that a process has mapped numpy from."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    return {line[line.index("/") :].partition("/lib/python")[0] for line in lines if "/site-packages/numpy/" in line}


def test_the_environments_differ(other: Environment) -> None:
    assert other.numpy != np.__version__
    lacks = "import importlib.util as u; print([u.find_spec(m) is None for m in ('jupyter_server', 'jupyterlab', 'notebook')])"
    assert (
        subprocess.run([other.python, "-c", lacks], capture_output=True, text=True, check=True).stdout.strip()
        == "[True, True, True]"
    )
    if not other.another_python:
        pytest.skip("another Python: untested, none installed")


def test_a_kernel_gets_its_own_answers(theirs: Kernel) -> None:
    cell = theirs.run(
        "", same="bool((d.predict(X) == clf.predict(X)).all())", kind="type(d.predict(X)).__name__", state="d.state"
    )
    assert cell.values == {"same": True, "kind": "ndarray", "state": "deployed"}


def test_replicas_run_the_kernels_python(theirs: Kernel, client: Client, other: Environment) -> None:
    assert client.get("says").predict([[1]]) == [[other.numpy, str(other.root), other.version]]
    (replica,) = client.get("theirs").replicas()
    assert libraries(replica.pid) == {str(other.root)}


def test_our_shell_works_with_it(theirs: Kernel, ours, tmp_path: Path, data) -> None:
    listed = json.loads(ours("list", "--json"))
    print(listed)
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps({"dataframe_split": data[0].head(3).to_dict(orient="split")}))
    print(ours("predict", "theirs", "-f", str(rows)))
    print(ours("stop", "theirs"))
    print(ours("start", "theirs"))
    print(ours("logs", "theirs"))
    print(ours("history", "theirs"))
    print(ours("clients", "list", "theirs"))


def test_script(other, home, theirs, tmp_path):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    print(command(other.python, home, str(script)))
    print(command(other.mdeploy, home, "list"))
    print(command(other.mdeploy, home, "info"))
