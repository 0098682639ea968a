"""Requests made from our own OpenAPI document, valid and not: no 5xx, answers as described, errors in their one shape."""

from __future__ import annotations

import json
from contextlib import suppress
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyStrategyDefinition
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import GenerationMode

from mdeploy_lab.models import requests
from tests.e2e.census import until
from tests.fuzz.wire import CONFORMS, aim, api, check

FORMS = [pytest.param(12, id="short"), pytest.param(200, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(1200)])]
OPERATIONS = {o.ok().definition.raw["operationId"]: o.ok() for o in api().get_all_operations()}
NASTY = [
    "..",
    "/",
    "\\",
    "%",
    "\x00",
    "\n",
    "etc/passwd",
    ";",
    "?",
    "#",
    "ü",
    "\ud7ff",
    "\U0001f4a5",
    "a" * 300,
    "asleep",
    "'",
    '"',
]
IDS = (
    st.lists(st.sampled_from(NASTY) | st.text(max_size=8), min_size=1, max_size=6)
    .map("".join)
    .filter(lambda t: "asleep" not in t.split("/"))
)

ASKS_THE_MODEL = {"predict", "describe_deployment"}
WITH_ID = {name for name, o in OPERATIONS.items() if o.path.startswith("/deployments/{id}")}


SHORT = 100


