"""What the interface asks of the back end: a description for forms, answers of any size, logs of every replica, comparisons."""

from __future__ import annotations

import base64
import json
import textwrap
import threading
import time
from pathlib import Path

import mlflow
import numpy as np
import pytest
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.types.schema import Array

from mdeploy_lab import values
from mdeploy_lab.errors import AnswerNotFound, InvalidInput, NotServing, RevisionNotFound
from mdeploy_lab.registry.backend import home_uri
from tests.e2e.bystander import busy
from tests.e2e.census import of_kind, until
from tests.e2e.conftest import engine

pytestmark = pytest.mark.timeout(240)

BODY = """
    def predict(self, context, model_input, params=None):
        if not isinstance(model_input, dict):
            size = int(model_input["size"][0])
            print("y" * size if size > 2_000_000 else f"asked for {size}")
            return ["x" * size]
        return {
            "rows": np.array([len(value) for value in model_input.values()]),
            "sum": np.array([sum(float(np.sum(value)) for value in model_input.values())]),
        }
"""
SIZES = ModelSignature(inputs=Schema([ColSpec(DataType.long, "size")]), outputs=Schema([ColSpec(DataType.string)]))
NAMED = ModelSignature(
    inputs=Schema([TensorSpec(np.dtype("float32"), (-1, 2), "image"), TensorSpec(np.dtype("int64"), (-1,), "mask")]),
    outputs=Schema([TensorSpec(np.dtype("int64"), (-1,), "rows"), TensorSpec(np.dtype("float64"), (-1,), "sum")]),
)
NESTED = ModelSignature(inputs=Schema([ColSpec(Array(DataType.string), "tags"), ColSpec(DataType.long, "age", required=False)]))


@pytest.fixture(scope="module")
def save(tmp_path_factory):
    """Save a model that answers with as much as it is asked for, or with named outputs."""
    root = tmp_path_factory.mktemp("saved")
    code = root / "model.py"
    head = "from mlflow.pyfunc import PythonModel\nfrom mlflow.models import set_model\nimport numpy as np\nclass M(PythonModel):\n"
    code.write_text(head + textwrap.dedent(BODY).replace("\n", "\n    ") + "\nset_model(M())\n")

    def save(name: str, signature: ModelSignature | None) -> str:
        path = root / name
        mlflow.pyfunc.save_model(path, python_model=str(code), signature=signature, pip_requirements=["mlflow"])
        return str(path)

    return save


@pytest.fixture(scope="module")
def iris_deployed(client, models, iris):
    made = client.deploy(models[0], name="iris", input_example=iris[0].head(12), timeout=100)
    made.update(model=models[1], input_example=iris[0].head(12), message="shallow", timeout=100)
    return made


@pytest.fixture(scope="module")
def sizes(client, save):
    return client.deploy(save("sizes", SIZES), name="sizes", timeout=100)


@pytest.fixture(scope="module")
def http(home, client):
    client.info()
    with engine(home) as made:
        yield made


def test_the_description_is_of_the_revision_that_serves_or_of_the_one_asked_for(iris_deployed, iris):
    about = iris_deployed.describe()
    assert about.revision == 2
    assert about.url == iris_deployed.url
    assert [f.name for f in about.signature.inputs] == list(iris[0].columns)
    assert about.example.rows[0] == tuple(iris[0].iloc[0])
    assert "sepal length (cm)" in repr(about)
    with pytest.raises(RevisionNotFound):
        iris_deployed.describe(revision=9)


def test_every_example_can_be_sent_as_it_is(iris_deployed):
    for dialect in iris_deployed.describe().dialects:
        if not dialect.binary:
            assert iris_deployed.query(dialect.example, dialect=dialect.name).status == 200
            assert "5.1" in dialect.example, "a real row"


def test_named_inputs_and_outputs(client, save):
    made = client.deploy(save("named", NAMED), name="named", timeout=100)
    about = made.describe()
    assert about.signature.multi_io
    assert {f.name: (f.type.dtype, f.type.shape) for f in about.signature.inputs} == {
        "image": ("float32", (-1, 2)),
        "mask": ("int64", (-1,)),
    }
    assert [f.name for f in about.signature.outputs] == ["rows", "sum"]
    assert {d.name for d in about.dialects if d.multi_io and not d.binary} >= {"invocations", "oip"}
    answer = made.query({"inputs": {"image": [[1, 2], [3, 4]], "mask": [1]}})
    assert answer.body == {"predictions": {"rows": [2, 1], "sum": [11.0]}}
    tensors = [
        {"name": "image", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]},
        {"name": "mask", "datatype": "INT64", "shape": [3], "data": [1, 0, 1]},
    ]
    answer = made.query({"inputs": tensors}, dialect="oip")
    assert {o["name"]: o["data"] for o in answer.body["outputs"]} == {"rows": [1, 3], "sum": [5.0]}
    made.stop()


