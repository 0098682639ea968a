"""What every request meets whatever its dialect: identity, logs, limits, errors, the description."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest

from mdeploy_lab import values
from mdeploy_lab.models.description import Description
from tests.values.same import assert_same

NAMES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
ROW = [5.1, 3.5, 1.4, 0.2]
BODY = {"dataframe_split": {"columns": NAMES, "data": [ROW]}}
ARROW = {"content-type": values.MEDIA_TYPE}


@pytest.fixture(scope="module")
def iris(start_for_module, zoo):
    return start_for_module(zoo / "iris", max_payload=200_000)


@pytest.fixture
def client(iris):
    with iris.client() as made:
        yield made


def one(x: float) -> dict:
    return {"dataframe_split": {"columns": ["x"], "data": [[x]]}}


class Wire:
    """A bare connection, for what no client library sends."""

    def __init__(self, running) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(running.address.removeprefix("unix:"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def status(self) -> int:
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.socket.recv(65536)
            if not part:
                break
            data += part
        return int(data.split()[1]) if data else 0


def test_the_request_id_is_taken_or_made(client, iris):
    given = client.post("/invocations", json=BODY, headers={"x-request-id": "abc-1"})
    made = client.post("/invocations", json=BODY)
    bad = client.post("/invocations", json=BODY, headers={"x-request-id": "a b"})
    assert given.headers["x-request-id"] == "abc-1"
    assert len(made.headers["x-request-id"]) == 32
    assert bad.headers["x-request-id"] != "a b"
    assert any(line.get("request_id") == "abc-1" and line["stream"] == "access" for line in iris.log())


def test_an_answer_names_its_replica(client, iris):
    answer = client.post("/invocations", json=BODY)
    assert answer.headers["x-mdeploy-revision"] == "3"
    assert answer.headers["x-mdeploy-replica-id"] == iris.spec.replica
    assert "server" not in answer.headers


def until_logged(running, request_id: str) -> dict[str, dict]:
    """Return the lines of a request by message; the access line is written when the answer is on its way."""
    end = time.monotonic() + 10
    while True:
        lines = {line["message"]: line for line in running.log() if line.get("request_id") == request_id}
        if any(line["stream"] == "access" for line in lines.values()) or time.monotonic() > end:
            return lines
        time.sleep(0.01)


def test_the_model_knows_who_asks_and_its_words_are_logged_under_the_request(start, zoo):
    running = start(zoo / "caller")
    with running.client() as client:
        answer = client.post("/invocations", json=one(1), headers={"x-forwarded-user": "web", "x-request-id": "r-7"})
    assert answer.json() == {"predictions": [{"user": "web", "id": "r-7", "params": {"temperature": 0.5}, "odd": None}]}
    lines = until_logged(running, "r-7")
    assert lines["printed by web"]["stream"] == "stdout"
    assert lines["logged for r-7"]["level"] == "warning"
    assert lines["logged for r-7"]["logger"] == "my.model"
    assert any("warned" in message for message in lines)
    access = next(line for line in lines.values() if line["stream"] == "access")
    assert (access["status"], access["user"]) == (200, "web")
    assert {line["replica"] for line in running.log()} == {running.spec.replica}


def test_what_the_model_raises_is_500_and_the_log_has_the_line(start, zoo):
    running = start(zoo / "raises")
    with running.client() as client:
        answer = client.post("/invocations", json=one(0), headers={"x-request-id": "r-8"})
    body = answer.json()
    assert answer.status_code == 500
    assert body["code"] == "model_raised"
    assert body["message"].startswith("the model raised ZeroDivisionError in predict (raises.py, line ")
    assert body["details"]["request_id"] == "r-8"
    logged = [line["message"] for line in running.log() if line.get("request_id") == "r-8" and line["stream"] == "log"]
    assert any("Traceback" in message and "ZeroDivisionError" in message for message in logged)


def ask_example(client, dialect):
    """Send a dialect's example as it is in the description."""
    headers = {"content-type": dialect["content_types"][0]}
    return client.request(dialect["method"], dialect["path"], content=dialect["example"].encode(), headers=headers)