def bounded(examples: int) -> settings:
    """Return settings: the short form is the same in every run, the long one goes where none has been."""
    return settings(
        max_examples=examples,
        derandomize=examples < SHORT,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


def can_be_wrong(operation) -> bool:
    """Return whether a request can contradict the document: any text is a path, so it takes a body or a number."""
    raw = operation.definition.raw
    types = {p["schema"].get("type") for p in raw.get("parameters", [])}
    return "requestBody" in raw or bool(types & {"integer", "boolean"})


CASES = [
    pytest.param(name, mode, id=f"{name}-{mode.value}")
    for name, operation in sorted(OPERATIONS.items())
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or can_be_wrong(operation)
]


def conforms(case, answer) -> None:
    """Check an answer against the document; what needs a model that answers says on purpose that there is none."""
    if case.operation.definition.raw["operationId"] in ASKS_THE_MODEL and answer.status_code in {502, 503}:
        assert answer.json()["reason"] in {"PredictFailed", "NotServing"}
    else:
        case.validate_response(answer, checks=CONFORMS)


@pytest.mark.parametrize("examples", FORMS)
@pytest.mark.parametrize(("name", "mode"), CASES)
def test_every_operation(session, asleep, model, name, mode, examples):
    @bounded(examples)
    @given(case=OPERATIONS[name].as_strategy(generation_mode=mode), known=st.sampled_from([asleep, asleep, None]))
    def run(case, known):
        aim(case, model, known)
        answer = case.call(base_url="http://engine", session=session)
        check(answer)
        conforms(case, answer)

    run()


def walk(machine, examples, done):
    """Run a state machine until something was created and used: links carry the engine's own times and ids, which differ when replayed.

    The first walk is the same in every run. One that led nowhere would lead there again, so the next ones go by chance.
    """
    for turn in range(20):
        how = settings(bounded(examples), stateful_step_count=12, derandomize=turn == 0 and examples < SHORT)
        with suppress(FlakyStrategyDefinition):
            run_state_machine_as_test(machine, settings=how)
        if "create_deployment" in done and done & WITH_ID:
            return
        print(f"walk {turn} came to {sorted(done)} only")


@pytest.mark.parametrize("examples", [pytest.param(30, id="short")])
def test_one_step_after_another(session, model, http, examples):
    """Follow the links: create, and then whatever can be done with what was created, twice and after its end."""

    done = set()

    class Walk(api().as_state_machine()):
        made = 0

        def before_call(self, case):
            aim(case, model, None)
            if case.operation.definition.raw["operationId"] == "create_deployment" and not self.made:
                case.body = {"model": model, "name": "walk", "stopped": True}  # accepted, so that its links lead somewhere
                self.made += 1
            elif isinstance(case.body, dict) and "model" in case.body:
                case.body["model"] = model

        def get_call_kwargs(self, case):
            return {"base_url": "http://engine", "session": session}

        def validate_response(self, response, case, **_):
            check(response)
            conforms(case, response)
            if response.status_code < 300:
                done.add(case.operation.definition.raw["operationId"])

        def teardown(self):
            for one in http.get("/deployments").json()["deployments"]:
                http.delete(f"/deployments/{one['id']}")
                until("the id to be free again", lambda one=one: http.get(f"/ids/{one['id']}").json()["available"], 20)

    walk(Walk, examples, done)
    assert "create_deployment" in done
    assert done & WITH_ID


HARD = [
    None, True, -1, 0, 2**63, -(2**63) - 1, 10**400, 1e308, -0.0, float("nan"), float("inf"),
    "", "\x00", "a\x00b", "ü\u202e\U0001f4a5", "%s{}",
    "\ud800", "../../etc/passwd", "/etc/passwd", "a" * 20_000, [], {}, [[]], {"\ud800": "\x00"}, {"A": "\ud800"},
]  # fmt: skip
VERBS = {
    "create": ("POST", "/deployments", requests.CreateDeployment, {"name": "x", "stopped": True, "dry_run": False}),
    "update": ("PATCH", "/deployments/asleep", requests.UpdateDeployment, {}),
    "stop": ("POST", "/deployments/asleep/stop", requests.Act, {}),
    "start": ("POST", "/deployments/nothing/start", requests.Act, {}),
    "rollback": ("POST", "/deployments/asleep/rollback", requests.Rollback, {"to": 1}),
    "traffic": ("PUT", "/deployments/asleep/traffic", requests.SetTraffic, {"targets": None}),
    "rotate": ("POST", "/deployments/asleep/clients/web/rotate", requests.RotateClient, {}),
    "client": ("POST", "/deployments/asleep/clients", requests.AddClient, {"name": "web"}),
    "predict": ("POST", "/deployments/asleep/predict", requests.Predict, {}),
}


@pytest.mark.parametrize("verb", VERBS)
def test_hard_values_in_every_field(http, asleep, model, verb):
    method, path, kind, base = VERBS[verb]
    http.post("/deployments/asleep/clients", json={"name": "web"})
    if "model" in kind.model_fields and verb == "create":
        base = {**base, "model": model}
    for field in sorted(kind.model_fields.keys() - {"start", "stopped"}):
        for value in HARD:
            body = json.dumps({**base, field: value})
            answer = http.request(method, path, content=body, headers={"content-type": "application/json"})
            try:
                check(answer)
            except AssertionError as error:
                error.add_note(f"{method} {path} {body[:200]}")
                raise
            if verb == "create" and answer.status_code == 201:
                http.delete(f"/deployments/{answer.json()['deployment']['id']}")


@pytest.mark.parametrize(
    "path",
    [
        "/deployments/asleep/history/{}",
        "/deployments/asleep/revisions/{}",
        "/deployments/asleep/diff?from={}&to=1",
        "/deployments/asleep/diff?from=1&to={}",
        "/deployments/asleep/events?after={}",
        "/deployments/asleep/events?limit={}",
        "/deployments/asleep/logs?tail={}",
        "/deployments/asleep/logs?revision={}",
        "/deployments/asleep/logs?since={}",
        "/deployments/asleep/logs?replica={}",
    ],
)
@pytest.mark.parametrize(
    "value",
    ["-1", "0", str(2**63), "-" + "9" * 40, "9" * 5000, "1e3", "%00", "..%2F..%2Fetc%2Fpasswd", "0001-01-01T00:00:00%2B14:00"],
)
def test_hard_values_in_paths_and_queries(http, asleep, path, value):
    check(http.get(path.format(value)))


@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 100_000, b'{"message":' * 20_000, b"null", b"0", b'"\xf0"', b"{} {}"])
def test_bodies_that_are_no_object(http, asleep, body):
    answer = http.post("/deployments/asleep/stop", content=body, headers={"content-type": "application/json"})
    check(answer, 422)
    assert answer.json()["reason"] == "InvalidInput"
    assert answer.json()["details"]["fields"]


@pytest.mark.parametrize("examples", [pytest.param(150, id="short")])
def test_ids_and_names_that_are_none(http, asleep, examples):
    @bounded(examples)
    @given(
        text=IDS, method=st.sampled_from(["GET", "PATCH", "DELETE"]), tail=st.sampled_from(["", "/history", "/logs", "/stop"])
    )
    def run(text, method, tail):
        part = quote(text, safe="./\\;") if len(text) % 2 else quote(text, safe="")
        for path in (f"/deployments/{part}{tail}", f"/ids/{part}", f"/deployments/asleep/clients/{part}"):
            answer = http.request(method, httpx.URL("http://engine", raw_path=path.encode()), json={})
            check(answer)
            if path == f"/deployments/{part}{tail}" and answer.status_code < 400:
                assert not answer.text or "asleep" in answer.text or answer.json().keys() == {"deployments"}

    run()
    assert http.get("/deployments/asleep").status_code == 200
