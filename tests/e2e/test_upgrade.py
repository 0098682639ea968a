"""Upgrade and downgrade: newer code takes a home over under load, and older code refuses a newer home in one line.

The code of tomorrow is today's with one more migration, which changes the schema for good.
"""

from __future__ import annotations

import io
import random
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import tarfile
import time
from contextlib import closing
from pathlib import Path

import pytest

from mdeploy_lab.client.sync import Client
from mdeploy_lab.store.migrations import MIGRATIONS
from tests.e2e.census import census, kill, kill_everything, of_kind, until
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


NEXT = MIGRATIONS[-1].number + 1
TOMORROW = """
STATEMENTS = (
    "ALTER TABLE deployments ADD COLUMN team TEXT NOT NULL DEFAULT ''",
    "UPDATE deployments SET team = coalesce(json_extract(spec, '$.metadata.team'), ''), version = version + 1",
    "CREATE TABLE labels (uid TEXT NOT NULL REFERENCES deployments (uid) ON DELETE CASCADE, key TEXT, value TEXT)",
    "INSERT INTO labels SELECT uid, j.key, j.value FROM deployments, json_each(spec, '$.metadata') AS j",
    "CREATE TABLE slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000) SELECT i FROM n",
    "CREATE UNIQUE INDEX deployments_team ON deployments (team, name)",
)
MIGRATIONS = (*MIGRATIONS, Migration(len(MIGRATIONS) + 1, "tomorrow", "A test.", STATEMENTS))
"""


def tomorrow(folder: Path) -> Path:
    """Return a Python whose mdeploy is today's with one more migration."""
    import mdeploy_lab

    source = Path(mdeploy_lab.__file__).parent
    shutil.copytree(source, folder / "mdeploy_lab", ignore=shutil.ignore_patterns("__pycache__", "labextension"))
    with (folder / "mdeploy_lab" / "store" / "migrations" / "__init__.py").open("a", encoding="utf-8") as code:
        code.write(TOMORROW)
    return interpreter_of(folder)


def asks(python: Path | str, code: str = "md.info()") -> list[str]:
    return [str(python), "-c", f"import mdeploy_lab as md; {code}"]


def everything(home) -> dict[str, object]:
    """Return all that the API says of all deployments, but for what is observed."""
    with engine(home) as http:
        found = http.get("/deployments").json()["deployments"]
        parts = ("history", "revisions", "clients")
        kept = {d["id"]: [d["spec"], d["uid"], *(http.get(f"/deployments/{d['id']}/{p}").json() for p in parts)] for d in found}
        events = {d["id"]: [e["seq"] for e in http.get(f"/deployments/{d['id']}/events").json()["events"]] for d in found}
    return {"kept": kept, "events": events}


def same(home, before: dict[str, object]) -> None:
    """Assert that nothing is lost or changed; events may be more."""
    after = everything(home)
    assert without_use(after["kept"]) == without_use(before["kept"])
    for id_, seqs in before["events"].items():
        assert set(seqs) <= set(after["events"][id_]), "events were lost"


def without_use(kept: object) -> object:
    """Leave out when a token was used last, which goes on."""
    if isinstance(kept, dict):
        return {k: without_use(v) for k, v in kept.items() if k != "last_used_at"}
    return [without_use(v) for v in kept] if isinstance(kept, list) else kept


def version_of(home) -> int:
    with closing(sqlite3.connect(home.database)) as database:
        return int(database.execute("SELECT max(number) FROM schema_version").fetchone()[0])


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_migration_keeps_everything_also_when_it_is_killed(client, home, models, iris, tmp_path):
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    chance, python = random.Random(seed), tomorrow(tmp_path)
    example = iris[0].head()
    options = {"input_example": example, "instance_type": "nano", "metadata": {"team": "risk"}, "timeout": 60}
    client.deploy(models[0], name="kept", message="first", **options)
    made = client.deploy(models[1], name="kept", message="second", **options)
    made.traffic({1: 40, 2: 60})
    token = made.clients.add("load").token.reveal()
    client.deploy(models[0], name="asleep", input_example=example, instance_type="nano", timeout=60).stop()
    before = everything(home)
    backup = home.database.with_name(f"{home.database.name}.v{NEXT - 1}.bak")
    with Load(made.url, token, {"dataframe_split": example.head(1).to_dict(orient="split")}) as answers:
        until("load", lambda: answers.codes["200"] > 50)
        replicas = of_kind(home, "replica")
        for _ in range(2):
            kill(home, "supervisor", "engine")
            backup.unlink(missing_ok=True)
            asking = subprocess.Popen(asks(python), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            until("the backup before the migration", backup.exists, 30)
            time.sleep(chance.uniform(0, 0.3))
            kill(home, "supervisor", "engine")
            asking.kill()
            asking.wait()
            assert version_of(home) == NEXT - 1, "the kill came after the migration: this shows nothing"
            client.info()
            same(home, before)
        kill(home, "supervisor", "engine")
        subprocess.run(asks(python), check=True, timeout=60)
        assert version_of(home) == NEXT
        same(home, before)
        update = "md.get('kept').update(description='of tomorrow')"
        subprocess.run(asks(python, update), check=True, timeout=60)
        count = answers.codes["200"]
        until("load", lambda: answers.codes["200"] > count + 50)
        assert of_kind(home, "replica") == replicas
    assert answers.failed == 0, answers.codes
    assert set(answers.revisions) == {"1", "2"}
    with closing(sqlite3.connect(home.database)) as database:
        assert dict(database.execute("SELECT id, team FROM deployments").fetchall()) == {"kept": "risk", "asleep": ""}
        assert database.execute("SELECT key, value FROM labels").fetchall() == [("team", "risk")]
    kill_everything(home)
    refused_in_one_line(home)
    for journal in home.database.parent.glob(f"{home.database.name}-*"):
        journal.unlink()
    shutil.copy(backup, home.database)
    client.info()
    same(home, before)


def refused_in_one_line(home) -> None:
    """Assert that today's code does not touch the home of a newer one, and says so."""
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


def test_a_newer_home_is_refused_in_one_line(client, home):
    client.info()
    kill_everything(home)
    with closing(sqlite3.connect(home.database)) as database, database:
        database.execute("INSERT INTO schema_version VALUES (?, 'tomorrow', '')", (NEXT,))
    try:
        refused_in_one_line(home)
    finally:
        with closing(sqlite3.connect(home.database)) as database, database:
            database.execute("DELETE FROM schema_version WHERE name = 'tomorrow'")
    client.info()
