"""The shell against a real engine: data, messages, exit statuses, JSON."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def mdeploy(here, served):
    """Run a command in a process of its own."""

    def run(*words: str, status: int = 0, typed: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "mdeploy_lab.cli", *words],
            env=here.environ,
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == status, (done.stdout, done.stderr)
        return done

    return run


def document(done):
    """The one JSON document on standard output."""
    return json.loads(done.stdout)


def test_the_whole_life_of_a_deployment(mdeploy, client, tmp_path):
    made = mdeploy(
        "deploy", "models:/served/1", "--name", "Shop", "--env", "A=1", "--metadata", "team=x", "-m", "first", "--json"
    )
    answer = document(made)
    assert answer["new_revision"] is True
    assert answer["deployment"]["status"]["state"] == "deployed"
    assert answer["deployment"]["spec"]["template"]["env"] == {"A": "1"}
    assert made.stderr == ""

    again = mdeploy("deploy", "models:/served/1", "--name", "Shop", "--env", "A=1", "--metadata", "team=x", "--json")
    assert document(again)["changed"] is False

    assert "revision 2" in mdeploy("update", "shop", "--env", "A=2", "-m", "second").stdout
    changes = document(mdeploy("diff", "shop", "1", "2", "--json"))["changes"]
    assert [(c["path"], c["old"], c["new"]) for c in changes] == [("env.A", "1", "2")]
    assert document(mdeploy("rollback", "Shop", "--to", "1", "--json"))["deployment"]["status"]["revision"] == 3
    assert [h["action"] for h in document(mdeploy("history", "shop", "--json"))["history"]] == ["rollback", "update", "create"]

    assert document(mdeploy("traffic", "shop", "--json")) == {"traffic": [{"revision": 3, "percent": 100}]}
    assert mdeploy("traffic", "shop", "2=40", "3=60").stdout == "2=40\n3=60\n"
    assert mdeploy("traffic", "shop", "newest").stdout == "3=100\n"

    assert "stopped" in mdeploy("stop", "shop").stdout
    assert document(mdeploy("wait", "shop", "--for", "stopped", "--json"))["status"]["state"] == "stopped"
    assert "deployed" in mdeploy("start", "shop").stdout
    body = tmp_path / "rows.json"
    body.write_text('{"inputs": [[5.1, 3.5, 1.4, 0.2]]}')
    assert document(mdeploy("delete", "shop", "--yes", "--json")) == {"id": "shop", "deleted": True}
    assert "no deployment" in mdeploy("get", "shop", status=4).stderr


def test_predict_reads_a_file_or_standard_input(mdeploy, iris, tmp_path):
    body = json.dumps({"dataframe_split": iris[0].head(2).to_dict(orient="split")})
    path = tmp_path / "rows.json"
    path.write_text(body)
    assert document(mdeploy("predict", "served", "-f", str(path), "--json")) == {"predictions": [0, 0]}
    assert document(mdeploy("predict", "served", "-f", "-", typed=body)) == {"predictions": [0, 0]}
    assert "no JSON" in mdeploy("predict", "served", typed="{", status=2).stderr
    refused = mdeploy("predict", "served", typed='{"dataframe_split": {"columns": ["a"], "data": [[1]]}}', status=1)
    assert refused.stdout == ""
    assert refused.stderr.startswith("error: served answered 4")


def test_lists_are_tables_or_documents(mdeploy):
    lines = mdeploy("list").stdout.splitlines()
    assert lines[0].split()[:3] == ["ID", "Name", "State"]
    assert any(line.startswith("served") for line in lines)
    assert [d["id"] for d in document(mdeploy("list", "--search", "served", "--json"))["deployments"]] == ["served"]
    assert document(mdeploy("get", "served", "--json"))["id"] == "served"
    for verb in ("replicas", "events", "revisions", "logs"):
        found = document(mdeploy(verb, "served", "--json"))
        assert next(iter(found.values()))
    assert document(mdeploy("list", "--search", "nothing at all", "--json")) == {"deployments": []}


def test_errors_are_two_lines_with_a_status_each(mdeploy, tmp_path):
    missing = mdeploy("get", "servd", status=4)
    assert missing.stdout == ""
    assert missing.stderr == "error: there is no deployment 'servd'\n\nhint: did you mean served?\n"
    assert document(mdeploy("get", "servd", "--json", status=4))["reason"] == "DeploymentNotFound"
    assert mdeploy("wait", "served", "--for", "stopped", "--timeout", "0.2", status=3).stderr.startswith(
        "error: served was not"
    )
    assert "REVISION=PERCENT" in mdeploy("traffic", "served", "2-90", status=2).stderr
    assert "No such option" in mdeploy("list", "--nope", status=2).stderr
    assert "NAME=VALUE" in mdeploy("update", "served", "--env", "A", status=2).stderr
    assert "--yes" in mdeploy("delete", "served", status=2).stderr
    assert "no model at" in mdeploy("deploy", str(tmp_path / "nowhere"), "--name", "x", status=4).stderr
    assert "Traceback" not in mdeploy("deploy", "models:/nowhere/1", "--name", "x", status=4).stderr


def test_a_token_is_printed_once_alone_or_saved_and_not_printed(mdeploy, tmp_path):
    done = mdeploy("clients", "add", "served", "web")
    try:
        assert done.stdout.startswith("mdp_web.")
        assert len(done.stdout.splitlines()) == 1
        path = tmp_path / "web.curl"
        saved = mdeploy("clients", "rotate", "served", "web", "--save", str(path))
        secret = path.read_text().split("mdp_web.")[1].strip().strip('"')
        assert secret not in saved.stdout + saved.stderr
        assert [c["name"] for c in document(mdeploy("clients", "list", "served", "--json"))["clients"]] == ["web"]
    finally:
        mdeploy("clients", "remove", "served", "web")


def test_info_and_doctor_say_where_things_come_from(mdeploy, here):
    info = document(mdeploy("info", "--json"))
    assert info["home"] == str(here.home.root)
    origins = {s["name"]: s["origin"] for s in info["settings"]}
    assert origins["group"] == "default"
    assert origins["home"] == "environment MDEPLOY_HOME"
    assert origins["mlflow.tracking_uri"] == "home"
    found = {c["name"]: c for c in document(mdeploy("doctor", "--json"))["checks"]}
    assert {"python", "envoy", "home", "disk", "sockets", "mlflow", "engine", "gateway", "clock", "uv"} <= found.keys()
    assert [c for c in found.values() if c["status"] == "fail"] == []
    assert found["engine"]["status"] == "ok"
    assert "ok    engine" in mdeploy("doctor").stdout
    assert document(mdeploy("engine", "status", "--json"))["pid"] == info["pid"]
    assert document(mdeploy("engine", "start", "--json"))["pid"] == info["pid"]


def test_completion_offers_commands_and_ids(here, served):
    def offered(line: str) -> list[str]:
        words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1), "_MDEPLOY_COMPLETE": "bash_complete"}
        done = subprocess.run(
            [sys.executable, "-m", "mdeploy_lab.cli"], env={**here.environ, **words}, capture_output=True, text=True, check=True
        )
        return [word.split(",")[1] for word in done.stdout.splitlines() if word]

    assert "logs" in offered("mdeploy lo")
    assert offered("mdeploy logs ser") == ["served"]
    assert offered("mdeploy logs zz") == []


def test_help_is_quick_and_names_every_command():
    def run() -> float:
        """Return the seconds of processor time that the help took; the clock also counts what other tests do."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-m", "mdeploy_lab.cli", "--help"], capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert "deploy" in done.stdout
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(run() for _ in range(5)) < 0.2


