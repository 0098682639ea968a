"""Failures that really happen, and their cells run as a user would run them: after the cell the deployment serves."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

import mlflow
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from mdeploy_lab.client.ending import end_engine
from mdeploy_lab.client.loop import LOOP
from mdeploy_lab.errors import DeployFailed
from mdeploy_lab.notebook import load, unload
from tests.e2e.conftest import engine

pytestmark = pytest.mark.timeout(240)

HEAD = """
import os, time
from pathlib import Path
from mlflow.pyfunc import PythonModel
from mlflow.models import set_model
class M(PythonModel):
    def load_context(self, context):
        if not Path({flag!r}).exists():
            {trouble}
    def predict(self, context, model_input, params=None):
        return ["ok"]
set_model(M())
"""


@pytest.fixture
def flag(tmp_path) -> Path:
    """A file: while it is missing, the model of a test is in trouble."""
    return tmp_path / "flag"


@pytest.fixture
def troubled(tmp_path, flag):
    """Save a model that does something bad on load, until its flag is there."""

    def save(trouble: str, requirements: tuple[str, ...] = ("mlflow",)) -> str:
        code = tmp_path / "model.py"
        code.write_text(HEAD.format(flag=str(flag), trouble=trouble))
        flag.touch()  # saving runs the code once
        place = tmp_path / f"model{len(list(tmp_path.glob('model*')))}"
        mlflow.pyfunc.save_model(place, python_model=str(code), pip_requirements=["mlflow"])
        (place / "requirements.txt").write_text("\n".join(requirements))
        flag.unlink()
        return str(place)

    return save


@pytest.fixture
def shell(home, client):
    client.info()
    made = InteractiveShell()
    load(made)
    yield made
    unload(made)
    made.history_manager.end_session()
    made.history_manager = None
    InteractiveShell.clear_instance()


@pytest.fixture
def fails(client):
    """Deploy what fails; returns the handle. It is deleted after the test."""
    made = []

    def fail(model, reason: str, **options):
        with pytest.raises(DeployFailed) as caught:
            client.deploy(model, name=f"fix-{len(made)}", timeout=100, **options)
        handle = client.get(caught.value.details["id"])
        made.append(handle)
        assert handle.status.failure.reason == reason
        assert caught.value.details["failure"]["fix"] == handle.status.failure.fix
        return handle

    yield fail
    for handle in made:
        handle.delete()


def run(shell, cell: str):
    """Run a cell as it is; an error in it is raised."""
    with capture_output() as said:
        done = shell.run_cell(cell)
    assert done.success, said.stdout + said.stderr
    return done.result


def served(handle) -> bool:
    return handle.refresh().state == "deployed" and handle.query({"inputs": [[1]]}).status == 200


def test_a_secret_that_the_engine_does_not_have(shell, fails, troubled, flag, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: "s3cret")
    model = troubled("pass")
    kept = tmp_path / "other"
    kept.write_text("x")
    handle = fails(model, "secret_missing", secret_env={"API_KEY": "env:NOT_SET_HERE", "OTHER": f"file:{kept}"})
    run(shell, handle.status.failure.fix)
    assert served(handle)
    secret = tmp_path / ".mdeploy-secrets" / "API_KEY"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert handle.spec.template.secret_env == {"API_KEY": f"file:{secret}", "OTHER": f"file:{kept}"}


def test_a_secret_whose_file_is_missing(shell, fails, troubled, monkeypatch, tmp_path):
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: "s3cret")
    handle = fails(troubled("pass"), "secret_missing", secret_env={"API_KEY": f"file:{tmp_path}/keys/api"})
    run(shell, handle.status.failure.fix)
    assert served(handle)
    assert (tmp_path / "keys" / "api").read_text() == "s3cret"


@pytest.mark.slow
def test_a_start_that_needs_more_time(shell, fails, troubled):
    handle = fails(troubled("time.sleep(4)"), "start_timeout", start_timeout=1.5)
    run(shell, handle.status.failure.fix)
    assert served(handle)
    assert handle.spec.start_timeout == 60


def test_a_model_that_needs_more_memory(shell, fails, troubled, flag):
    handle = fails(troubled("raise MemoryError"), "out_of_memory", instance_type="nano")
    flag.touch()
    run(shell, handle.status.failure.fix)
    assert served(handle)
    assert handle.spec.template.instance_type == "small"


def test_a_model_that_answers_otherwise_than_in_the_notebook(shell, fails, iris):
    class Moody:
        def predict(self, rows):
            import os

            return [os.getpid()] * len(rows)

    handle = fails(Moody(), "parity", input_example=iris[0].head(3))
    fix = handle.status.failure.fix
    run(shell, fix)
    assert handle.refresh().state == "failed", "the first choice is to look"
    run(shell, "\n".join(line[2:] for line in fix.splitlines() if line.startswith("# %deploy")))
    assert handle.refresh().state == "deployed"


def test_a_module_of_ones_own(shell, fails, iris, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    text = "class Doubler:\n    def predict(self, rows):\n        return rows.to_numpy()[:, 0] * 2\n"
    (tmp_path / "own_doubling.py").write_text(text)
    import own_doubling

    clf = own_doubling.Doubler()

    class Wrapped(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input):
            return self.inner.predict(model_input)

    wrapped = Wrapped()
    wrapped.inner = clf
    mlflow.pyfunc.save_model(tmp_path / "model", python_model=wrapped, pip_requirements=["mlflow"])
    handle = fails(str(tmp_path / "model"), "missing_library")
    assert 'code_paths=["own_doubling.py"]' in handle.status.failure.fix
    shell.user_ns["clf"] = clf
    run(shell, handle.status.failure.fix)
    assert handle.refresh().state == "deployed"
    assert list(handle.predict(iris[0].head(1))) == [5.1 * 2]
    del sys.modules["own_doubling"]


def test_a_library_among_the_models_requirements_is_installed_in_its_version(fails, troubled):
    handle = fails(troubled("import surely_not_installed.part"), "missing_library")
    assert "code_paths" in handle.status.failure.fix
    named = fails(troubled("import cv2_is_no.part", ("mlflow", "cv2-is-no==1.2")), "missing_library")
    where, *lines = named.status.failure.fix.splitlines()
    assert sys.executable in where
    assert lines == ["%pip install cv2-is-no==1.2", f"%deploy start {named.id}"]


@pytest.mark.slow
def test_an_import_that_fails_and_a_python_that_is_gone_are_mended_by_an_environment(home, client, fails, troubled):
    model = troubled("from json import no_such_name")
    handle = fails(model, "import_failed")
    assert handle.status.failure.fix.endswith(f"%deploy update {handle.id} --isolate")
    gone = {"path": "/nowhere/bin/python", "version": "3.11.0"}
    with engine(home) as http:
        body = {"name": "gone", "model": {"uri": model, "interpreter": gone}}
        assert http.post("/deployments", json=body).status_code == 201
    with pytest.raises(DeployFailed):
        client.get("gone").wait("deployed", timeout=60)
    failure = client.get("gone").status.failure
    assert (failure.reason, failure.fix) == ("environment", "%deploy update gone --isolate")
    client.get("gone").delete()


def test_a_version_whose_files_are_gone(shell, client, models, iris):
    made = client.deploy(models[0], name="lost files", input_example=iris[0].head(3), timeout=100)
    made.stop()
    Path(made.spec.template.model.source).rename(Path(made.spec.template.model.source).with_name("elsewhere"))
    with pytest.raises(DeployFailed):
        made.start(timeout=60)
    failure = made.refresh().status.failure
    assert failure.reason == "model_not_found"
    found = run(shell, failure.fix.splitlines()[0])
    assert [v.uri for v in found] == [made.spec.template.model.uri]
    made.delete()


def test_a_variable_that_is_set_before_the_engine_starts_reaches_the_replicas(home, client, fails, troubled, monkeypatch):
    handle = fails(troubled("assert os.environ['API_KEY'] == 'v4lue'"), "secret_missing", secret_env={"API_KEY": "env:E2E_KEY"})
    monkeypatch.setenv("E2E_KEY", "v4lue")
    monkeypatch.setenv("E2E_OTHER", "stays")
    LOOP.run(end_engine(home, everything=True, seconds=60))
    handle.start(timeout=60)
    assert served(handle)
    environ = Path(f"/proc/{client.info().pid}/environ").read_bytes()
    assert b"E2E_KEY=v4lue" in environ
    assert b"E2E_OTHER" not in environ
    assert os.environ["E2E_OTHER"] == "stays"
