"""One deployment's whole life, as a script lives it: real engine, real Envoy, real replicas."""

from __future__ import annotations

import httpx
import numpy as np
import pandas as pd
import pytest

from mdeploy_lab.errors import ClientNotFound, DeployFailed, DeploymentNotFound, RevisionNotFound, WrongState
from tests.e2e.census import of_kind, until
from tests.e2e.load import Load


@pytest.fixture(scope="module")
def churn(client, models, iris):
    """Return the deployment that the module's tests change one after another."""
    return client.deploy(models[0], name="Churn", input_example=iris[0].head(20), timeout=60)


def post(url, body, **headers):
    return httpx.post(f"{url}/invocations", json=body, headers=headers, trust_env=False, timeout=20)


def rows(frame):
    return {"dataframe_split": frame.to_dict(orient="split")}


def test_a_live_object_is_deployed_with_a_parity_receipt(churn):
    assert churn.id == "churn"
    assert churn.state == "deployed"
    assert churn.health == "healthy"
    assert churn.revision == 1
    receipt = churn.status.receipt
    assert receipt.rows == receipt.agreed == 20
    names = [p.name for p in churn.status.timeline]
    assert names[-1] == "ready"
    assert "load" in names


def test_predict_answers_as_the_model_does(churn, models, iris):
    x, _ = iris
    got = churn.predict(x)
    expected = models[0].predict(x)
    assert type(got) is type(expected)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


def test_the_endpoint_is_private_until_a_client_is_added(churn, iris):
    x, _ = iris
    refused = post(churn.url, rows(x.head(2)))
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic")
    assert refused.json()["code"]
    token = churn.clients.add("web").token
    assert "mdp_web." in token.reveal()
    assert token.reveal() not in repr(token)
    bearer = post(churn.url, rows(x.head(2)), authorization=f"Bearer {token.reveal()}")
    assert bearer.status_code == 200, bearer.text
    assert len(bearer.json()["predictions"]) == 2
    basic = httpx.post(f"{churn.url}/invocations", json=rows(x.head(2)), auth=("web", token.reveal()), trust_env=False)
    raw = post(churn.url, rows(x.head(2)), authorization=token.reveal())
    assert (basic.status_code, raw.status_code) == (200, 200)


def test_a_rotated_client_has_two_tokens_for_a_while_and_a_removed_one_none(churn, iris):
    body = rows(iris[0].head(1))
    old = churn.clients.add("job").token.reveal()
    new = churn.clients.rotate("job").token.reveal()
    for token in (old, new):
        until("the token to work", lambda t=token: post(churn.url, body, authorization=t).status_code == 200)
    only = churn.clients.rotate("job", overlap=0).token.reveal()
    until("the old tokens to end", lambda: post(churn.url, body, authorization=old).status_code == 401)
    assert post(churn.url, body, authorization=only).status_code == 200
    churn.clients.remove("job")
    until("the client to be gone", lambda: post(churn.url, body, authorization=only).status_code == 401)
    with pytest.raises(ClientNotFound):
        churn.clients.remove("job")


def test_deploying_the_same_again_changes_nothing(client, churn, models, iris):
    again = client.deploy(models[0], name="Churn", input_example=iris[0].head(20))
    assert again.revision == 1
    assert len(churn.history()) == 1


def test_update_scale_traffic_and_rollback_lose_no_request(client, churn, models, iris):
    x, _ = iris
    token = churn.clients.add("steady").token.reveal()
    body = rows(x.head(1))
    until("the token to work", lambda: post(churn.url, body, authorization=token).status_code == 200)
    with Load(churn.url, token, body, rate=200) as answers:
        client.deploy(models[1], name="Churn", input_example=x.head(20), timeout=60)
        until("the new revision to answer", lambda: answers.revisions["2"] > 40)
        churn.update(replicas=2)
        until("two replicas", lambda: churn.refresh().status.replicas.ready == 2)
        churn.update(replicas=1)
        until("one replica", lambda: len(churn.replicas()) == 1, 75)
        churn.traffic({1: 50, 2: 50})
        until("the old revision to answer again", lambda old=answers.revisions["1"]: answers.revisions["1"] > old + 40, 30)
        churn.traffic("newest")
        until("the split to end", lambda: {t.revision for t in churn.refresh().status.serving} == {2})
        churn.rollback(to=1)
        until("the old model to answer again", lambda: answers.revisions["3"] > 40)
    assert answers.failed == 0, (answers.said, answers.outage)
    assert answers.rate > 180, "the caller was not steady"
    assert churn.refresh().revision == 3
    actions = [h.action for h in churn.history()][::-1]
    assert actions == ["create", "update", "update", "update", "traffic", "traffic", "rollback"]


