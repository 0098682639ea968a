"""Upgrade and downgrade: newer code takes a home over under load, and older code refuses a newer home in one line."""

from __future__ import annotations

import io
import sqlite3
import subprocess
import sys
import sysconfig
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from mdeploy_lab.client.sync import Client
from mdeploy_lab.store.migrations import MIGRATIONS
from tests.e2e.census import census, kill_everything, of_kind, until
from tests.e2e.conftest import engine
from tests.e2e.load import Load

ROOT = Path(__file__).parents[2]
OLDEST = "9e7c8ac"
"""The oldest commit that was seen to work here: 46b681e does not start with today's packages, 8066011 ends no deploy."""
DEPLOY = """
import sys
import mdeploy_lab as md
made = md.deploy(sys.argv[1], name="kept", instance_type="nano", timeout=60, message="with the old one")
made.update(description="before", message="described")
print(made.clients.add("load").token.reveal())
"""


def code_of(commit: str, folder: Path) -> None:
    """Put the package as it was at a commit into a folder; skip where there is no history, as in an sdist."""
    done = subprocess.run(["git", "-C", str(ROOT), "archive", commit, "mdeploy_lab"], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no commit {commit} here: {done.stderr.decode()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))


def interpreter_of(folder: Path) -> Path:
    """Return a Python that has this one's packages, and the package of ``folder`` instead of this one."""
    place = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    own = next(place.glob("lib/python*/site-packages"))
    (own / "packages.pth").write_text(f"{folder}\n{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return place / "bin" / "python"


@pytest.fixture
def saved(models, iris, tmp_path):
    """Return a model's folder."""
    import mlflow

    mlflow.sklearn.save_model(models[0], tmp_path / "model", input_example=iris[0].head())
    return tmp_path / "model"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("commit", [OLDEST, "HEAD~1"])
def test_newer_code_takes_over_without_a_failed_request(commit, home, saved, iris, tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    code_of(commit, old)
    python = interpreter_of(old)
    done = subprocess.run([python, "-c", DEPLOY, str(saved)], capture_output=True, text=True, timeout=120, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    token = done.stdout.split()[-1]
    before = of_kind(home, "engine")
    assert str(python) in Path(f"/proc/{before[0]}/cmdline").read_text(encoding="utf-8")
    with engine(home) as http:
        kept = http.get("/deployments/kept").json()
        history = http.get("/deployments/kept/history").json()["history"]
    body = {"dataframe_split": iris[0].head(1).to_dict(orient="split")}
    with Load(kept["url"], token, body) as answers:
        until("load", lambda: answers.codes["200"] > 50)
        with engine(home) as http:
            http.post("/engine/handover")
        until("the old engine to end", lambda: before != of_kind(home, "engine"), 30)
        with Client() as client:
            found = client.get("kept")
            until("the new engine", lambda: [e for e in of_kind(home, "engine") if e not in before])
            new = of_kind(home, "engine")[0]
            assert str(python) not in Path(f"/proc/{new}/cmdline").read_text(encoding="utf-8")
            count = answers.codes["200"]
            until("load", lambda: answers.codes["200"] > count + 100)
            assert [h.message for h in found.history()][::-1] == [h["message"] for h in history][::-1]
            assert found.spec.description == "before"
            assert [c.name for c in found.clients.list()] == ["load"]
            found.update(env={"AFTER": "1"}, timeout=60)
            until("the new revision", lambda: answers.revisions["2"] > 20)
            assert found.refresh().revision == 2
            assert len(found.history()) == len(history) + 1
    assert answers.failed == 0, answers.codes
    with Client() as client:
        client.get("kept").delete()
        until("it to be gone", lambda: not of_kind(home, "replica"), 30)
    with engine(home) as http:
        http.post("/engine/stop")
    until("everything to end", lambda: not census(home), 30)


def test_a_newer_home_is_refused_in_one_line(client, home):
    client.info()
    kill_everything(home)
    with closing(sqlite3.connect(home.database)) as database, database:
        database.execute("INSERT INTO schema_version VALUES (?, 'tomorrow', '')", (MIGRATIONS[-1].number + 1,))
    try:
        asked = subprocess.run(
            [sys.executable, "-m", "mdeploy_lab.cli", "list"], capture_output=True, text=True, timeout=60, check=False
        )
        assert asked.returncode == 1
        assert asked.stdout == ""
        error, hint = (line for line in asked.stderr.splitlines() if line)
        assert "newer" in error, asked.stderr
        assert "upgrade" in hint.lower() or "install" in hint.lower()
        assert "Traceback" not in asked.stderr
        until("the engine that was refused and its supervisor to end", lambda: not census(home), 20)
    finally:
        with closing(sqlite3.connect(home.database)) as database, database:
            database.execute("DELETE FROM schema_version WHERE name = 'tomorrow'")
    client.info()
