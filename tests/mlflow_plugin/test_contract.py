"""``mlflow.deployments.get_deploy_client("mdeploy")``: MLflow's contract, on a real engine."""

from __future__ import annotations

import json

import httpx
import numpy as np
import pytest
from mlflow.deployments import PredictionsResponse, get_deploy_client
from mlflow.exceptions import MlflowException

from tests.mlflow_plugin.relay import Relay


def refused(code, call, *args, **kwargs):
    """Return the text of the MlflowException that a call ends in, which has this code."""
    with pytest.raises(MlflowException) as caught:
        call(*args, **kwargs)
    assert caught.value.error_code == code, caught.value
    return str(caught.value)


@pytest.fixture(scope="module")
def churn(target):
    """Return what creating the deployment returned that the module's tests use one after another."""
    config = {"replicas": 1, "env": {"TZ": "UTC"}, "metadata": {"team": "risk"}, "public": "true", "message": "first"}
    return target.create_deployment("churn", "models:/iris/1", config=config)


def test_create_waits_and_describes_what_was_made(churn, target):
    assert (churn["name"], churn["flavor"], churn["state"]) == ("churn", "python_function", "deployed")
    assert churn["model"] == "models:/iris/1"
    assert churn["env"] == {"TZ": "UTC"}
    assert churn["metadata"] == {"team": "risk"}
    assert target.get_deployment("churn") == churn
    assert json.loads(json.dumps(churn)) == churn
    answer = httpx.post(f"{churn['url']}/invocations", json={"inputs": {}}, trust_env=False, timeout=20)
    assert answer.status_code == 400  # public: it got as far as the model


def test_create_refuses_a_name_that_is_taken(churn, target):
    text = refused("RESOURCE_ALREADY_EXISTS", target.create_deployment, "churn", "models:/iris/2")
    assert "hint: `mlflow deployments update` changes it" in text
    assert target.get_deployment("churn")["revision"] == 1


def test_predict_takes_what_pyfunc_takes_and_answers_as_the_server_does(churn, target, iris):
    frame = iris[0].iloc[::30]
    for inputs in (
        frame,
        frame.astype("float32"),
        frame.to_numpy(),
        frame.set_axis(range(4), axis=1),
        frame.to_dict(orient="list"),
        {"dataframe_split": frame.to_dict(orient="split")},
    ):
        answer = target.predict("churn", inputs)
        assert isinstance(answer, PredictionsResponse)
        assert json.loads(answer.to_json()) == {"predictions": [0, 0, 1, 1, 2]}
    assert answer.get_predictions("ndarray", np.int64).tolist() == [0, 0, 1, 1, 2]
    assert target.predict("churn", frame.round().astype("int64")).get_predictions().shape == (5, 1)


def test_a_refused_prediction_says_what_the_model_said(churn, target, iris):
    text = refused("BAD_REQUEST", target.predict, "churn", iris[0].iloc[:2, :3])
    assert "petal width (cm)" in text
    assert "no inputs" in refused("INVALID_PARAMETER_VALUE", target.predict, "churn")


def test_update_changes_the_model_or_what_config_names(churn, target, iris):
    kept = target.update_deployment("churn", config={"description": "iris, by kind"})
    assert (kept["revision"], kept["description"], kept["flavor"]) == (1, "iris, by kind", "python_function")
    target.update_deployment("churn", model_uri="models:/iris@champion")
    assert target.predict("churn", iris[0].head(1))["predictions"] == [10]
    changed = target.update_deployment("churn", config={"method": "predict_proba"})
    assert (changed["revision"], changed["method"]) == (3, "predict_proba")
    assert np.shape(target.predict("churn", iris[0].head(2))["predictions"]) == (2, 3)
    assert target.update_deployment("churn", config={"description": ""})["description"] == ""
    assert "group" not in changed.keys() - target.get_deployment("churn").keys()
    assert "no key 'group'" in refused("INVALID_PARAMETER_VALUE", target.update_deployment, "churn", config={"group": "risk"})


def test_a_flavor_is_one_that_the_model_has(churn, target):
    wrong = refused("INVALID_PARAMETER_VALUE", target.create_deployment, "other", "models:/iris/1", flavor="xgboost")
    assert "it has: python_function, sklearn" in wrong
    refused("INVALID_PARAMETER_VALUE", target.update_deployment, "churn", "models:/iris/1", flavor="xgboost")
    assert "needs the model" in refused("INVALID_PARAMETER_VALUE", target.update_deployment, "churn", flavor="sklearn")
    assert target.get_deployment("churn")["revision"] == 3
    assert target.update_deployment("churn", "models:/iris/2", flavor="sklearn")["flavor"] == "sklearn"