def test_a_diff_names_what_changed(churn):
    paths = {c.path for c in churn.diff(1, 2)}
    assert "model.uri" in paths
    with pytest.raises(RevisionNotFound):
        churn.diff(1, 99)


def test_traffic_is_split_and_each_revision_has_its_own_url(churn, iris):
    body = rows(iris[0].head(1))
    token = churn.clients.add("split").token.reveal()
    churn.traffic({2: 30, 3: 70})
    until("both to serve", lambda: {t.revision for t in churn.refresh().status.serving} == {2, 3})
    until("the token to work", lambda: post(churn.url, body, authorization=token).status_code == 200)
    headers = {"authorization": token}
    with httpx.Client(headers=headers, trust_env=False) as http:
        seen = [http.post(f"{churn.url}/invocations", json=body).headers["x-mdeploy-revision"] for _ in range(300)]
        own = http.post(f"{churn.url}/revision/2/invocations", json=body)
    assert 50 < seen.count("2") < 140
    assert own.headers["x-mdeploy-revision"] == "2"


def test_a_failed_update_leaves_the_old_revisions_serving(client, churn, iris, tmp_path):
    import mlflow

    class Broken(mlflow.pyfunc.PythonModel):
        def load_context(self, context):
            raise ValueError("the weights are missing")

        def predict(self, model_input):
            return model_input

    mlflow.pyfunc.save_model(tmp_path / "broken", python_model=Broken(), pip_requirements=["mlflow"])
    before = churn.refresh().revision
    with pytest.raises(DeployFailed, match="the weights are missing"):
        churn.update(model=str(tmp_path / "broken"), timeout=60)
    churn.refresh()
    assert churn.state == "failed"
    assert churn.health == "healthy"
    assert churn.revision == before + 1
    assert "serves" in churn.status.message
    assert len(churn.predict(iris[0].head(3))) == 3
    churn.rollback(to=1)
    assert churn.refresh().state == "deployed"


def test_logs_speak_of_the_model(churn):
    lines = list(churn.logs(tail=200))
    assert lines
    assert all(line.replica for line in lines)


def test_stop_answers_503_and_start_brings_it_back_with_its_url(churn, home, iris):
    body = rows(iris[0].head(1))
    token = churn.clients.add("late").token.reveal()
    url = churn.url
    churn.stop()
    assert churn.refresh().state == "stopped"
    until("no replica", lambda: not of_kind(home, "replica"))
    refused = post(url, body, authorization=token)
    assert refused.status_code == 503
    assert "stopped" in refused.json()["message"]
    churn.update(description="asleep")
    assert churn.refresh().state == "stopped"
    churn.start()
    assert churn.refresh().url == url
    assert post(url, body, authorization=token).status_code == 200


def test_a_deleted_deployment_is_gone(client, churn, home, iris):
    url = churn.url
    with pytest.raises(WrongState):
        churn.rollback(to=churn.refresh().revision)
    churn.delete()
    until("it to be gone", lambda: not client.deployments(search="churn"))
    with pytest.raises(DeploymentNotFound):
        client.get("churn")
    gone = post(url, rows(iris[0].head(1)))
    assert gone.status_code == 404
    assert gone.json()["message"]
    until("its replicas to be gone", lambda: not of_kind(home, "replica"))


def test_a_public_deployment_needs_no_token(client, models, iris):
    made = client.deploy(models[0], name="open", input_example=iris[0].head(), public=True, timeout=60)
    answer = post(made.url, rows(iris[0].head(2)), **{"x-forwarded-user": "root"})
    assert answer.status_code == 200
    with pytest.raises(WrongState):
        made.clients.add("web")
    assert isinstance(made.predict(iris[0].head(2)), np.ndarray)
    about = httpx.get(f"{made.url}/", trust_env=False).json()
    assert about["name"]
    made.delete()


def test_a_plain_function_and_a_frame_answer(client):
    def double(frame):
        return frame * 2

    frame = pd.DataFrame({"a": [1.0, 2.0]}, index=["x", "y"])
    made = client.deploy(double, name="double", input_example=frame, timeout=60)
    pd.testing.assert_frame_equal(made.predict(frame), double(frame))
    made.delete()
