"""Callers of TensorFlow Serving, KServe v1, PrimeHub, Seldon and Foundry get the model's answer in their own form."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_iris

ROWS = load_iris().data.tolist()
NAMES = load_iris(as_frame=True).data.columns.tolist()
RECORD = dict(zip(NAMES, ROWS[0], strict=True))
OTHER = dict(zip(NAMES, ROWS[100], strict=True))
PREDICT = "/v1/models/m:predict"
SELDON = "/api/v1.0/predictions"


@pytest.fixture(scope="module")
def iris(start_for_module, zoo):
    with start_for_module(zoo / "iris").client() as client:
        yield client


@pytest.fixture(scope="module")
def tensor(start_for_module, zoo):
    with start_for_module(zoo / "tensor").client() as client:
        yield client


@pytest.fixture(scope="module")
def nosig(start_for_module, zoo):
    with start_for_module(zoo / "nosig").client() as client:
        yield client


ANSWERS = [
    (PREDICT, {"instances": [ROWS[0], ROWS[100]]}, {"predictions": [0, 2]}),
    (PREDICT, {"instances": [RECORD, OTHER]}, {"predictions": [0, 2]}),
    (PREDICT, {"signature_name": "serving_default", "instances": [RECORD]}, {"predictions": [0]}),
    (PREDICT, {"inputs": {name: [RECORD[name], OTHER[name]] for name in NAMES}}, {"outputs": [0, 2]}),
    (PREDICT, {"inputs": [ROWS[0], ROWS[100]]}, {"outputs": [0, 2]}),
    ("/v1/models/anything/versions/3:predict", {"instances": [ROWS[0]]}, {"predictions": [0]}),
    ("/v1/models/m:classify", {"examples": [RECORD, OTHER]}, {"result": [[["0", 1.0]], [["2", 1.0]]]}),
    ("/v1/models/m:regress", {"context": {NAMES[0]: 5.1}, "examples": [RECORD]}, {"result": [0]}),
    (SELDON, {"data": {"names": NAMES, "ndarray": [ROWS[0]]}}, {"meta": {}, "data": {"names": [], "ndarray": [0]}}),
    (
        SELDON,
        {"data": {"names": NAMES[::-1], "ndarray": [ROWS[100][::-1]]}},
        {"meta": {}, "data": {"names": [], "ndarray": [2]}},
    ),
    (SELDON, {"data": {"ndarray": [ROWS[100]]}}, {"meta": {}, "data": {"names": [], "ndarray": [2]}}),
    ("/api/v0.1/predictions", {"data": {"ndarray": [ROWS[0]]}}, {"meta": {}, "data": {"names": [], "ndarray": [0]}}),
    (
        SELDON,
        {"meta": {"puid": "p1", "tags": {"a": 1}}, "data": {"tensor": {"shape": [2, 4], "values": ROWS[0] + ROWS[100]}}},
        {"meta": {"puid": "p1", "tags": {"a": 1}}, "data": {"names": [], "tensor": {"shape": [2], "values": [0, 2]}}},
    ),
    (SELDON, {"jsonData": RECORD}, {"meta": {}, "jsonData": [0]}),
    (SELDON, {"jsonData": [RECORD, OTHER]}, {"meta": {}, "jsonData": [0, 2]}),
    ("/transform/v2", {"input_df": [RECORD, OTHER]}, {"output_df": [{"prediction": 0}, {"prediction": 2}]}),
    (
        "/foundry-ml-live/api/inference/transform/ri.live.1/v2",
        {"df_in": [RECORD]},
        {"output_df": [{"prediction": 0}]},
    ),
]


@pytest.mark.parametrize(("path", "body", "wanted"), ANSWERS)
def test_each_is_answered_in_its_own_form(iris, path, body, wanted):
    answer = iris.post(path, json=body)
    assert (answer.status_code, answer.json()) == (200, wanted)


@pytest.mark.parametrize("path", ["/transform", "/foundry-ml-live/api/inference/transform/ri.live.1"])
def test_foundrys_single_table(iris, path):
    answer = iris.post(path, json={"requestData": [RECORD, OTHER], "requestParams": {}}).json()
    assert answer == {"modelUuid": "u1", "responseData": [{"prediction": 0}, {"prediction": 2}]}


def test_a_form_is_read_as_its_keys_say(iris, nosig):
    message = '{"data": {"ndarray": [[5.1, 3.5, 1.4, 0.2]]}}'
    for sent in ({"data": {"json": message}}, {"files": {"json": (None, message)}}, {"files": {"data": (None, message[9:-1])}}):
        answer = iris.post(SELDON, **sent)
        assert (answer.status_code, answer.json()["data"]["ndarray"]) == (200, [0])
    assert nosig.post(SELDON, files={"binData": ("x.bin", b"\x00\r\n\xff")}).status_code == 400, "the model wants numbers"


def test_status_and_metadata(iris):
    status = iris.get("/v1/models/m").json()
    assert status["model_version_status"] == [
        {"version": "3", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    ]
    assert (status["name"], status["ready"]) == ("m", True)
    assert iris.get("/v1/models").json() == {"models": ["iris"]}
    assert iris.get("/v1/models/m/versions/9").status_code == 404
    inputs = iris.get("/v1/models/m/metadata").json()["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]
    assert list(inputs) == NAMES
    assert inputs[NAMES[0]]["dtype"] == "DT_DOUBLE"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (PREDICT, {"instances": [ROWS[0][:3]]}, "instances"),
        (PREDICT, {"instances": [{**RECORD, NAMES[1]: "text"}]}, NAMES[1]),
        (PREDICT, {"instances": 3}, "instances"),
        (SELDON, {"data": {"ndarray": [[1, 2]]}}, "data.ndarray"),
        (SELDON, {"data": {"tensor": {"shape": [3, 4], "values": [1.0]}}}, "data.tensor.shape"),
        (SELDON, {"data": 3}, "data"),
        (SELDON, {"binData": "?"}, "binData"),
        ("/transform", {"requestData": {}}, "requestData"),
        ("/transform/v2", {"input_df": [{NAMES[0]: 1.0}]}, NAMES[1]),
    ],
)
def test_what_does_not_fit_names_the_field_and_never_the_data(iris, path, body, field):
    answer = iris.post(path, json=body)
    assert answer.status_code == 400
    said = answer.json()
    assert said["details"]["field"] == field
    assert "text" not in answer.text.replace("context", "") or "text" not in str(body)


def test_errors_come_in_each_dialects_form(iris):
    assert isinstance(iris.post(PREDICT, json={}).json()["error"], str)
    seldon = iris.post(SELDON, json={}).json()["status"]
    assert (seldon["code"], seldon["status"]) == (400, "FAILURE")
    assert iris.post("/transform", json={}).json()["errorCode"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("path", "body", "where"),
    [
        ("/invocations", {"requestData": [RECORD]}, "/transform"),
        ("/invocations", {"data": {"ndarray": [ROWS[0]]}}, "/api/v1.0/predictions"),
        (SELDON, {"instances": [ROWS[0]]}, "/v1/models/m:predict"),
        (PREDICT, {"dataframe_split": {"data": [ROWS[0]]}}, "/invocations"),
        ("/transform", {"input_df": [RECORD]}, "/transform/v2"),
    ],
)
def test_a_body_of_another_dialect_is_sent_there(iris, path, body, where):
    answer = iris.post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["hint"].endswith(f"post it to {where}")


def test_tensors_and_models_without_a_signature(tensor, nosig):
    for client in (tensor, nosig):
        assert client.post(PREDICT, json={"instances": [ROWS[0], ROWS[100]]}).json() == {"predictions": [0, 2]}
        assert client.post(SELDON, json={"data": {"ndarray": [ROWS[100]]}}).json()["data"]["ndarray"] == [2]
        assert client.post("/transform/v2", json={"input_df": [ROWS[0]]}).json() == {"output_df": [{"prediction": 0}]}


def test_parameters_reach_the_model(start, zoo):
    with start(zoo / "params").client() as client:
        body = {"requestData": [{"x": 1.0}], "requestParams": {"temperature": 0.9, "unknown": 1}}
        assert client.post("/transform", json=body).json()["responseData"] == [{"temperature": 0.9}]
        assert client.post("/transform/v2", json={"input_df": [{"x": 1.0}], "temperature": 0.1}).json() == {
            "output_df": [{"temperature": 0.1}]
        }


def test_feedback_is_acknowledged_and_checked(iris):
    message = {"request": {"data": {"ndarray": [ROWS[0]]}}, "response": {"meta": {"puid": "p"}}, "reward": 1.0, "truth": {}}
    answer = iris.post("/api/v1.0/feedback", json=message)
    assert (answer.status_code, answer.json()) == (200, {"meta": {}})
    assert iris.post("/api/v1.0/feedback", json={"reward": "much"}).json()["details"]["field"] == "reward"


@pytest.mark.parametrize("name", ["iris", "tensor", "mixed", "params"])
def test_every_example_that_is_shown_works(start, zoo, name):
    with start(zoo / name).client() as client:
        for dialect in client.get("/").json()["dialects"]:
            if dialect["binary"] or dialect["note"]:
                continue
            answer = client.post(dialect["path"], content=dialect["example"], headers={"content-type": "application/json"})
            assert answer.status_code == 200, (name, dialect["name"], answer.text)