def test_lists_in_columns_are_types_and_the_dialect_that_cannot_carry_them_says_so(client, save):
    made = client.deploy(save("nested", NESTED), name="nested", timeout=100)
    about = made.describe()
    tags, age = about.signature.inputs
    assert (tags.type.kind, tags.type.items.kind, tags.required) == ("array", "string", True)
    assert (age.type.kind, age.required, age.nullable) == ("long", False, False)
    oip = next(d for d in about.dialects if d.name == "oip")
    assert "tags" in oip.note
    assert oip.example == ""
    made.stop()


def test_a_model_without_signature_says_so(client, save):
    made = client.deploy(save("bare", None), name="bare", timeout=100)
    about = made.describe()
    assert about.signature is None
    assert about.example is None
    assert "no signature" in repr(about)
    made.stop()
    with pytest.raises(NotServing, match="stopped"):
        made.describe()


def test_an_answer_says_who_gave_it_and_how_large_it_is(iris_deployed, iris):
    answer = iris_deployed.query({"inputs": iris[0].head(2).to_dict("list")})
    (replica,) = iris_deployed.replicas()
    assert (answer.replica, answer.revision, answer.content_type) == (replica.id, 2, "application/json")
    assert answer.size == len(json.dumps(answer.body, separators=(",", ":")))
    assert not answer.truncated


def test_bytes_go_in_and_out(iris_deployed, iris, http):
    body = values.encode(iris[0].head(3))
    answer = iris_deployed.query(body, dialect="arrow", content_type=values.MEDIA_TYPE)
    assert answer.status == 200
    assert list(values.decode(base64.b64decode(answer.body_base64))) == [0, 0, 0]
    wrong = http.post("/deployments/iris/predict", json={"body_base64": "no base64!"})
    assert wrong.status_code == 422
    assert "body_base64" in wrong.json()["details"]["fields"]
    with pytest.raises(InvalidInput, match="no dialect"):
        iris_deployed.query({}, dialect="telepathy")


