"""Every status of the REST API, with its one error shape."""

from __future__ import annotations

import httpx
import pytest

KEYS = {"message", "reason", "code", "hint", "details"}


@pytest.fixture
def asleep(http, model):
    """Return a stopped deployment that is gone after the test."""
    made = http.post("/deployments", json={"model": model, "name": "asleep", "stopped": True})
    assert made.status_code == 201, made.text
    yield made.json()["deployment"]
    http.delete("/deployments/asleep")


def failed(answer: httpx.Response, status: int, reason: str) -> dict:
    body = answer.json()
    assert answer.status_code == status, answer.text
    assert set(body) == KEYS
    assert body["reason"] == reason
    assert body["message"]
    assert not body["message"].endswith(".")
    return body


def test_a_stopped_deployment_is_created_without_starting_anything(http, asleep):
    assert asleep["id"] == "asleep"
    assert asleep["status"]["state"] == "stopped"
    assert http.get("/deployments/asleep/replicas").json() == {"replicas": []}


def test_a_taken_name_or_id_is_409(http, asleep, model):
    again = {"model": model, "name": "asleep", "stopped": True}
    assert failed(http.post("/deployments", json=again), 409, "NameTaken")["details"]["field"] == "name"
    other = {**again, "name": "other", "id": "asleep"}
    assert failed(http.post("/deployments", json=other), 409, "NameTaken")["details"]["field"] == "id"


def test_an_unknown_field_is_named_and_refused(http, model):
    body = failed(http.post("/deployments", json={"model": model, "name": "x", "replica": 2}), 422, "InvalidInput")
    assert "replica" in body["details"]["fields"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\nb"),
        ("id", "../up"),
        ("replicas", 0),
        ("replicas", "many"),
        ("env", {"1A": "x"}),
        ("secret_env", {"A": "plain"}),
        ("api_name", "a/b"),
        ("start_timeout", -1),
        ("predict_timeout", 1e999),
    ],
)
def test_a_bad_value_is_422_with_its_path(http, model, field, value):
    import json

    text = json.dumps({"model": model, "name": "x", "stopped": True, field: value})
    answer = http.post("/deployments", content=text, headers={"content-type": "application/json"})
    body = failed(answer, 422, "InvalidInput")
    assert any(path.startswith(field) for path in body["details"]["fields"]), body


def test_a_stale_edit_is_409_with_the_current_state(http, asleep):
    version = asleep["resource_version"]
    first = http.patch("/deployments/asleep", json={"description": "one", "resource_version": version})
    assert first.status_code == 200
    stale = http.patch("/deployments/asleep", json={"description": "two", "resource_version": version})
    body = failed(stale, 409, "StaleEdit")
    assert body["details"]["current"]["spec"]["description"] == "one"


def test_a_change_of_nothing_makes_no_history(http, asleep):
    before = http.get("/deployments/asleep/history").json()["history"]
    answer = http.patch("/deployments/asleep", json={"replicas": asleep["spec"]["replicas"]}).json()
    assert not answer["changed"]
    assert http.get("/deployments/asleep/history").json()["history"] == before


def test_replicas_make_no_revision_and_the_environment_does(http, asleep):
    scaled = http.patch("/deployments/asleep", json={"replicas": 3}).json()
    assert (scaled["changed"], scaled["new_revision"]) == (True, False)
    changed = http.patch("/deployments/asleep", json={"env": {"TZ": "UTC"}, "message": "time zone"}).json()
    assert changed["new_revision"]
    assert changed["deployment"]["spec"]["stopped"]
    newest, *_ = http.get("/deployments/asleep/history").json()["history"]
    assert newest["message"] == "time zone"
    assert {"path": "template.env.TZ", "old": None, "new": "UTC"} in newest["changes"]
    diff = http.get("/deployments/asleep/diff", params={"from": 1, "to": 2}).json()
    assert [c["path"] for c in diff["changes"]] == ["env.TZ"]