def test_doctor_starts_nothing_and_reports_what_is_broken(tmp_path, monkeypatch):
    from mdeploy_lab.cli.doctor import run_checks
    from mdeploy_lab.paths import find_home

    home = find_home(tmp_path / "new")
    found = {c.name: c for c in run_checks(home)}
    assert found["engine"].status == "warn"
    assert not home.root.exists()
    home.root.mkdir()
    home.config.write_text("[gateway\n")
    assert {c.name: c for c in run_checks(home)}["config"].status == "fail"


def test_types_groups_and_api_names(mdeploy, client):
    refused = mdeploy("deploy", "models:/served/1", "--name", "Nightly", "--type", "batch", status=1)
    assert "this engine runs no batch deployments" in refused.stderr
    mdeploy("deploy", "models:/served/1", "--name", "Nightly", "--type", "weekly", status=2)
    refused = mdeploy("deploy", "models:/served/1", "--name", "Nightly", "--group", "nowhere", status=1)
    assert "you cannot deploy in group nowhere: there is no such group" in refused.stderr
    assert "hint: choose one of: default" in refused.stderr

    made = mdeploy("deploy", "models:/served/1", "--name", "Score", "--api-name", "score", "--type", "real-time")
    assert "/api/default/score" in made.stdout
    taken = mdeploy("deploy", "models:/served/1", "--name", "Other", "--api-name", "score", "--dry-run", status=1)
    assert "the API name 'score' is taken in group default by deployment score" in taken.stderr
    assert [
        d["id"] for d in document(mdeploy("list", "--type", "real-time", "--search", "score", "--json"))["deployments"]
    ] == ["score"]
    assert document(mdeploy("list", "--type", "batch", "--type", "async", "--json")) == {"deployments": []}
    fixed = mdeploy("update", "score", "--max-replicas", "3", status=1)
    assert "this engine runs a fixed number of replicas" in fixed.stderr
    gone = document(mdeploy("update", "score", "--api-name", "", "--json"))["deployment"]
    assert (gone["spec"]["api_name"], gone["api_url"]) == ("", "")
    found = document(mdeploy("groups", "--json"))["groups"]
    assert found[0]["name"] == "default"
    assert found[0]["used"]["deployments"] >= 1
    client.get("score").delete()
