"""``mlflow deployments … -t mdeploy`` in processes of its own, as a user types it; and its refusals."""

from __future__ import annotations

import importlib.metadata
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

KINDS = [0, 0, 1, 1, 2]


def test_mlflow_finds_the_target_by_the_installed_entry_point():
    (found,) = importlib.metadata.entry_points(group="mlflow.deployments", name="mdeploy")
    assert found.value == "mdeploy_lab.mlflow_plugin"


@pytest.mark.timeout(300)  # six processes that import all of MLflow, which a busy machine makes slow
def test_a_deployments_life_on_mlflows_command_line(mlflow_command, rows_file, target):
    target.create_deployment("old", "models:/iris/1")
    which = ("-t", "mdeploy", "--name", "Iris Rows")
    created, deleted = side_by_side(
        mlflow_command,
        ("create", *which, "-m", "models:/iris/1", "-C", "env=TZ=UTC,WORD=hi", "-C", "message=first"),
        ("delete", "-t", "mdeploy", "--name", "old"),
    )
    assert "python_function deployment Iris Rows is created" in created
    assert deleted == "Deployment old is deleted\n"
    got, asked = side_by_side(mlflow_command, ("get", *which), ("predict", *which, "-I", str(rows_file)))
    lines = {"name: Iris Rows", "id: iris-rows", "state: deployed", "env: {'TZ': 'UTC', 'WORD': 'hi'}", "revision: 1"}
    assert lines <= set(got.splitlines())
    assert json.loads(asked) == {"predictions": KINDS}
    listed, updated = side_by_side(mlflow_command, ("list", "-t", "mdeploy"), ("update", *which, "-m", "models:/iris@champion"))
    assert "'name': 'Iris Rows'" in listed
    assert "'old'" not in listed
    assert updated == "Deployment Iris Rows is updated (with flavor python_function)\n"
    assert target.get_deployment("Iris Rows")["model"] == "models:/iris/2"
    target.delete_deployment("Iris Rows")


def side_by_side(mlflow_command, *commands):
    """Return what two commands that run at once print; both succeed."""
    with ThreadPoolExecutor(len(commands)) as together:
        done = list(together.map(lambda words: mlflow_command(*words), commands))
    assert [d.returncode for d in done] == [0] * len(done), [d.stderr for d in done]
    return [d.stdout for d in done]


def test_predict_writes_a_file_and_reads_one_with_a_scoring_body(command, target, iris, tmp_path):
    target.create_deployment("filed", "models:/iris/1")
    rows = iris[0].iloc[::30]
    for form in ("dataframe_split", "dataframe_records"):
        body = tmp_path / f"{form}.json"
        body.write_text(json.dumps({form: rows.to_dict(orient=form.removeprefix("dataframe_"))}))
        done = command("predict", "-t", "mdeploy", "--name", "filed", "-I", str(body), "-O", str(tmp_path / "answers.json"))
        assert done.exit_code == 0, done.output
        assert json.loads((tmp_path / "answers.json").read_text()) == {"predictions": KINDS}
    target.delete_deployment("filed")


def test_run_local_deploys_here_says_how_to_call_and_is_managed_like_all_others(command, target):
    done = command("run-local", "-t", "mdeploy", "--name", "try me", "-m", "models:/iris/1", "-C", "public=true")
    assert done.exit_code == 0, done.output
    found = target.get_deployment("try me")
    assert found["public"] is True
    assert f"{found['url']}/invocations" in done.output
    assert "mlflow deployments predict -t mdeploy --name 'try me' -I rows.json" in done.output
    again = command("run-local", "-t", "mdeploy", "--name", "try me", "-m", "models:/iris/2")
    assert again.exit_code == 1
    assert target.get_deployment("try me")["model"] == "models:/iris/1"
    target.delete_deployment("try me")


def test_a_mistake_is_a_message_with_a_hint_and_no_traceback(command, rows_file):
    missing = command("get", "-t", "mdeploy", "--name", "nothing-here")
    assert missing.exit_code == 1
    assert missing.output.startswith("Error: there is no deployment 'nothing-here'\n\nhint: ")
    unknown = command("create", "-t", "mdeploy", "--name", "x", "-m", "models:/iris/1", "-C", "replica=2")
    assert "config has no key 'replica'" in unknown.output
    assert "replicas" in unknown.output.split("hint: ")[1]
    explained = command("explain", "-t", "mdeploy", "--name", "x", "-I", str(rows_file))
    assert explained.output.startswith("Error: mdeploy computes no explanations")
    for done in (missing, unknown, explained):
        assert isinstance(done.exception, SystemExit), done.exception


def test_help_names_every_key_of_config(command):
    from mdeploy_lab.client.verbs.deploying import NAMES

    shown = command("help", "-t", "mdeploy").output
    assert [name for name in (*NAMES, "group", "wait", "timeout", "start") if f"\n  {name} " not in shown] == []
    assert "MDEPLOY_TOKEN" in shown
