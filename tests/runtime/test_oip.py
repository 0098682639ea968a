"""The Open Inference Protocol over JSON."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

NAMES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
ROW = [5.1, 3.5, 1.4, 0.2]
INFER = "/v2/models/iris/infer"


@pytest.fixture(scope="module")
def clients(start_for_module, zoo):
    made = {model: start_for_module(zoo / model).client() for model in ("iris", "tensor", "mixed", "nosig", "caller")}
    yield made
    for client in made.values():
        client.close()


def tensor(name="input-0", shape=(1, 4), datatype="FP64", data=None, **more):
    return {"name": name, "shape": list(shape), "datatype": datatype, "data": ROW if data is None else data, **more}


COLUMNS = [tensor(name, [1], data=[value]) for name, value in zip(NAMES, ROW, strict=True)]


def test_server_and_health(clients):
    client = clients["iris"]
    assert client.get("/v2").json()["name"] == "mdeploy"
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}


@pytest.mark.parametrize("path", ["/v2/models/iris", "/v2/models/iris/versions/3", "/v2/models/iris%20model"])
def test_metadata_comes_from_the_signature(clients, path):
    found = clients["iris"].get(path).json()
    assert found["name"] == "iris"
    assert found["versions"] == ["3"]
    assert found["platform"] == "mlflow_sklearn"
    assert found["inputs"][0] == {"name": NAMES[0], "datatype": "FP64", "shape": [-1]}
    assert found["outputs"] == [{"name": "output-0", "datatype": "INT64", "shape": [-1]}]


def test_metadata_of_a_tensor(clients):
    assert clients["tensor"].get("/v2/models/iris").json()["inputs"] == [
        {"name": "input-0", "datatype": "FP64", "shape": [-1, 4]}
    ]


@pytest.mark.parametrize("path", ["/v2/models/other", "/v2/models/iris/versions/9", "/v2/models/other/infer"])
def test_other_names_and_versions_are_404(clients, path):
    client = clients["iris"]
    answer = client.post(path, json={"inputs": COLUMNS}) if path.endswith("infer") else client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]


@pytest.mark.parametrize("path", [INFER, "/v2/models/iris/versions/3/infer"])
@pytest.mark.parametrize(
    "inputs",
    [
        COLUMNS,
        COLUMNS[::-1],
        [tensor(c["name"], [1, 1], data=c["data"]) for c in COLUMNS],
        [tensor(c["name"], [1], "FP32", c["data"]) for c in COLUMNS],
        [tensor(c["name"], [1], "INT64", [int(c["data"][0])]) for c in COLUMNS],
        [tensor()],
        [tensor(data=[ROW])],
        [tensor(datatype="FP32")],
    ],
    ids=["columns", "re-ordered", "of shape n,1", "FP32", "INT64", "matrix", "nested", "FP32 matrix"],
)
def test_inference_by_column_and_by_matrix(clients, path, inputs):
    answer = clients["iris"].post(path, json={"id": "7", "inputs": inputs})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "model_name": "iris",
        "model_version": "3",
        "id": "7",
        "outputs": [{"name": "output-0", "datatype": "INT64", "shape": [1], "data": [0]}],
    }


@pytest.mark.parametrize("model", ["tensor", "nosig"])
def test_inference_with_tensors(clients, model):
    answer = clients[model].post(INFER, json={"inputs": [tensor(shape=[2, 4], data=[ROW, ROW])]})
    assert answer.json()["outputs"][0]["data"] == [0, 0]


def test_types_of_columns(clients):
    inputs = [
        tensor("age", [2], "INT64", [30, 40]),
        tensor("income", [2], "FP64", [1.5, None]),
        tensor("flag", [2], "BOOL", [True, False]),
    ]
    assert clients["mixed"].post(INFER, json={"inputs": inputs}).status_code == 200
    inputs[0] = tensor("age", [2], "FP64", [30.5, 40])
    answer = clients["mixed"].post(INFER, json={"inputs": inputs})
    assert answer.status_code == 400
    assert answer.json()["details"]["expected"] == "INT64 (long)"


def test_parameters_reach_the_model(clients):
    body = {"inputs": [tensor("x", [1], data=[1.0])], "parameters": {"temperature": 2.5}}
    outputs = {o["name"]: o for o in clients["caller"].post(INFER, json=body).json().get("outputs", [])}
    assert not outputs or outputs["params"]


def test_outputs_can_be_chosen(clients):
    body = {"inputs": COLUMNS, "outputs": [{"name": "output-0"}]}
    assert clients["iris"].post(INFER, json=body).status_code == 200
    answer = clients["iris"].post(INFER, json={**body, "outputs": [{"name": "scores"}]})
    assert answer.status_code == 400
    assert "output-0" in answer.json()["hint"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "inputs"),
        ({"inputs": []}, 400, "inputs"),
        ({"inputs": [1]}, 400, "inputs"),
        ({"inputs": [{"shape": [1]}]}, 400, "inputs"),
        ({"inputs": [tensor(datatype="FP128")]}, 400, "input-0"),
        ({"inputs": [tensor(shape=[1, 5])]}, 400, "input-0"),
        ({"inputs": [tensor(shape=[-1, 4])]}, 400, "input-0"),
        ({"inputs": [tensor(data=["a", 1, 2, 3])]}, 400, "input-0"),
        ({"inputs": [tensor(datatype="INT8", data=[1000, 1, 2, 3])]}, 400, "input-0"),
        ({"inputs": [tensor(), tensor()]}, 400, "input-0"),
        ({"inputs": [*COLUMNS, tensor("more", [1], data=[1])]}, 400, "more"),
        ({"inputs": COLUMNS[1:]}, 400, NAMES[0]),
        ({"inputs": [{**tensor(), "parameters": {"binary_data_size": 3}}]}, 400, "input-0"),
        ({"inputs": [{**tensor(), "parameters": {"shared_memory_region": "a"}}]}, 501, "shared_memory_region"),
        ({"inputs": COLUMNS, "outputs": [{"name": "output-0", "parameters": {"classification": 1}}]}, 501, "classification"),
        ({"inputs": [{"name": "a", "shape": [1], "datatype": "FP64"}]}, 400, "a"),
        ({"id": 7, "inputs": COLUMNS}, 400, "id"),
        ({"inputs": [tensor(data=[None, 1, 2, 3])]}, 400, NAMES[0]),
    ],
    ids=str,
)
def test_refusals_name_the_field(clients, body, status, field):
    answer = clients["iris"].post(INFER, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"].startswith(answer.json()["message"])
    assert answer.json()["details"].get("field") == field


def binary(head, *parts):
    """A body of the binary extension with its headers."""
    text = json.dumps(head).encode()
    return {"content": b"".join([text, *parts]), "headers": {"inference-header-content-length": str(len(text))}}


def raw(name="input-0", shape=(1, 4), datatype="FP64", size=32):
    return {"name": name, "shape": list(shape), "datatype": datatype, "parameters": {"binary_data_size": size}}


BYTES_OF_ROW = np.array(ROW).tobytes()


@pytest.mark.parametrize(
    ("head", "expected"),
    [({}, "json"), ({"parameters": {"binary_data_output": True}}, "raw"), ({"outputs": [{"name": "output-0"}]}, "json")],
)
def test_raw_inputs_get_the_outputs_as_they_ask(clients, head, expected):
    answer = clients["iris"].post(INFER, **binary({"inputs": [raw()], **head}, BYTES_OF_ROW))
    assert answer.status_code == 200, answer.text
    if expected == "json":
        assert answer.json()["outputs"][0]["data"] == [0]
        return
    length = int(answer.headers["inference-header-content-length"])
    assert answer.headers["content-type"] == "application/octet-stream"
    (output,) = json.loads(answer.content[:length])["outputs"]
    assert output == {"name": "output-0", "datatype": "INT64", "shape": [1], "parameters": {"binary_data_size": 8}}
    assert answer.content[length:] == bytes(8)


def test_raw_and_json_inputs_in_one_request(clients):
    one = raw(NAMES[0], [1], size=8)
    answer = clients["iris"].post(INFER, **binary({"inputs": [COLUMNS[1], one, *COLUMNS[2:]]}, BYTES_OF_ROW[:8]))
    assert answer.json()["outputs"][0]["data"] == [0]


def test_a_body_without_json_is_the_one_input(clients):
    answer = clients["tensor"].post(INFER, content=BYTES_OF_ROW * 2, headers={"inference-header-content-length": "0"})
    length = int(answer.headers["inference-header-content-length"])
    assert json.loads(answer.content[:length])["outputs"][0]["shape"] == [2]
    refused = clients["iris"].post(INFER, content=BYTES_OF_ROW, headers={"inference-header-content-length": "0"})
    assert refused.status_code == 400


@pytest.mark.parametrize(
    ("inputs", "data", "length"),
    [
        ([raw(size=33)], BYTES_OF_ROW, None),
        ([raw(size=24)], BYTES_OF_ROW[:24], None),
        ([raw(size=-1)], b"", None),
        ([raw(size="32")], BYTES_OF_ROW, None),
        ([raw()], BYTES_OF_ROW * 2, None),
        ([raw(datatype="BYTES")], BYTES_OF_ROW, None),
        ([raw()], BYTES_OF_ROW, "100000"),
        ([raw()], BYTES_OF_ROW, "-1"),
        ([raw()], BYTES_OF_ROW, "x"),
    ],
    ids=[
        "more than is there",
        "less than the shape",
        "negative",
        "text",
        "rest",
        "bad BYTES",
        "head too long",
        "below 0",
        "no number",
    ],
)
def test_raw_data_that_does_not_fit_is_refused(clients, inputs, data, length):
    sent = binary({"inputs": inputs}, data)
    if length is not None:
        sent["headers"]["inference-header-content-length"] = length
    assert clients["iris"].post(INFER, **sent).status_code == 400


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (gzip.compress(b'{"inputs": []}'), "br", 415),
        (gzip.compress(b'{"inputs": []}')[:-9], "gzip", 400),
        (b"no gzip", "gzip", 400),
        (gzip.compress(bytes(200_000_000)), "gzip", 413),
    ],
    ids=["unknown", "cut off", "damaged", "bomb"],
)
def test_compression_that_cannot_be_taken_is_refused(clients, body, encoding, status):
    assert clients["iris"].post(INFER, content=body, headers={"content-encoding": encoding}).status_code == status


def test_what_triton_has_besides_is_refused_clearly(clients):
    answer = clients["iris"].get("/v2/models/iris/config")
    assert (answer.status_code, answer.json()["code"]) == (501, "not_supported")


def test_get_infer_is_405(clients):
    answer = clients["iris"].get(INFER)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
