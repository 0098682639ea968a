"""Requests that wait together are answered together, and each gets its own rows, its own form and its own error."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from sklearn.datasets import load_iris

from mdeploy_lab.runtime import batching

ROWS = load_iris().data.tolist()
COLUMNS = load_iris(as_frame=True).data.columns.tolist()


@pytest.fixture(scope="module")
def iris(start_for_module, zoo):
    return start_for_module(zoo / "iris")


def body(*rows: list[float], columns: list[str] = COLUMNS) -> dict[str, object]:
    return {"dataframe_split": {"columns": columns, "data": list(rows)}}


async def all_at_once(running, bodies: list[object], path: str = "/invocations") -> list[httpx.Response]:
    transport = httpx.AsyncHTTPTransport(uds=running.address.removeprefix("unix:"), limits=httpx.Limits(max_connections=64))
    async with httpx.AsyncClient(transport=transport, base_url="http://replica", timeout=30) as client:
        return await asyncio.gather(
            *(client.post(path, content=each) if isinstance(each, bytes) else client.post(path, json=each) for each in bodies)
        )


async def test_each_gets_the_answer_to_its_own_rows(iris):
    alone = [answer.json()["predictions"] for answer in await all_at_once(iris, [body(ROWS[i]) for i in range(0, 150, 10)])]
    bodies = [body(*ROWS[i : i + 1 + i % 3]) for i in range(147)]
    answers = await all_at_once(iris, bodies)
    assert {a.status_code for a in answers} == {200}
    assert [len(a.json()["predictions"]) for a in answers] == [1 + i % 3 for i in range(147)]
    assert [answers[i].json()["predictions"][:1] for i in range(0, 147, 10)] == alone
    assert len({a.headers["x-request-id"] for a in answers}) == 147


async def test_a_wrong_one_among_them_is_refused_alone(iris):
    wrong = [
        body(ROWS[0][:3], columns=COLUMNS[:3]),
        body([*ROWS[0][:3], "text"]),
        b"{",
        body([*ROWS[0][:3], None]),
    ]
    bodies = [each for i in range(25) for each in (body(ROWS[i]), wrong[i % len(wrong)])]
    answers = await all_at_once(iris, bodies)
    assert [a.status_code for a in answers[::2]] == [200] * 25
    assert {a.status_code for a in answers[1::2]} == {400}
    assert answers[1].json()["details"]["field"] == COLUMNS[3]


async def test_dialects_and_forms_are_answered_together_each_in_its_own(iris):
    records = {"dataframe_records": [dict(zip(COLUMNS, ROWS[60], strict=True))]}
    reordered = body(ROWS[120][::-1], columns=COLUMNS[::-1])
    answers = await all_at_once(iris, [body(ROWS[0]), records, reordered] * 20)
    assert [a.json() for a in answers[:3]] == [{"predictions": [0]}, {"predictions": [1]}, {"predictions": [2]}]
    assert all(a.json() == answers[i % 3].json() for i, a in enumerate(answers))


async def test_a_large_one_is_answered_too(iris):
    many = ROWS * 40
    assert len(many) > batching.MOST_ROWS
    answers = await all_at_once(iris, [body(*many), *(body(ROWS[i]) for i in range(50)), body(*many)])
    assert {a.status_code for a in answers} == {200}
    assert len(answers[0].json()["predictions"]) == len(answers[-1].json()["predictions"]) == len(many)


async def test_a_model_that_must_see_requests_alone_does(start, zoo):
    caller = start(zoo / "caller")
    answers = await all_at_once(caller, [{"dataframe_split": {"columns": ["x"], "data": [[1.0]]}}] * 30)
    ids = [a.json()["predictions"][0]["id"] for a in answers]
    assert ids == [a.headers["x-request-id"] for a in answers]
    assert len(set(ids)) == 30


async def test_whether_requests_are_answered_together_is_for_the_deployment_to_say(start, zoo):
    bodies = [{"dataframe_split": {"columns": ["x"], "data": [[1.0]]}}] * 30
    crowds = {}
    for batching_is in ("auto", "on", "off"):
        crowd = start(zoo / "crowd", batching=batching_is)
        answers = await all_at_once(crowd, bodies)
        assert {a.status_code for a in answers} == {200}
        crowds[batching_is] = max(a.json()["predictions"][0] for a in answers)
    assert crowds["auto"] == crowds["off"] == 1
    assert crowds["on"] > 1


async def test_an_answer_of_another_length_than_the_rows_is_asked_for_one_by_one(start, zoo):
    slow = start(zoo / "slow", batching="on")
    seconds = [0.001 * i for i in range(20)]
    answers = await all_at_once(slow, [{"dataframe_split": {"columns": ["x"], "data": [[s]]}} for s in seconds])
    assert [a.json()["predictions"] for a in answers] == [[s] for s in seconds]


async def test_columns_of_several_types_and_tensors_are_answered_together_too(start, zoo):
    mixed = start(zoo / "mixed")
    rows = [[30 + i, None if i % 5 == 0 else 1.5 * i, i % 2 == 0] for i in range(40)]
    bodies = [{"dataframe_split": {"columns": ["age", "income", "flag"], "data": [row]}} for row in rows]
    bodies[7] = {"dataframe_split": {"columns": ["age", "income", "flag"], "data": [["text", 1.0, True]]}}
    answers = await all_at_once(mixed, bodies)
    alone = [(await all_at_once(mixed, [each]))[0] for each in bodies[:10]]
    assert [a.status_code for a in answers] == [400 if i == 7 else 200 for i in range(40)]
    assert [a.json()["predictions"] for a in answers[:7]] == [a.json()["predictions"] for a in alone[:7]]
    tensor = start(zoo / "tensor")
    answers = await all_at_once(tensor, [{"inputs": [ROWS[i], ROWS[149 - i]]} for i in range(40)])
    assert {a.status_code for a in answers} == {200}
    assert answers[0].json() == {"predictions": [0, 2]}
