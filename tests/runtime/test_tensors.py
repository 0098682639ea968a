"""Named tensors by the short way are what they are by the long one."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from mlflow.models.utils import _enforce_schema
from mlflow.types import ColSpec, Schema, TensorSpec

from mdeploy_lab.runtime.problems import BadInput
from mdeploy_lab.runtime.readers import MixedReader, Reader, TensorReader
from mdeploy_lab.runtime.tensor_plan import read_matrix
from mdeploy_lab.runtime.tensors import call_for, inputs_for

FLOATS = {
    "a": np.array([1.5, -2.0]),
    "b": np.array([3, 4], dtype="i8"),
    "c": np.array([[0.5], [np.nan]], dtype="f4"),
}
WORDS = np.array([b"x", "ä".encode()], dtype=object)
TABLES = {
    "doubles": (["double"] * 3, FLOATS),
    "doubles in another order": (["double"] * 3, dict(reversed(FLOATS.items()))),
    "a matrix": (["double"] * 3, {"rows": np.arange(6, dtype="f4").reshape(2, 3)}),
    "floats": (["float"] * 2, {"a": np.array([1, 2], dtype="f4"), "b": np.array([3, 4], dtype="f4")}),
    "longs": (["long"] * 2, {"a": np.array([1, 2]), "b": np.array([2**62, -(2**62)])}),
    "one column": (["double"], {"other name": np.array([[1.0], [2.0]])}),
    "one named column": (["double"], {"a": np.array([1.0, 2.0])}),
    "mixed": (
        ["double", "string", "boolean", "integer"],
        {
            "a": np.array([1, 2], dtype="u1"),
            "b": WORDS,
            "c": np.array([True, False]),
            "d": np.array([1, 2], dtype="i4"),
        },
    ),
    "words": (["string", "string"], {"a": WORDS, "b": np.array([["text"], [""]], dtype=object)}),
}


def schema_of(kinds):
    return Schema([ColSpec(kind, name) for kind, name in zip(kinds, "abcd", strict=False)])


def reader_of(kinds):
    names, known = "abcd"[: len(kinds)], {"double": "float64", "float": "float32", "long": "int64", "integer": "int32"}
    dtypes = [{**known, "string": "str", "boolean": "bool"}[kind] for kind in kinds]
    plain = len(set(kinds)) == 1 and kinds[0] in known
    return Reader(names, dtypes[0]) if plain else MixedReader(names, dtypes)


def model_of(schema, reader=None):
    plan = SimpleNamespace(reader=reader) if reader is not None else None
    return SimpleNamespace(input_schema=schema, plan=plan, pyfunc=SimpleNamespace(loader_module="mlflow.sklearn"))


@pytest.mark.parametrize("name", TABLES)
def test_both_ways_make_the_same_table(name):
    kinds, tensors = TABLES[name]
    schema, reader = schema_of(kinds), reader_of(kinds)
    matrix = read_matrix(tensors, reader)
    assert matrix is not None
    long = _enforce_schema(inputs_for(tensors, model_of(schema)), schema)
    pd.testing.assert_frame_equal(reader.frame(matrix), long, check_dtype="string" not in kinds)
    assert [type(value) for value in reader.frame(matrix).iloc[0]] == [type(value) for value in long.iloc[0]]


@pytest.mark.parametrize(
    ("kinds", "tensors"),
    [
        (["double"] * 2, {"a": np.array([1.0])}),
        (["double"] * 2, {"a": np.array([1.0]), "x": np.array([1.0])}),
        (["double"] * 2, {"a": np.array([1.0]), "b": np.array([1.0, 2.0])}),
        (["double"] * 2, {"a": np.array([[1.0, 2.0]]), "b": np.array([1.0, 2.0])}),
        (["double"] * 2, {"a": np.array([], dtype="f8"), "b": np.array([], dtype="f8")}),
        (["double"] * 2, {"a": np.array([np.inf]), "b": np.array([1.0])}),
        (["double"] * 2, {"a": np.array(["1"], dtype=object), "b": np.array([1.0])}),
        (["double"] * 2, {"a": np.array([[1.0, 2.0]])}),
        (["long"], {"a": np.array([1.0])}),
        (["integer"], {"a": np.array([2**40])}),
        (["float"], {"a": np.array([1e300])}),
        (["double", "string"], {"a": np.array([1.0]), "b": np.array([1.0])}),
        (["double", "string"], {"a": np.array([1.0]), "b": np.array([b"\xff"], dtype=object)}),
        (["double", "boolean"], {"a": np.array([1.0]), "b": np.array([1])}),
    ],
    ids=str,
)
def test_what_is_not_plain_goes_the_long_way(kinds, tensors):
    assert read_matrix(tensors, reader_of(kinds)) is None


def test_a_tensor_is_taken_as_it_is():
    reader, schema = TensorReader((-1, 2, 2), "float32"), Schema([TensorSpec(np.dtype("float32"), (-1, 2, 2))])
    tensor = np.frombuffer(np.ones(8, dtype="f4").tobytes(), dtype="f4").reshape(2, 2, 2)
    call = call_for({"x": tensor}, model_of(schema, reader), None, None)
    assert call.matrix is tensor
    for other in (tensor.astype("f8"), tensor[:, :1], tensor[:0]):
        assert read_matrix({"x": other}, reader) is None


@pytest.mark.parametrize("loader", ["mlflow.pyfunc.model", "mlflow.pyfunc.loaders.code_model", "my.loader"])
def test_a_users_own_code_may_write_into_what_it_gets(loader):
    model = model_of(Schema([TensorSpec(np.dtype("float32"), (-1,))]))
    model.pyfunc.loader_module = loader
    tensor = np.frombuffer(b"\x00\x00\x80\x3f", dtype="f4")
    assert not tensor.flags.writeable
    assert inputs_for({"x": tensor}, model).flags.writeable


def test_values_that_are_not_aligned_are_copied():
    tensor = np.frombuffer(b"\x00" + np.ones(2, dtype="f8").tobytes(), dtype="f8", offset=1)
    assert not tensor.flags.aligned
    assert inputs_for({"x": tensor}, model_of(None)).flags.aligned


def test_a_type_that_loses_something_is_refused():
    with pytest.raises(BadInput, match="'a' must be INT64"):
        inputs_for({"a": np.array([1.5])}, model_of(schema_of(["long"])))
