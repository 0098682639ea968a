"""Bad input and bad days from the shell: one clear line, a hint, the right exit code, and nothing half-made left."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from mdeploy_lab.paths import find_home
from tests.e2e.census import census, kill_everything


def mdeploy(*arguments: str, home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command line; returns what it said."""
    return subprocess.run(
        [sys.executable, "-m", "mdeploy_lab.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "MDEPLOY_HOME": str(home), "NO_COLOR": "1", **environ},
        check=False,
    )


def refused(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """Assert one line of error, a hint, no traceback."""
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    told, _, _evidence = done.stderr.partition("hint: ")
    assert "Traceback" not in told
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stderr
    assert "hint: " in done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.fixture(scope="module")
def model(models, iris, tmp_path_factory):
    """Return the path of a model that works."""
    import mlflow

    path = tmp_path_factory.mktemp("models") / "iris"
    requirements = ["mlflow", "scikit-learn"]
    mlflow.sklearn.save_model(
        models[0], path, input_example=iris[0].head(), pip_requirements=requirements, serialization_format="cloudpickle"
    )
    return str(path)


@pytest.fixture
def fresh():
    """Return a home of its own whose engine may not even start."""
    root = Path(tempfile.mkdtemp(prefix="mdb"))
    found = find_home(root / "home")
    yield found
    kill_everything(found)
    shutil.rmtree(found.run, ignore_errors=True)
    shutil.rmtree(root, ignore_errors=True)


def fill(path: Path) -> None:
    """Write until nothing fits any more."""
    out = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(out, b"x" * 4096)
    except OSError:
        os.close(out)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["deploy", "/nowhere/at/all", "--name", "x"], 4, ["no model"]),
        (["deploy", "models:/none/1", "--name", "x"], 4, ["no model"]),
        (["get", "nothing"], 4, ["nothing"]),
        (["get", "../../etc/passwd"], 4, ["etc"]),
        (["deploy", "MODEL", "--name", "n" * 10_000], 2, ["200 characters"]),
        (["deploy", "MODEL", "--name", "x", "--id", "../up"], 2, ["id: 3 to 63"]),
        (["deploy", "MODEL", "--name", "x", "--instance-type", "huge"], 2, ["nano"]),
        (["deploy", "MODEL", "--name", "x", "--group", "nobody"], 1, ["default"]),
        (["deploy", "MODEL", "--name", "x", "--replicas", "0"], 2, ["replicas"]),
        (["deploy", "MODEL", "--name", "x", "--secret-env", "K=env:NOT_SET_ANYWHERE", "--timeout", "60"], 1, ["NOT_SET"]),
        (["deploy", "MODEL", "--name", "x", "--method", "fly", "--timeout", "60"], 1, ["fly"]),
    ],
)
def test_bad_input_is_one_line_with_a_hint(home, client, model, arguments, code, words):
    client.info()
    done = mdeploy(*(model if a == "MODEL" else a for a in arguments), home=home.root)
    refused(done, code, *words)
    listed = json.loads(mdeploy("list", "--json", home=home.root).stdout)
    left = [d["id"] for d in listed["deployments"] if d["status"]["state"] != "failed"]
    assert not left
    for failed in listed["deployments"]:
        client.get(failed["id"]).delete()


def test_an_emoji_is_a_name(home, client, model):
    done = mdeploy("deploy", model, "--name", "🎉 流失", "--timeout", "60", "--json", home=home.root)
    assert done.returncode == 0, done.stderr
    listed = json.loads(mdeploy("list", "--json", home=home.root).stdout)["deployments"]
    assert [d["spec"]["name"] for d in listed] == ["🎉 流失"]
    client.get("🎉 流失").delete()


def test_a_taken_port_is_named(fresh):
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = str(squatter.getsockname()[1])
        refused(mdeploy("list", home=fresh.root, MDEPLOY_GATEWAY_PORT=port), 1, port)
    assert mdeploy("list", home=fresh.root, MDEPLOY_GATEWAY_PORT=port).returncode == 0


def test_a_corrupt_database_is_named_and_left_alone(fresh):
    fresh.create()
    fresh.database.write_bytes(b"this is no database" * 1000)
    refused(mdeploy("list", home=fresh.root), 1, "mdeploy.db")
    assert fresh.database.read_bytes().startswith(b"this is no database")


def test_a_bad_configuration_is_named(fresh):
    fresh.create()
    fresh.config.write_text("[instance_types.big]\ncpu = 'many'\nmemory = '1Gi'\n")
    refused(mdeploy("list", home=fresh.root), 1, "instance_types.big.cpu")


@pytest.mark.skipif(os.getuid() != 0, reason="a file system of its own needs root")
def test_a_full_disk_is_named_and_works_again_with_space(fresh, model):
    fresh.root.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m,mode=0700", "tmpfs", str(fresh.root)], check=True)
    try:
        assert mdeploy("list", home=fresh.root).returncode == 0
        filler = fresh.root / "filler"
        fill(filler)
        done = mdeploy("deploy", model, "--name", "full", "--timeout", "60", home=fresh.root)
        refused(done, 1)
        filler.unlink()
        assert mdeploy("list", home=fresh.root).returncode == 0
    finally:
        kill_everything(fresh)
        subprocess.run(["umount", "-l", str(fresh.root)], check=True)


def test_a_second_engine_for_one_home_is_not_started(fresh):
    assert mdeploy("list", home=fresh.root).returncode == 0
    again = [sys.executable, "-m", "mdeploy_lab.daemon", "run", "--home", str(fresh.root)]
    assert subprocess.run(again, timeout=60, check=False).returncode == 0
    assert len([p for p in census(fresh) if p.kind == "engine"]) == 1
