"""Bodies from a generator: whatever comes in, no 5xx goes out, and the replica lives."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdeploy_lab import values

NAMES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(10**400)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from([*NAMES, "x", ""]), inner, max_size=5),
    max_leaves=12,
)
ROWS = st.lists(st.lists(SCALARS, min_size=3, max_size=5) | ANYTHING, max_size=4)
SPLIT = st.fixed_dictionaries(
    {"data": ROWS}, optional={"columns": st.just(NAMES) | st.lists(SCALARS, max_size=5), "index": ANYTHING, "x": ANYTHING}
)
BODIES = st.dictionaries(
    st.sampled_from(["dataframe_split", "dataframe_records", "instances", "inputs", "params", "messages", "other"]),
    SPLIT | ROWS | ANYTHING,
    min_size=1,
    max_size=2,
)
TENSORS = st.fixed_dictionaries(
    {
        "name": st.sampled_from([*NAMES, "input-0", "age"]) | ANYTHING,
        "shape": st.lists(st.integers(-1, 4), max_size=3) | ANYTHING,
        "datatype": st.sampled_from(["FP64", "FP32", "INT64", "INT8", "BOOL", "BYTES", "UINT64", "FP16"]) | ANYTHING,
        "data": st.lists(SCALARS, max_size=4) | ANYTHING,
    },
    optional={"parameters": ANYTHING},
)
OIP = st.fixed_dictionaries(
    {"inputs": st.lists(TENSORS | ANYTHING, max_size=4)}, optional={"id": ANYTHING, "outputs": ANYTHING}
)


@pytest.fixture(scope="module", params=["iris", "mixed", "tensor", "nosig"])
def client(request, start_for_module, zoo):
    with start_for_module(zoo / request.param).client() as made:
        yield made


def _check(answer) -> None:
    assert answer.status_code < 500 or answer.status_code == 501, answer.text
    assert answer.status_code == 200 or answer.json()["message"]


@FUZZ
@given(body=BODIES)
def test_invocations(client, body):
    _check(client.post("/invocations", content=json.dumps(body).encode()))


@FUZZ
@given(
    body=st.binary(max_size=200), kind=st.sampled_from(["text/csv", "application/json", "application/vnd.apache.parquet", "x"])
)
def test_bytes(client, body, kind):
    _check(client.post("/invocations", content=body, headers={"content-type": kind}))


@FUZZ
@given(body=OIP)
def test_open_inference(client, body):
    _check(client.post("/v2/models/iris/infer", content=json.dumps(body).encode()))


@FUZZ
@given(value=ANYTHING)
def test_arrow(client, value):
    _check(client.post("/predict", content=values.encode(value), headers={"content-type": values.MEDIA_TYPE}))
