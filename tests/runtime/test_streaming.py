"""Answers piece by piece: as they come, given up when the caller leaves, and an error in the middle is said there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.census import until

STREAM = {"accept": "text/event-stream"}


def body(count: int) -> dict[str, object]:
    return {"dataframe_split": {"columns": ["x"], "data": [[float(count)]]}}


def events(lines):
    event = ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, value
            event = ""


@pytest.fixture
def streams(start, zoo, tmp_path):
    return start(zoo / "streams", environ={"GATE": str(tmp_path / "gate")})


def test_pieces_come_while_the_model_still_works(streams, tmp_path):
    with streams.client() as client, client.stream("POST", "/invocations", json=body(4), headers=STREAM) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-length" not in answer.headers
        found = events(answer.iter_lines())
        first = [json.loads(next(found)[1]) for _ in range(2)]
        assert [piece["n"] for piece in first] == [0, 1]
        assert {piece["id"] for piece in first} == {answer.headers["x-request-id"]}
        (tmp_path / "gate").touch()
        rest = [value for _, value in found]
    assert [json.loads(value)["n"] for value in rest[:-1]] == [2, 3]
    assert rest[-1] == "[DONE]"


def test_others_are_answered_between_two_pieces(streams):
    streaming = {"json": body(2), "headers": STREAM}
    with streams.client() as other, streams.client() as client, client.stream("POST", "/invocations", **streaming) as answer:
        found = events(answer.iter_lines())
        assert json.loads(next(found)[1])["n"] == 0
        assert len(other.post("/invocations", json=body(1)).json()["predictions"]) == 1
        assert [value for _, value in found][-1] == "[DONE]"


def test_an_error_in_the_middle_is_an_event(streams, tmp_path):
    (tmp_path / "gate").touch()
    with streams.client() as client, client.stream("POST", "/invocations", json=body(9), headers=STREAM) as answer:
        found = list(events(answer.iter_lines()))
    assert answer.status_code == 200
    assert [event for event, _ in found] == [""] * 5 + ["error"]
    said = json.loads(found[-1][1])
    assert "ValueError" in said["message"]
    assert said["details"]["request_id"] == answer.headers["x-request-id"]
    assert "no more" not in found[-1][1]


def test_what_fails_at_once_has_its_status(streams):
    with streams.client() as client:
        wrong = {"dataframe_split": {"columns": ["y"], "data": [[1.0]]}}
        assert client.post("/invocations", json=wrong, headers=STREAM).status_code == 400


def test_a_caller_who_leaves_ends_it(streams, tmp_path):
    with streams.client() as client:
        with client.stream("POST", "/invocations", json=body(4), headers=STREAM) as answer:
            next(answer.iter_lines())
        (tmp_path / "gate").touch()
        until("the model's generator to be closed", Path(f"{tmp_path / 'gate'}.closed").exists, 10)
        until("nothing to be in flight", lambda: "in_flight{" in (t := client.get("/metrics").text) and _in_flight(t) == 1, 10)


def _in_flight(text: str) -> float:
    return float(next(line for line in text.splitlines() if line.startswith("mdeploy_requests_in_flight{")).rsplit(" ", 1)[1])


def test_a_model_that_answers_whole_says_so(start, zoo):
    with start(zoo / "params").client() as client:
        answer = client.post("/invocations", json=body(1), headers=STREAM)
    assert answer.status_code == 501
    assert "predict_stream" in answer.json()["message"]


def test_a_whole_answer_is_had_without_asking_for_a_stream(streams):
    with streams.client() as client:
        assert [p["n"] for p in client.post("/invocations", json=body(2)).json()["predictions"]] == [0, 1]
