"""Which registry is used, and that MLflow's global state stays as the user left it."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from mdeploy_lab.errors import ModelNotFound, RegistryNotConfigured, RegistryUnavailable
from mdeploy_lab.paths import Home
from mdeploy_lab.registry import backend, template
from mdeploy_lab.registry.backend import choose
from mdeploy_lab.registry.registry import Registry

from .conftest import built_template, cells_in


def test_without_anything_it_is_the_homes_own(home: Home) -> None:
    found = choose(home, environ={})
    assert found.ours
    assert found.tracking_uri == found.registry_uri == f"sqlite:///{home.registry}/mlflow.db"


def test_the_argument_wins_over_the_environment(home: Home) -> None:
    environ = {"MLFLOW_TRACKING_URI": "http://env:1", "MLFLOW_REGISTRY_URI": "http://reg:1"}
    found = choose(home, tracking_uri="http://arg:1", environ=environ)
    assert (found.tracking_uri, found.registry_uri) == ("http://arg:1", "http://arg:1")
    found = choose(home, environ=environ)
    assert (found.tracking_uri, found.registry_uri) == ("http://env:1", "http://reg:1")
    assert not found.ours


def test_mlflows_default_store_is_used_where_it_exists(home: Home, tmp_path: Path) -> None:
    (tmp_path / "mlruns").mkdir()
    assert choose(home, environ={}, directory=tmp_path).ours, "an mlruns of artifacts alone is no registry"
    (tmp_path / "mlflow.db").touch()
    assert choose(home, environ={}, directory=tmp_path).tracking_uri == f"sqlite:///{tmp_path}/mlflow.db"
    (tmp_path / "mlruns/0").mkdir()
    (tmp_path / "mlruns/0/meta.yaml").touch()
    assert choose(home, environ={}, directory=tmp_path).tracking_uri == str(tmp_path / "mlruns")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("sqlite:///my.db", "sqlite:////here/my.db"),
        ("sqlite:////abs/my.db", "sqlite:////abs/my.db"),
        ("mlruns", "/here/mlruns"),
        ("./a b", "/here/a b"),
        ("file:mlruns", "/here/mlruns"),
        ("file:///abs/mlruns", "file:///abs/mlruns"),
        ("http://host:5000", "http://host:5000"),
        ("databricks", "databricks"),
    ],
)
def test_uris_mean_the_same_from_another_directory(given: str, meant: str) -> None:
    assert backend.absolute(given, Path("/here")) == meant


def test_passwords_are_not_shown() -> None:
    assert backend.redacted("postgresql://jo:secret@db:5432/x") == "postgresql://jo:***@db:5432/x"
    assert backend.redacted("http://host/") == "http://host/"


def test_a_server_that_does_not_listen_is_told_at_once(home: Home) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{free.getsockname()[1]}"
    began = time.monotonic()
    with pytest.raises(RegistryUnavailable, match="cannot be reached") as caught:
        backend.client(backend.Backend(uri, uri, "argument"))
    assert time.monotonic() - began < backend.KNOCK_SECONDS + 5
    assert "MLFLOW_TRACKING_URI" in caught.value.hint


def test_a_locked_database_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as setup:
        setup.execute("create table t (a)")
        setup.commit()
    holder = sqlite3.connect(path, check_same_thread=False)
    holder.execute("begin exclusive")
    release = threading.Timer(0.5, holder.rollback)
    release.start()

    def write() -> None:
        with closing(sqlite3.connect(path, timeout=0.05)) as connection, connection:
            connection.execute("insert into t values (1)")

    backend.called(backend.Backend("x", "x", "test"), write)
    release.join()
    holder.close()
    with closing(sqlite3.connect(path)) as check:
        assert check.execute("select count(*) from t").fetchone() == (1,)


def test_a_database_that_stays_locked_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "LOCK_DEADLINE", 0.2)

    def locked() -> None:
        raise sqlite3.OperationalError("database is locked")

    with pytest.raises(RegistryUnavailable, match="locked by another process"):
        backend.called(backend.Backend("sqlite:///x", "sqlite:///x", "test"), locked)


SETUP = """
import os, mlflow
from sklearn.dummy import DummyClassifier
clf = DummyClassifier().fit([[0], [1]], [0, 0])
"""
GLOBAL = """
before = mlflow.get_tracking_uri(), dict(os.environ)
run = mlflow.active_run()
cap(clf, 'a')
assert mlflow.active_run() is run
assert (mlflow.get_tracking_uri(), dict(os.environ)) == before
assert not os.path.exists('mlruns') and not os.path.exists('mlflow.db')
"""
OWN = """
mlflow.set_tracking_uri('sqlite:///mine.db')
mlflow.set_experiment('mine')
with mlflow.start_run() as run:
    mlflow.log_param('p', 1)
    cap(clf, 'b')
    assert mlflow.active_run().info.run_id == run.info.run_id