def test_the_description_has_an_example_that_works_for_every_dialect(client):
    about = client.get("/").json()
    assert about["name"] == "iris"
    assert about["revision"] == 3
    assert about["model"]["uri"] == "models:/iris/1"
    assert {dialect["name"] for dialect in about["dialects"]} >= {"invocations", "oip", "arrow"}
    for dialect in about["dialects"]:
        if dialect["binary"]:
            assert dialect["example"] == "" or dialect["example"].startswith("import ")
        else:
            assert ask_example(client, dialect).status_code == 200


def test_the_description_has_the_signature_and_the_models_own_rows(client):
    about = Description.model_validate(client.get("/").json())
    first = about.signature.inputs[0]
    assert (first.name, first.type.kind, first.required, first.nullable) == (NAMES[0], "double", True, True)
    assert [field.type.kind for field in about.signature.outputs] == ["tensor"]
    assert not about.signature.multi_io
    assert about.example.kind == "table"
    assert about.example.columns == tuple(NAMES)
    assert about.example.rows[0] == (5.1, 3.5, 1.4, 0.2)
    assert (len(about.example.rows), about.example.total) == (3, 3)


@pytest.mark.parametrize("model", ["nosig", "tensor", "mixed", "params"])
def test_examples_made_from_the_signature_work_too(start, zoo, model):
    running = start(zoo / model)
    with running.client() as client:
        for dialect in client.get("/").json()["dialects"]:
            if dialect["binary"]:
                continue
            answer = ask_example(client, dialect)
            if model == "nosig":  # nobody knows its width
                assert answer.status_code in (200, 400)
            elif (model, dialect["name"]) != ("params", "oip"):  # its answer is a dict of a float: no tensor
                assert answer.status_code == 200, answer.text


def test_health(client):
    health = client.get("/health")
    assert health.status_code == 200
    assert health.json() == {
        "live": True,
        "ready": True,
        "deployment": "iris",
        "revision": 3,
        "replica": health.headers["x-mdeploy-replica-id"],
        "model": "models:/iris/1",
    }
    assert client.head("/health").status_code == 200


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/invocation", "invocations"),
        ("/v2/models/iris/predict", "oip"),
        ("/v2/infer", "oip"),
        ("/predictions", "arrow"),
        ("/x", "invocations"),
    ],
)
def test_an_unknown_path_names_the_nearest_dialect_with_an_example(client, path, dialect):
    answer = client.post(path, json={})
    assert answer.status_code == 404
    assert answer.json()["code"] == "path_unknown"
    assert answer.json()["details"]["dialect"] == dialect
    assert answer.json()["details"]["example"]["path"]


