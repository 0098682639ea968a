"""The verbs of the client against a real engine."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

import mdeploy_lab as md
from mdeploy_lab.client.mime import MIME_TYPE
from mdeploy_lab.client.summary import text_of
from mdeploy_lab.client.sync import Client
from mdeploy_lab.errors import (
    DeploymentNotFound,
    EngineUnavailable,
    InvalidInput,
    ModelNotFound,
    NameTaken,
    PredictFailed,
    StaleEdit,
    WaitTimeout,
)
from tests.client.home import until

pytestmark = pytest.mark.timeout(240)


def test_the_same_again_changes_nothing(client, served, clf, iris):
    before = len(served.history())
    again = client.deploy(clf, name="served", input_example=iris[0].head(5))
    assert again == served
    assert (again.changed, again.new_revision) == (False, False)
    assert len(served.history()) == before
    assert "served is deployed: nothing changed" in text_of(again)
    assert "served is deployed\n" in text_of(client.get("served")), "what was only read says nothing of changes"


def test_the_name_is_the_variables_when_none_is_given(client, served, clf):
    with pytest.raises(NameTaken, match="exists in group default"):
        client.deploy(clf, id="served", if_exists="error")
    handle = client.deploy("models:/served/1", id="served", wait=False)
    assert handle.name == "served"


def test_predict_answers_as_the_model_does(served, clf, iris):
    import numpy as np

    x, _ = iris
    got, expected = served.predict(x), clf.predict(x)
    assert type(got) is type(expected)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)
    body = {"dataframe_split": x.head(2).to_dict(orient="split")}
    assert served.predict(body) == expected[:2].tolist()


def test_a_prediction_that_fails_has_the_models_cause_and_the_request_id(served):
    with pytest.raises(PredictFailed, match="served answered 4") as caught:
        served.predict({"dataframe_split": {"columns": ["a"], "data": [[1]]}})
    assert 400 <= caught.value.details["status"] < 500
    assert caught.value.details["request_id"]


def test_two_edits_at_once_are_both_kept_unless_they_touch_the_same_field(client, served):
    one, two = client.get("served"), client.get("served")
    two.twin.snapshot()
    one.update(description="from one")
    two.update(metadata={"team": "two"})
    now = client.get("served")
    assert (now.spec.description, dict(now.spec.metadata)) == ("from one", {"team": "two"})

    three = client.get("served")
    client.get("served").update(description="from four")
    with pytest.raises(StaleEdit, match="description"):
        three.update(description="from three")
    assert client.get("served").spec.description == "from four"


def test_waiting_for_what_does_not_come_ends(served):
    with pytest.raises(WaitTimeout, match="was not stopped after"):
        served.wait("stopped", timeout=0.2)
    with pytest.raises(InvalidInput, match="cannot wait for"):
        served.wait("happy")


def test_stop_and_start_come_back_when_it_is_so(served):
    assert served.stop().state == "stopped"
    assert served.health == "unknown"
    stopped = served.update(description="while stopped")
    assert stopped.state == "stopped"
    assert any("stays so" in note for note in stopped.notes)
    assert served.start().state == "deployed"


def test_traffic_is_read_and_wrong_shares_are_refused(served):
    assert served.traffic() == {served.revision: 100}
    with pytest.raises(InvalidInput, match="add up to 50"):
        served.traffic({1: 50})


def test_lists_show_as_tables_and_filters_hold(client, served):
    table = client.deployments(search="SERV", group="default", state=["deployed"])
    assert served in table
    assert "served" in repr(table)
    assert "<table>" in table._repr_html_()
    assert client.deployments(search="no such thing") == []
    assert client.deployments(state="failed") == []


def test_logs_are_read_and_followed(served, iris):
    served.predict(iris[0].head(1))
    until("a line", lambda: served.logs(tail=5))
    lines = served.logs(follow=True, tail=1)
    first = next(lines)
    threading.Timer(0.2, lambda: served.predict(iris[0].head(1))).start()
    assert next(lines).at >= first.at
    lines.close()
    assert len(served.logs(tail=1)) == 1
    assert served.logs(since="2000-01-01", tail=None)


def test_a_clients_token_is_masked_and_works_once_shown(served):
    new = served.clients.add("reader")
    try:
        assert new.token.reveal().startswith("mdp_reader.")
        assert new.token.reveal() not in repr(new)
        assert [c.name for c in served.clients.list()] == ["reader"]
        assert served.clients.rotate("reader").token != new.token
    finally:
        served.clients.remove("reader")
    assert served.clients.list() == []


def test_near_names_are_the_hint(client, served):
    with pytest.raises(DeploymentNotFound) as caught:
        client.get("serv")
    assert "served" in caught.value.hint
    for odd in ("../served", "a/b", ".", "", "Sërved 🎈", "x" * 10_000):
        with pytest.raises(DeploymentNotFound):
            client.get(odd)


def test_a_model_that_is_nowhere_creates_nothing(client, served):
    for model in ("models:/nowhere/1", "/no/such/directory", "clf"):
        with pytest.raises(ModelNotFound):
            client.deploy(model, name="nothing")
    with pytest.raises(InvalidInput):
        client.deploy("models:/served/1", name="nothing", replicas=-1)
    with pytest.raises(InvalidInput):
        client.deploy("models:/served/1", name="\n")
    assert client.deployments(search="nothing") == []


def test_a_dry_run_creates_nothing(client, served):
    client.deploy("models:/served/1", name="rehearsal", dry_run=True)
    assert client.deployments(search="rehearsal") == []


def test_the_handle_shows_escaped_text_without_scripts(client, served):
    served.update(description="d", name='<script>alert("x")</script>')
    try:
        html = served._repr_html_()
        assert "<script" not in html
        bundle = served._repr_mimebundle_()
        assert bundle["text/html"] == html
        assert bundle[MIME_TYPE]["id"] == "served"
        assert [d["id"] for d in client.deployments(search="served")._repr_mimebundle_()[MIME_TYPE]["deployments"]] == [
            "served"
        ]
        assert "&lt;script&gt;" in html
        assert client.get('<script>alert("x")</script>') == served
    finally:
        served.update(name="served")


async def test_every_verb_has_its_asynchronous_form(here, served, iris):
    twin = await md.aio.get("served")
    assert len(await twin.predict(iris[0].head(3))) == 3
    assert [d.id for d in await md.aio.deployments(search="served")] == ["served"]
    follow = await twin.logs(follow=True, tail=1)
    async for line in follow:
        assert line.message
        break
    await follow.aclose()
    assert (await twin.history())[0].number >= 1
    assert md.get("served").state == "deployed"  # the synchronous form, inside this running loop
    await asyncio.gather(*(twin.refresh() for _ in range(5)))


def test_a_client_that_starts_nothing_says_that_nothing_answers(tmp_path):
    with Client(home=tmp_path / "other", start=False) as other, pytest.raises(EngineUnavailable, match="nothing answers"):
        other.deployments()
    assert not (tmp_path / "other").exists()


def test_interrupting_stops_the_waiting_and_not_the_deployment(here, client, served, tmp_path):
    model = tmp_path / "model.py"
    model.write_text(
        textwrap.dedent("""
        import time
        import mdeploy_lab as md

        class Slow:
            def predict(self, rows):
                return rows
            def __setstate__(self, state):
                time.sleep(4)

        print("ready", flush=True)
        md.deploy(Slow(), name="slow")
        """)
    )
    child = subprocess.Popen(
        [sys.executable, str(model)], env=here.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        until("the deployment", lambda: client.deployments(search="slow"), 60)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=30)
    finally:
        child.kill()
    assert child.returncode != 0
    assert "`mdeploy stop slow` stops it" in said
    slow = client.get("slow")
    assert slow.wait("deployed", timeout=60).state == "deployed"
    slow.delete()
    assert client.deployments(search="slow") == []
    assert "deleted" in repr(slow)