assert mlflow.get_run(run.info.run_id).data.params == {'p': '1'}
told[-1]['run'] = run.info.run_id
told[-1]['tags'] = mlflow.MlflowClient().get_model_version('b', '1').tags
"""


AUTOLOG = """
import sys
from sklearn.linear_model import LinearRegression
mlflow.sklearn.autolog(log_models=False, silent=True)
X = [[0.0], [1.0]]
model = LinearRegression().fit(X, [0, 1])
run = mlflow.last_active_run()
count = lambda: (len(mlflow.search_runs(output_format='list')), len(mlflow.get_run(run.info.run_id).inputs.dataset_inputs))
before = count()
cap(model, 'auto', input_example=X)
assert count() == before
from mlflow.utils.autologging_utils import autologging_is_disabled
assert not autologging_is_disabled('sklearn')
mlflow.sklearn.autolog(disable=True)
"""
SILENT = """
import contextlib, io, logging, warnings
from mdeploy_lab.registry.warming import warm
said = io.StringIO()
handlers = [h for n in ('mlflow', '') for h in logging.getLogger(n).handlers]
with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
    warm()
    cap(DummyClassifier(strategy='prior').fit([[0], [1]], [0, 0]), 'silent', input_example=[[0]])
    cap(lambda rows: [0 for _ in rows], 'silent2', input_example=['a'])
assert said.getvalue() == '', said.getvalue()
"""


@pytest.mark.timeout(300)
def test_the_users_mlflow_is_left_alone_and_followed(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    home = Home(tmp_path / "home", tmp_path / "run").create()
    told = cells_in(home, SETUP, {"untouched": GLOBAL, "silent": SILENT, "own": OWN, "autolog": AUTOLOG}, cwd=work)
    assert told["untouched"][0]["registry_uri"] == backend.home_uri(home)
    assert told["autolog"][0]["parity_rows"] == 2
    own = told["own"][0]
    assert own["tracking_uri"] == own["registry_uri"] == f"sqlite:///{work}/mine.db"
    assert Path(own["source"]).is_relative_to(work)
    assert own["tags"]["mdeploy.run_id"] == own["run"]


@pytest.mark.timeout(300)
def test_a_registry_that_cannot_be_written_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    """Root may write everywhere, so a directory that is a file stands for a read-only disk."""
    home = Home(tmp_path / "home", tmp_path / "run").create()
    home.registry.touch()
    cell = "refused(clf)\nos.remove(home.registry)\ncap(clf, 'r')\nimport shutil; shutil.rmtree(home.registry / 'artifacts')\n"
    cell += "(home.registry / 'artifacts').touch()\nclf2 = DummyClassifier(strategy='prior').fit([[0], [1]], [0, 0])\nrefused(clf2, 's')\n"
    cell += "told.append([m.name for m in mlflow.MlflowClient(told[-2]['tracking_uri']).search_registered_models()])\n"
    first, _, second, names = cells_in(home, SETUP, {"cells": cell}, cwd=tmp_path)["cells"]
    for error in (first, second):
        assert error["reason"] == "RegistryUnavailable"
        assert "\n" not in error["message"]
        assert error["hint"]
    assert names == ["r"]


def test_a_full_disk_and_a_read_only_one_are_named() -> None:
    where = backend.Backend("sqlite:///x", "sqlite:///x", "test")
    assert "no space left" in backend.unavailable(OSError(28, "No space left on device"), where).message
    assert "read-only" in backend.unavailable(OSError(30, "Read-only file system"), where).message
    assert "read-only" in backend.unavailable(sqlite3.OperationalError("attempt to write a readonly database"), where).message


async def test_not_configured_not_reachable_and_empty_are_told_apart(home: Home) -> None:
    registry = Registry(home)
    try:
        assert await registry.models() == ()
        for uri in ("telepathy://registry", "postgresql://host/mlflow"):  # an unknown kind; a driver that is not installed
            with pytest.raises(RegistryNotConfigured) as refused:
                await registry.models(uri)
            assert refused.value.code == "registry_not_configured"
            assert refused.value.hint
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            with pytest.raises(RegistryUnavailable) as refused:
                await registry.models(f"http://127.0.0.1:{closed.getsockname()[1]}")
        assert refused.value.code == "registry_unavailable"
        with pytest.raises(ModelNotFound):
            await registry.version("churn", "1")
    finally:
        await registry.close()


def test_a_home_gets_its_registry_from_the_template(home: Home) -> None:
    assert built_template().is_file()
    began = time.perf_counter()
    assert template.provide(home)
    print(f"a new home's registry took {time.perf_counter() - began:.3f} s")
    database = home.registry / "mlflow.db"
    with closing(sqlite3.connect(database)) as connection:
        location = connection.execute("select artifact_location from experiments").fetchone()[0]
        assert location.startswith(home.registry.as_uri())
        connection.execute("create table mark (a)")
        connection.commit()
    template.provide(home)
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("select count(*) from mark").fetchone() == (0,), "what is there is kept"
    assert [p.name for p in home.registry.iterdir()] == ["mlflow.db"]


def test_without_a_template_there_is_none_to_copy(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    assert not template.provide(home)
    assert not home.registry.exists()


def test_the_template_is_kept_per_mlflow_version() -> None:
    assert template.path("3.1.0") != template.path("3.2.0")
    assert template.path().name == f"mlflow-{template.mlflow_version()}.db"
