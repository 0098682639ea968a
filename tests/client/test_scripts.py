"""A serving script from its author's folder to an endpoint, by every way of deploying, and around a model."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
import pytest

from mdeploy_lab.errors import DeployFailed, ModelNotSupported
from tests.client.home import until

pytestmark = pytest.mark.timeout(240)

ADDS = """
EXAMPLE = [1]
def load(path): return int((path / "amount.txt").read_text())
def predict(x, model, context): return [v + model for v in x] + [context.deployment]
"""


@pytest.fixture
def adds(tmp_path):
    """A folder with a script and the number that it adds."""
    folder = tmp_path / "adds"
    folder.mkdir()
    (folder / "serve.py").write_text(ADDS)
    (folder / "amount.txt").write_text("10")
    return folder


def ask(d, value=1):
    return d.query({"inputs": [value]}).body["predictions"]


def test_a_script_is_a_model_version_with_revisions_like_any_other(client, adds):
    d = client.deploy(adds, name="Adder")
    assert ask(d) == [11, "adder"]
    assert d.spec.template.model.uri == "models:/Adder/1"
    assert d.spec.template.model.requested == str(adds)

    assert client.deploy(str(adds), name="Adder").revision == 1
    (adds / "amount.txt").write_text("20")
    assert client.deploy(str(adds), name="Adder", dry_run=True).revision == 1
    d = client.deploy(str(adds), name="Adder")
    assert (d.revision, d.spec.template.model.version, ask(d)) == (2, "2", [21, "adder"])
    assert ask(d.rollback(to=1)) == [11, "adder"]
    d.delete()


def test_the_shell_and_rest_take_its_path(client, here, adds):
    done = subprocess.run(
        [sys.executable, "-m", "mdeploy_lab.cli", "deploy", ".", "--name", "From the shell", "--json"],
        env=here.environ,
        cwd=adds,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["deployment"]["status"]["state"] == "deployed"
    assert ask(client.get("from-the-shell")) == [11, "from-the-shell"]

    with httpx.Client(transport=httpx.HTTPTransport(uds=str(here.home.socket)), base_url="http://engine", timeout=60) as http:
        made = http.post("/deployments", json={"model": str(adds), "name": "by-rest"})
        assert made.status_code in {200, 201}, made.text
        assert "relative" in http.post("/deployments", json={"model": "adds/serve.py", "name": "no"}).json()["message"]
    client.get("by-rest").wait("deployed", timeout=60)
    assert ask(client.get("by-rest")) == [11, "by-rest"]
    for id_ in ("from-the-shell", "by-rest"):
        client.get(id_).delete()


def test_a_script_stands_before_a_registered_model_and_a_live_one(client, served, iris, clf, tmp_path):
    script = tmp_path / "names.py"
    script.write_text("def postprocess(outputs): return [['setosa', 'versicolor', 'virginica'][i] for i in outputs]")
    rows = iris[0].head(2)
    body = {"dataframe_split": rows.to_dict(orient="split")}
    d = client.deploy("models:/served/1", name="named", script=script)
    assert d.query(body).body["predictions"] == ["setosa", "setosa"]
    assert d.describe().signature is not None
    script.write_text("def postprocess(outputs): return [int(i) * 10 for i in outputs]")
    assert d.update(script=script).query(body).body["predictions"] == [0, 0]  # in place of the first, not before it
    script.write_text("def postprocess(outputs): return ['setosa' for _ in outputs]")
    live = client.deploy(clf, name="named-live", script=str(script), input_example=rows)
    assert live.query(body).body["predictions"] == ["setosa", "setosa"]
    for one in (d, live):
        one.delete()


def test_a_script_that_does_not_load_fails_with_its_line_and_a_cell_that_deploys_it_again(client, adds):
    (adds / "amount.txt").write_text("ten")
    with pytest.raises(DeployFailed) as raised:
        client.deploy(adds, name="Broken")
    assert "serve.py, line 3, in load: ValueError" in raised.value.message + json.dumps(raised.value.details)
    failure = client.get("broken").status.failure
    assert failure.details["line"] == "3"
    assert f"%deploy update broken --model {adds}" in failure.fix
    (adds / "amount.txt").write_text("1")
    d = client.get("broken").update(model=str(adds))
    until("it to be deployed", lambda: client.get("broken").state == "deployed")
    assert ask(d) == [2, "broken"]
    d.delete()


def test_what_is_no_script_is_refused_before_anything_is_there(client, adds):
    (adds / "serve.py").write_text("def predict(x:")
    with pytest.raises(ModelNotSupported, match=r"serve\.py, line 1"):
        client.deploy(adds, name="Never")
    assert not client.deployments(search="never")