def test_a_body_over_the_limit_is_413_before_it_is_read(iris):
    with Wire(iris) as wire:
        wire.send(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n")
        assert wire.status() == 413


def test_a_body_over_the_limit_is_413_while_it_streams(iris):
    def parts():
        for _ in range(100):
            yield b" " * 10_000

    with iris.client() as client:
        try:
            answer = client.post("/invocations", content=parts())
        except httpx.WriteError:
            pytest.skip("the server closed before the client read its answer")
    assert answer.status_code == 413
    assert answer.json()["details"]["max_payload"] == 200_000


def test_a_truncated_body_harms_nobody(iris, client):
    with Wire(iris) as wire:
        wire.send(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert client.post("/invocations", json=BODY).status_code == 200


@pytest.mark.parametrize("raw", [b"\x00\xff\r\n\r\n", b"POST /invocations\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n"])
def test_what_is_no_http_is_400(iris, client, raw):
    with Wire(iris) as wire:
        wire.send(raw)
        assert wire.status() in (400, 0)
    assert client.get("/ping").status_code == 200


def test_a_slow_body_times_out_and_does_not_hold_others_up(start, zoo):
    running = start(zoo / "iris", predict_timeout=1.0)
    with Wire(running) as wire, running.client() as client:
        wire.send(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert client.post("/invocations", json=BODY).status_code == 200
        assert wire.status() == 408


async def test_a_full_queue_answers_503_with_retry_after(start, zoo):
    running = start(zoo / "slow")
    limits = httpx.Limits(max_connections=None)
    transport = httpx.AsyncHTTPTransport(uds=running.address.removeprefix("unix:"), limits=limits)
    async with httpx.AsyncClient(transport=transport, base_url="http://replica", timeout=30) as client:
        first = asyncio.ensure_future(client.post("/invocations", json=one(6)))
        await asyncio.sleep(0.2)
        answers = await asyncio.gather(*(client.post("/invocations", json=one(0)) for _ in range(300)))
        assert (await first).status_code == 200
        assert (await client.post("/invocations", json=one(0))).status_code == 200
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 503}
    assert statuses.count(200) < 260
    assert all(a.headers["retry-after"] == "1" and a.json()["code"] == "overloaded" for a in answers if a.status_code == 503)


BAD = {
    "huge number": b'{"inputs": [[1e999, 1, 1, 1]]}',
    "huge integer": b'{"inputs": {"a": [' + b"9" * 5000 + b"]}}",
    "deep list": b'{"inputs": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "deep object": b'{"inputs": ' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}",
    "null": b"null",
    "text": b'"x"',
    "keys": json.dumps({str(i): i for i in range(5000)}).encode(),
    "columns": json.dumps({"dataframe_split": {"columns": [{}], "data": [[1]]}}).encode(),
    "nested data": json.dumps({"dataframe_split": {"columns": NAMES, "data": [[[1], [2], [3], [4]]]}}).encode(),
    "strings": json.dumps({"inputs": dict.fromkeys(NAMES, "secret-value")}).encode(),
    "objects": json.dumps({"instances": [{name: {"secret-value": 1} for name in NAMES}]}).encode(),
    "mixed rows": json.dumps({"instances": [1, "secret-value", None]}).encode(),
    "surrogate": b'{"inputs": "\\ud800"}',
    "infinite": json.dumps({"dataframe_split": {"columns": NAMES, "data": [[float("inf"), 1, 2, 3]]}}).encode(),
    "duplicate": json.dumps({"dataframe_split": {"columns": [NAMES[0]] * 4, "data": [ROW]}}).encode(),
    "twice": json.dumps({"dataframe_split": {"columns": [*NAMES, NAMES[0]], "data": [[*ROW, 1]]}}).encode(),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("path", ["/invocations", "/v2/models/iris/infer", "/predict"])
def test_bad_bodies_are_4xx_and_never_repeat_the_data(client, path, name):
    answer = client.post(path, content=BAD[name], headers={"content-type": "application/json" if path != "/predict" else ""})
    assert 400 <= answer.status_code < 500, answer.text
    assert "secret-value" not in answer.text
    assert answer.json()["message"]


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ({"dataframe_split": {"columns": NAMES, "data": [["a", 1, 2, 3]]}}, NAMES[0], "double"),
        ({"dataframe_split": {"columns": NAMES[1:], "data": [ROW[1:]]}}, NAMES[0], "double"),
        ({"dataframe_split": {"columns": NAMES, "data": [[1, None, 2, 3]]}}, NAMES[1], "double"),
        ({"inputs": [ROW]}, NAMES[0], "double"),
        ({"dataframe_records": [dict(zip(NAMES, [1, 2, True, 4], strict=True))]}, NAMES[2], "double"),
        ({"instances": [dict(zip(NAMES, [1, 2, {}, 4], strict=True))]}, NAMES[2], "double"),
    ],
)
def test_an_error_names_the_field_and_what_it_should_be(client, body, field, expected):
    answer = client.post("/invocations", json=body)
    if answer.status_code == 200:
        assert body["dataframe_records"], "a boolean counts as a number, as in MLflow"
        return
    details = answer.json()["details"]
    assert (answer.status_code, details["field"], details["expected"]) == (400, field, expected)


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame([ROW] * 3, columns=NAMES, index=["a", "b", "c"]),
        pd.DataFrame([ROW] * 3, columns=NAMES)[NAMES[::-1]],
        np.array([ROW] * 3),
        [ROW] * 20,
        [[5, 3, 1, 0]],
        pd.DataFrame([[5, 3, 1, 0]], columns=NAMES),
        {name: [value] for name, value in zip(NAMES, ROW, strict=True)},
    ],
    ids=lambda value: type(value).__name__,
)
def test_arrow_answers_as_the_models_own_method_does(client, value):
    answer = client.post("/predict", content=values.encode(value), headers=ARROW)
    assert answer.status_code == 200, answer.text
    rows = len(next(iter(value.values()))) if isinstance(value, dict) else len(value)
    assert_same(values.decode(answer.content), np.zeros(rows, dtype="int64"))