def test_an_endpoint_is_a_group_with_names_of_its_own(churn, target, iris):
    assert [e["name"] for e in target.list_endpoints()] == ["default", "risk"]
    assert "'risk' has 0 deployments" in refused("RESOURCE_DOES_NOT_EXIST", target.predict, endpoint="risk", inputs=iris[0])
    made = target.create_deployment("churn", "models:/iris/1", endpoint="risk")
    assert made["id"] != churn["id"]
    assert [d["name"] for d in target.list_deployments("risk")] == ["churn"]
    everywhere = [d["name"] for d in target.list_deployments()]
    assert sorted(everywhere) == sorted([churn["id"], made["id"]])
    assert {target.get_deployment(name)["id"] for name in everywhere} == set(everywhere)
    assert target.get_deployment("churn", endpoint="risk")["id"] == made["id"]
    assert target.get_endpoint("risk")["used"]["deployments"] == 1
    assert target.predict(endpoint="risk", inputs=iris[0].head(1))["predictions"] == [0]
    target.delete_deployment("churn", endpoint="risk")
    assert target.list_deployments("risk") == []
    assert target.get_deployment("churn")["id"] == churn["id"]
    refused("RESOURCE_DOES_NOT_EXIST", target.get_endpoint, "sales")
    config = {"group": "default"}
    assert "differ" in refused(
        "INVALID_PARAMETER_VALUE", target.create_deployment, "x", "models:/iris/1", config=config, endpoint="risk"
    )


def test_delete_is_idempotent_but_never_guesses(target):
    config = {"wait": False}
    one = target.create_deployment("Two Groups", "models:/iris/1", config=config)
    two = target.create_deployment("Two Groups", "models:/iris/1", config=config, endpoint="risk")
    assert one["id"] in refused("RESOURCE_DOES_NOT_EXIST", target.delete_deployment, "Two Groups")
    target.delete_deployment("Two Groups", endpoint="default")
    refused("RESOURCE_DOES_NOT_EXIST", target.delete_deployment, "Two Groups", endpoint="default")
    target.delete_deployment(two["id"], config={"timeout": "60"})
    target.delete_deployment("Two Groups")
    assert [d["name"] for d in target.list_deployments()] == ["churn"]


def test_what_has_no_counterpart_is_refused(target, iris):
    calls = {
        target.explain: ("churn", iris[0]),
        target.predict_stream: ("churn", {}),
        target.create_endpoint: ("sales",),
        target.update_endpoint: ("risk", {}),
        target.delete_endpoint: ("risk",),
    }
    for call, args in calls.items():
        assert "hint: " in refused("NOT_IMPLEMENTED", call, *args)


def test_a_model_that_does_not_start_is_an_error_with_its_cause(target, tmp_path):
    import mlflow

    class Broken(mlflow.pyfunc.PythonModel):
        def load_context(self, context):
            raise ValueError("the weights are missing")

        def predict(self, model_input):
            return model_input

    mlflow.pyfunc.save_model(tmp_path / "broken", python_model=Broken(), pip_requirements=["mlflow"])
    with pytest.raises(MlflowException, match="the weights are missing") as caught:
        target.create_deployment("broken", str(tmp_path / "broken"), config={"timeout": 60})
    said = json.loads(caught.value.serialize_as_json())
    assert said["reason"] == "DeployFailed"
    assert "Traceback" in said["details"]["failure"]["evidence"]
    target.delete_deployment("broken")
    text = refused("RESOURCE_DOES_NOT_EXIST", target.create_deployment, "x", "models:/iriss/1")
    assert "iris" in text.split("hint: ")[1]


def test_a_wait_that_runs_out_undoes_nothing(target):
    refused("DEADLINE_EXCEEDED", target.create_deployment, "late", "models:/iris/1", config={"timeout": "0.001"})
    assert target.get_deployment("late")["id"] == "late"
    target.delete_deployment("late")


def test_a_remote_target_is_an_api_with_a_token(churn, home, iris, monkeypatch):
    monkeypatch.setenv("MDEPLOY_TOKEN", "a-token")
    with Relay(str(home.socket)) as relay:
        remote = get_deploy_client(f"mdeploy:/{relay.url}")
        assert remote.get_deployment("churn")["id"] == churn["id"]
        made = remote.create_deployment("far", "models:/iris/1")
        assert made["state"] == "deployed"
        assert remote.predict("far", iris[0].head(1))["predictions"] == [0]
        remote.delete_deployment("far")
        remote._mdeploy.close()
    assert relay.heard.count(b"Authorization: Bearer a-token") == relay.heard.count(b"HTTP/1.1") > 0
    refused("TEMPORARILY_UNAVAILABLE", get_deploy_client(f"mdeploy:/{relay.url}").list_deployments)


@pytest.mark.parametrize(
    "address", ["localhost:8000", "ftp://host/x", "https://me:s3cret@host/api", "https://host/api?token=s3cret"]
)
def test_a_target_that_is_no_plain_address_is_refused_without_repeating_it(address):
    assert "s3cret" not in refused("INVALID_PARAMETER_VALUE", get_deploy_client, f"mdeploy:/{address}")