def test_an_idempotency_key_acts_once(http, model):
    body = {"model": model, "name": "once", "stopped": True}
    headers = {"Idempotency-Key": "k-1"}
    one = http.post("/deployments", json=body, headers=headers)
    two = http.post("/deployments", json=body, headers=headers)
    assert one.status_code == two.status_code == 201
    assert one.json() == two.json()
    other = http.post("/deployments", json={**body, "name": "twice"}, headers=headers)
    failed(other, 409, "Conflict")
    http.delete("/deployments/once")


def test_the_actor_is_who_the_surface_names(http, asleep):
    http.patch("/deployments/asleep", json={"description": "x"}, headers={"X-MDeploy-Actor": "J%C3%B6rg"})
    assert http.get("/deployments/asleep").json()["updated_by"] == "Jörg"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/deployments/nothing"),
        ("PATCH", "/deployments/nothing"),
        ("DELETE", "/deployments/nothing"),
        ("POST", "/deployments/nothing/stop"),
        ("GET", "/deployments/nothing/logs"),
        ("GET", "/deployments/nothing/history/1"),
    ],
)
def test_what_is_not_there_is_404(http, method, path):
    failed(http.request(method, path, json={} if method in {"PATCH", "POST"} else None), 404, "DeploymentNotFound")


@pytest.mark.parametrize("path", ["/deployments/..%2F..%2Fetc", "/deployments/../../etc/passwd", "/deployments/%2e%2e/info"])
def test_a_path_that_climbs_leads_nowhere(http, path):
    answer = http.get(path)
    assert answer.status_code == 404 or answer.json().get("version"), answer.text
    assert "root:" not in answer.text


def test_an_unknown_route_and_a_wrong_method_have_the_same_shape(http):
    assert failed(http.get("/nowhere"), 404, "HTTPError")["code"] == "not_found"
    assert failed(http.put("/deployments"), 405, "HTTPError")["code"] == "method_not_allowed"


def test_a_body_that_is_no_json_is_422(http):
    answer = http.post("/deployments", content=b"{", headers={"content-type": "application/json"})
    failed(answer, 422, "InvalidInput")


def test_ids_say_whether_they_are_free(http, asleep):
    assert http.get("/ids/brand-new").json()["available"]
    taken = http.get("/ids/asleep").json()
    assert not taken["available"]
    assert taken["suggestion"].startswith("asleep-")
    assert http.get("/ids/No Good").json()["reason"]
    assert http.get("/ids/no%2Fgood").json()["suggestion"] == "no-good"


def test_clients_belong_to_private_deployments(http, asleep):
    made = http.post("/deployments/asleep/clients", json={"name": "web"})
    assert made.status_code == 201
    assert made.json()["token"].startswith("mdp_web.")
    failed(http.post("/deployments/asleep/clients", json={"name": "web"}), 409, "NameTaken")
    failed(http.post("/deployments/asleep/clients", json={"name": "No"}), 422, "InvalidInput")
    listed = http.get("/deployments/asleep/clients").json()["clients"]
    assert [c["name"] for c in listed] == ["web"]
    assert made.json()["token"] not in str(listed)
    assert http.delete("/deployments/asleep/clients/web").status_code == 204
    failed(http.delete("/deployments/asleep/clients/web"), 404, "ClientNotFound")


def test_the_document_is_openapi_3_1_and_describes_every_route(http):
    document = http.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["operationId"], (method, path)
            assert operation.get("description"), (method, path)


def test_the_document_describes_each_line_of_a_stream(http):
    paths = http.get("/openapi.json").json()["paths"]
    assert paths["/events"]["get"]["responses"]["200"]["content"] == {
        "application/x-ndjson": {"schema": {"$ref": "#/components/schemas/Change"}}
    }
    assert paths["/deployments/{id}/logs"]["get"]["responses"]["200"]["content"] == {
        "application/x-ndjson": {"schema": {"$ref": "#/components/schemas/LogLine"}},
        "text/plain": {"schema": {"type": "string"}},
    }