@pytest.mark.parametrize(
    ("method", "check"),
    [
        ("predict_proba", lambda answer: answer.shape == (2, 3) and answer.dtype == np.float64),
        ("decision_function", lambda answer: answer.shape == (2, 3)),
        ("predict_log_proba", lambda answer: (answer <= 0).all()),
    ],
)
def test_any_method_of_the_model(start, zoo, method, check):
    running = start(zoo / "iris", method=method)
    with running.client() as client:
        answer = client.post("/predict", content=values.encode(pd.DataFrame([ROW] * 2, columns=NAMES)), headers=ARROW)
        assert check(values.decode(answer.content))
        assert np.shape(client.post("/invocations", json=BODY).json()["predictions"]) == (1, 3)
        assert client.get("/").json()["method"] == method
        assert client.post("/invocations", json={"inputs": [ROW]}).status_code == 400


def test_arrow_refuses_other_media_types_and_broken_streams(client):
    assert client.post("/predict", json=BODY).status_code == 415
    assert client.post("/predict", content=b"ARROW", headers=ARROW).status_code == 400
    whole = values.encode(pd.DataFrame([ROW], columns=NAMES))
    assert client.post("/predict", content=whole[:-40], headers=ARROW).status_code in (200, 400)


def test_code_that_travels_with_the_model(start, zoo):
    with start(zoo / "code").client() as client:
        answer = client.post("/invocations", json={"dataframe_split": {"columns": NAMES, "data": [[1, 2, 3, 4]]}})
        assert answer.json() == {"predictions": [[2.0, 4.0, 6.0, 8.0]]}


def test_a_parquet_file_that_unpacks_to_too_much_is_refused(client):
    table = io.BytesIO()
    pd.DataFrame({name: np.zeros(2_000_000) for name in NAMES}).to_parquet(table, compression="zstd")
    assert len(table.getvalue()) < 200_000
    answer = client.post("/invocations", content=table.getvalue(), headers={"content-type": "application/vnd.apache.parquet"})
    assert answer.status_code == 413


def test_the_log_rotates_by_size(tmp_path):
    from mdeploy_lab.runtime.logs import JsonLog

    log = JsonLog(tmp_path / "x.jsonl", max_bytes=2000, keep=2)
    for i in range(100):
        log.write(f"line {i}")
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["x.jsonl", "x.jsonl.1", "x.jsonl.2"]
    assert all(path.stat().st_size <= 2000 for path in tmp_path.iterdir())
    last = json.loads((tmp_path / "x.jsonl").read_text().splitlines()[-1])
    assert last["message"] == "line 99"


def test_a_full_disk_loses_lines_and_no_requests(tmp_path):
    from mdeploy_lab.runtime.logs import JsonLog

    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    log = JsonLog("/dev/full")
    log.write("x")
    assert log.lost == 1


def test_many_at_once_get_their_own_answers(start, zoo):
    running = start(zoo / "slow")
    wrong: list[object] = []

    def call(i: int) -> None:
        with running.client() as client:
            for k in range(10):
                seconds = (i * 10 + k) / 100_000
                answer = client.post("/invocations", json=one(seconds), headers={"x-request-id": f"{i}-{k}"})
                if answer.json() != {"predictions": [seconds]} or answer.headers["x-request-id"] != f"{i}-{k}":
                    wrong.append(answer.text)

    threads = [threading.Thread(target=call, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong
    end = time.monotonic() + 5
    while sum(line["stream"] == "access" for line in running.log()) < 160:
        assert time.monotonic() < end
        time.sleep(0.01)
