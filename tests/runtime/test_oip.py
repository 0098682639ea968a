"""The Open Inference Protocol over JSON."""

from __future__ import annotations

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
        ({"inputs": [{**tensor(), "parameters": {"binary_data_size": 3}}]}, 501, None),
        ({"inputs": [{"name": "a", "shape": [1], "datatype": "FP64"}]}, 400, "a"),
        ({"id": 7, "inputs": COLUMNS}, 400, "id"),
        ({"inputs": [tensor(data=[None, 1, 2, 3])]}, 400, NAMES[0]),
    ],
    ids=str,
)
def test_refusals_name_the_field(clients, body, status, field):
    answer = clients["iris"].post(INFER, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"] == answer.json()["message"]
    assert answer.json()["details"].get("field") == field


def test_the_binary_extension_is_refused_clearly(clients):
    answer = clients["iris"].post(INFER, content=b"{}", headers={"inference-header-content-length": "2"})
    assert answer.status_code == 501
    assert "binary tensor" in answer.json()["error"]


def test_get_infer_is_405(clients):
    answer = clients["iris"].get(INFER)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