def resident(pid: int) -> int:
    """Return the resident memory of a process in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) * 1024


def test_an_answer_of_50_mb_is_cut_kept_and_downloaded_and_blocks_nobody(home, http, sizes):
    (pid,) = of_kind(home, "engine")
    before = resident(pid)
    slowest = 0.0
    done = threading.Event()

    def look() -> None:
        nonlocal slowest
        with engine(home) as other:
            while not done.is_set():
                begun = time.perf_counter()
                other.get("/ids/free")
                slowest = max(slowest, time.perf_counter() - begun)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        answer = sizes.query({"inputs": {"size": [50_000_000]}})
    finally:
        done.set()
        watcher.join()
    assert answer.truncated
    assert answer.size > 50_000_000
    assert len(answer.text) == 1_000_000
    assert resident(pid) - before < 30_000_000
    assert slowest < 1.0 * busy()
    asked = len([line for line in sizes.logs() if line.stream == "access"])
    got = http.get(f"/deployments/sizes/answers/{answer.answer}")
    assert got.headers["content-disposition"] == 'attachment; filename="sizes-answer.json"'
    assert got.headers["content-type"] == "application/json"
    assert len(got.content) == answer.size
    assert sizes.answer(answer) == got.content
    assert len([line for line in sizes.logs() if line.stream == "access"]) == asked, "the model was not asked again"
    with pytest.raises(AnswerNotFound):
        sizes.answer(answer.model_copy(update={"answer": "guessed"}))


def test_a_line_of_10_mb_is_cut_where_it_is_shown_and_says_by_how_much(sizes, http):
    sizes.query({"inputs": {"size": [10_000_000]}})

    def long_lines() -> list[tuple[int, int]]:
        return [(len(line.message), line.left_out) for line in sizes.logs(tail=20)]

    until("the line", lambda: (32_000, 10_000_000 - 32_000) in long_lines(), 30)
    whole = http.get("/deployments/sizes/logs", params={"download": "true"})
    assert whole.headers["content-disposition"] == 'attachment; filename="sizes.log"'
    assert "y" * 1_000_000 + " … 9000000 characters left out" in whole.text


def test_logs_are_kept_and_downloaded_by_replica_also_of_those_that_exited(iris_deployed, http):
    found = {r.revision: r for r in iris_deployed.log_replicas()}
    assert (found[1].live, found[2].live) == (False, True)
    assert found[1].bytes > 0
    assert found[1].first <= found[1].last
    one = http.get("/deployments/iris/logs", params={"download": "true", "replica": found[1].replica})
    assert one.headers["content-disposition"] == f'attachment; filename="iris-{found[1].replica}.log"'
    assert {line.split("[", 1)[1].split("]")[0] for line in one.text.splitlines() if line[:2] == "20"} == {found[1].replica}
    refused = http.get("/deployments/iris/logs", params={"download": "true", "follow": "true"})
    assert refused.status_code == 422
    everything = http.get("/deployments/iris/logs", params={"tail": 1_000_000}).text
    assert found[1].replica in everything
    assert found[2].replica in everything


def test_two_revisions_are_compared_model_against_model(iris_deployed):
    found = iris_deployed.diff(1, 2)
    assert "model.uri" in {c.path for c in found.changes}
    assert found.model is not None
    assert {c.path.partition(".")[0] for c in found.model} <= {
        "metrics",
        "params",
        "tags",
        "signature",
        "flavors",
        "requirements",
    }
    entries = iris_deployed.diff(1, 2, of="history")
    assert "template.model.uri" in {c.path for c in entries.changes}
    with pytest.raises(RevisionNotFound):
        iris_deployed.diff(1, 99, of="history")


def test_metrics_parameters_and_the_signature_are_compared(client, models, iris, home, tmp_path):
    uri = f"sqlite:///{tmp_path}/registry.db"
    x, y = iris
    registry = mlflow.MlflowClient(uri)
    experiment = registry.create_experiment("e", artifact_location=str(tmp_path / "artifacts"))
    registry.create_registered_model("compared")
    for number, (model, rows) in enumerate([(models[0], x), (models[1], x.iloc[:, :3])]):
        run = registry.create_run(experiment)
        registry.log_metric(run.info.run_id, "auc", 0.8 + number / 10)
        registry.log_param(run.info.run_id, "depth", str(number))
        path = tmp_path / f"m{number}"
        signature = mlflow.models.infer_signature(rows, y)
        kept = [f"scikit-learn==1.{number}", "mlflow"]
        mlflow.sklearn.save_model(model, path, signature=signature, pip_requirements=kept, serialization_format="cloudpickle")
        registry.create_model_version("compared", str(path), run_id=run.info.run_id)
    source = {"uri": "models:/compared/1", "tracking_uri": uri}
    with engine(home) as http:
        assert http.post("/deployments", json={"name": "cmp", "model": source, "stopped": True}).status_code == 201
        assert http.patch("/deployments/cmp", json={"model": {**source, "uri": "models:/compared/2"}}).status_code == 200
    found = {c.path: (c.old, c.new) for c in client.get("cmp").diff(1, 2).model}
    assert found["metrics.auc"] == (0.8, 0.9)
    assert found["params.depth"] == ("0", "1")
    assert found["signature.inputs.petal width (cm)"] == ("double", None)
    assert found["requirements.scikit-learn"] == ("==1.0", "==1.1")
    (tmp_path / "registry.db").rename(tmp_path / "elsewhere.db")
    away = client.get("cmp").diff(1, 2)
    assert away.model is None
    assert "cannot be compared" in away.note
    assert away.changes


def test_what_was_logged_to_deployed_objects_is_compared(iris_deployed, home):
    registry = mlflow.MlflowClient(home_uri(home), home_uri(home))
    for version, family in (("1", "linear"), ("2", "trees")):
        source = registry.get_model_version(iris_deployed.spec.template.model.name, version).source
        registry.log_model_params(Path(source).parent.name, {"family": family})
    found = {c.path: (c.old, c.new) for c in iris_deployed.diff(1, 2).model}
    assert found["params.family"] == ("linear", "trees")


def test_versions_have_what_a_picker_shows(client, iris_deployed, http):
    name = client.get("iris").spec.template.model.name
    newest, first = client.versions(name)
    assert (newest.version, first.version) == ("2", "1")
    one = client.version(name, "1")
    assert [f.type.kind for f in one.signature.inputs] == ["double"] * 4
    assert "sklearn" in one.flavors
    answer = http.get("/models", params={"search": "IRI"}).json()
    assert [m["name"] for m in answer["models"]] == [name]
    assert answer["registry"]["origin"] == "home"
    assert http.get("/models", params={"search": "nothing like it"}).json()["models"] == []
    missing = http.get(f"/models/{name}/versions/77")
    assert (missing.status_code, missing.json()["code"]) == (404, "model_not_found")


def test_each_phase_of_a_start_has_its_duration_and_is_pushed_while_it_runs(home, http, iris_deployed):
    iris_deployed.stop()
    seen: list[list[dict]] = []
    ready = threading.Event()

    def listen() -> None:
        with engine(home) as other, other.stream("GET", "/events", params={"id": "iris"}) as stream:
            for line in stream.iter_lines():
                change = json.loads(line)
                if change["topic"] == "hello":
                    ready.set()
                if change["topic"] == "deployment":
                    seen.append(change["deployment"]["status"]["timeline"])
                    if change["deployment"]["status"]["state"] == "deployed":
                        return

    listener = threading.Thread(target=listen)
    listener.start()
    assert ready.wait(10)
    iris_deployed.start()
    listener.join(30)
    phases = {p.name: p.seconds for p in iris_deployed.refresh().status.timeline}
    assert set(phases) == {"environment", "download", "load", "warm-up", "ready"}
    assert all(seconds is not None for seconds in phases.values())
    running = {p["name"] for timeline in seen for p in timeline if p["seconds"] is None}
    assert running, "progress comes while it starts"
