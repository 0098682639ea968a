"""Groups, quotas and names over REST, with a config.toml that changes under a running engine."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from mdeploy_lab.client.sync import Client
from mdeploy_lab.errors import Forbidden, InvalidInput, NotCapable
from mdeploy_lab.models.names import group_name
from mdeploy_lab.paths import Home
from tests.api.test_rest import failed
from tests.e2e.census import until
from tests.e2e.conftest import engine

FILE = """
[groups.risk]
[groups.risk.quota]
cpu = 2
deployments = 3
[groups.shut]
enabled = false
[groups.theirs]
members = ["ada"]
[groups_default.quota]
deployments = 0
"""

COLUMNS = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")


@pytest.fixture(autouse=True)
def config(home: Home) -> Iterator[None]:
    write(home, FILE)
    yield
    home.config.unlink()


def write(home: Home, text: str) -> None:
    fresh = home.config.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(home.config)


def groups(http: httpx.Client, **headers: str) -> dict[str, dict]:
    return {g["name"]: g for g in http.get("/groups", headers=headers).json()["groups"]}


def create(http: httpx.Client, model: str, name: str, **values) -> httpx.Response:
    body = {"model": model, "name": name, "group": "risk", "instance_type": "nano", **values}
    return http.post("/deployments", json=body)


@pytest.fixture
def gone(http) -> Iterator[None]:
    """Delete at the end what a test made."""
    yield
    for found in http.get("/deployments").json()["deployments"]:
        http.delete(f"/deployments/{found['id']}")


def test_groups_tell_quota_use_and_what_is_free(http, model, gone):
    create(http, model, "awake")
    create(http, model, "asleep", stopped=True)
    found = groups(http)
    assert set(found) == {"default", "risk", "shut"}
    assert not found["shut"]["enabled"]
    risk = found["risk"]
    assert risk["used"] == {"cpu": 0.5, "memory": 2**29, "gpu": 0, "deployments": 1}
    assert risk["free"] == {"cpu": 1.5, "memory": None, "gpu": None, "deployments": 2}
    assert set(groups(http, **{"X-MDeploy-Actor": "ada"})) == {"default", "risk", "shut", "theirs"}
    assert set(groups(http, **{"X-MDeploy-Groups": "theirs,Data%20%26%2C"})) == {"default", "theirs", group_name("Data &,")}


def test_of_many_creates_at_once_as_many_pass_as_fit(home, model, gone):
    def one(n: int) -> int:
        with engine(home) as http:
            return create(http, model, f"race-{n}").status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(8))) == [201] * 3 + [403] * 5


@pytest.mark.parametrize(("group", "why"), [("shut", "not enabled"), ("theirs", "not a member"), ("none", "no such group")])
def test_a_group_that_cannot_be_chosen_names_those_that_can(http, model, group, why):
    body = failed(create(http, model, "x-1", group=group), 403, "Forbidden")
    assert why in body["message"]
    assert body["hint"] == "choose one of: default, risk"
    assert body["details"]["groups"] == ["default", "risk"]
    assert "group" in body["details"]["fields"]


def test_nobody_without_a_group_creates_or_starts_anything(http, model, home, gone):
    create(http, model, "asleep", stopped=True)
    write(home, "[groups.default]\nenabled = false\n")
    for answer in (create(http, model, "x-1"), http.post("/deployments/asleep/start", json={})):
        body = answer.json()
        assert answer.status_code == 403
        assert body["message"] == "No group is configured for you to launch a server. Please contact admin."
    assert http.patch("/deployments/asleep", json={"description": "mine"}).status_code == 200


def test_a_refusal_by_quota_names_the_numbers(http, model):
    body = failed(create(http, model, "big", instance_type="small", replicas=3), 403, "QuotaExceeded")
    assert body["message"] == "group risk has a quota of 2 vCPU: 0 used, 3 wanted"
    assert body["details"] == {"group": "risk", "resource": "cpu", "quota": 2, "used": 0, "wanted": 3}


def test_a_changed_file_holds_at_once_and_a_broken_one_is_told(http, model, home, gone):
    write(home, FILE + "[instance_types.tiny]\ncpu = 0.1\nmemory = '128Mi'\n")
    assert http.get("/instance-types").json()["instance_types"][0]["name"] == "tiny"
    assert create(http, model, "small-one", instance_type="tiny", stopped=True).status_code == 201
    write(home, "[groups")
    assert "config.toml is not followed" in http.get("/info").json()["problems"][0]
    assert "risk" in groups(http)
    write(home, FILE)
    assert http.get("/info").json()["problems"] == []
    failed(create(http, model, "other", instance_type="tiny", stopped=True), 422, "InvalidInput")


def test_an_api_name_can_be_checked_while_typing(http, model, gone):
    made = create(http, model, "named", stopped=True, api_name="score").json()["deployment"]
    assert made["api_url"] == made["url"].replace("/deployment/named", "/api/risk/score")
    taken = http.get("/groups/risk/api-names/score").json()
    assert taken == {
        "name": "score",
        "available": False,
        "reason": "deployment named has it in group risk",
        "suggestion": "score-2",
        "holder": "named",
    }
    assert http.get("/groups/default/api-names/score").json()["available"]
    assert http.get("/groups/risk/api-names/%C3%A4%20b").json()["suggestion"] == "b"
    assert http.get("/groups/risk/api-names/a%2Fb").json()["suggestion"] == "a-b"
    assert http.get("/groups/risk/api-names/").json()["reason"].startswith("an API name has 1 to 99")
    body = failed(create(http, model, "second", stopped=True, api_name="score"), 409, "NameTaken")
    assert body["details"]["field"] == "api_name"
    assert body["hint"]
    assert http.patch("/deployments/named", json={"api_name": ""}).json()["deployment"]["api_url"] == ""


@pytest.mark.parametrize("field", ["id", "group", "type"])
def test_what_is_frozen_is_422_and_says_why(http, model, gone, field):
    create(http, model, "still", stopped=True)
    body = failed(http.patch("/deployments/still", json={field: "batch", "replicas": 2}), 422, "InvalidInput")
    assert body["details"]["fields"][field].startswith(f"the {field} of a deployment cannot change: ")


@pytest.mark.parametrize(
    ("values", "capability"),
    [
        ({"max_replicas": 3}, "replica_ranges"),
        ({"image": "registry/x:1"}, "images"),
        ({"image_pull_secret": "pull"}, "image_pull_secrets"),
        ({"type": "batch"}, "batch"),
        ({"type": "async"}, "async"),
    ],
)
def test_what_this_engine_lacks_is_422_with_the_reason_of_info(http, model, values, capability):
    reason = http.get("/info").json()["capabilities"][capability]
    body = failed(create(http, model, "lacking", **values), 422, "NotCapable")
    assert reason in body["message"]
    assert body["details"]["capability"] == capability
    assert list(body["details"]["fields"]) == [next(iter(values))]


def test_a_list_can_be_of_one_type(http, model, gone):
    create(http, model, "live", stopped=True)
    found = http.get("/deployments", params={"type": ["real-time", "batch"]}).json()["deployments"]
    assert [d["spec"]["type"] for d in found] == ["real-time"]
    assert http.get("/deployments", params={"type": "batch"}).json() == {"deployments": []}


def test_the_client_raises_what_rest_answers(client: Client, model, gone):
    with pytest.raises(Forbidden, match="not enabled"):
        client.deploy(model, "x-1", group="shut")
    with pytest.raises(NotCapable):
        client.deploy(model, "x-1", group="risk", type="batch")
    made = client.deploy(model, "typed", group="risk", api_name="typed", type="real-time", wait=False)
    assert made.api_url.endswith("/api/risk/typed")
    assert [d.id for d in client.deployments(type="real-time")] == ["typed"]
    assert client.check_api_name("risk", "typed").holder == "typed"
    with pytest.raises(InvalidInput, match="the type of a deployment cannot change"):
        client.deploy(model, "typed", group="risk", type="batch")
    assert client.deploy(model, "typed", group="risk", type="real-time", api_name="", wait=False).api_url == ""


def test_an_api_name_is_an_address_like_the_id_until_it_changes(client: Client, model, gone):
    made = client.deploy(model, "called", group="risk", instance_type="nano", api_name="first", timeout=120)
    token = str.__str__(made.clients.add("web").token.reveal())
    rows = {"dataframe_records": [dict.fromkeys(COLUMNS, 1.0)]}
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, trust_env=False) as http:
        until("the gateway to know the client", lambda: http.post(f"{made.url}/invocations", json=rows).status_code == 200)
        by_id = http.post(f"{made.url}/invocations", json=rows)
        assert by_id.status_code == 200, by_id.text
        for path in ("/invocations", "/revision/1/invocations"):
            assert http.post(f"{made.api_url}{path}", json=rows).json() == by_id.json()
        assert http.post(f"{made.api_url}/invocations", json=rows, headers={"Authorization": ""}).status_code == 401
        old = made.api_url
        made.update(api_name="second")
        assert made.api_url.endswith("/api/risk/second")
        until("the new name to answer", lambda: http.post(f"{made.api_url}/invocations", json=rows).status_code == 200)
        assert http.post(f"{old}/invocations", json=rows).status_code == 404
        made.stop()
        stopped = http.post(f"{made.api_url}/invocations", json=rows)
        assert stopped.status_code == 503
        assert "called is stopped" in stopped.json()["message"]
