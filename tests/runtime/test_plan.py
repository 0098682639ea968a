"""The short way of numbers to a model accepts, orders and answers as MLflow does, or leaves it to MLflow."""

from __future__ import annotations

import json
import warnings

import mlflow.sklearn
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow.models import ModelSignature
from mlflow.pyfunc import _enforce_schema
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.utils.proto_json_utils import dataframe_from_parsed_json, parse_tf_serving_input
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from mdeploy_lab.runtime import forests, rowwise
from mdeploy_lab.runtime.loader import ServedModel
from mdeploy_lab.runtime.plan import plan_for
from mdeploy_lab.runtime.readers import DTYPES, MIXED, MixedReader, Reader, TensorReader
from tests.runtime.conftest import make_spec

NAMES = ("a", "b", "c")
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from([0, -0.0, 1e308, 2**31, 2**53 + 1, True, False, None, "1.5", [], {}]),
)
VALUES = {
    "double": st.floats(-1e6, 1e6) | st.integers(-99, 99) | st.none(),
    "float": st.floats(-1e6, 1e6, width=32) | st.integers(-99, 99),
    "long": st.integers(-(2**63), 2**63 - 1),
    "integer": st.integers(-(2**31), 2**31 - 1),
    "string": st.text(max_size=3) | st.sampled_from(["1", "nan", "None", "", "2026-01-01"]),
    "boolean": st.booleans(),
}
COLUMNS = st.permutations([*NAMES, "d"]) | st.permutations(NAMES) | st.lists(st.sampled_from([*NAMES, "d"]), max_size=5)


@st.composite
def documents(draw):
    """Tables that are mostly right: wrong values, ragged rows and missing columns come now and then."""
    columns = draw(COLUMNS)
    clean = draw(st.booleans())
    value = st.integers(-1000, 1000) | st.floats(-1e6, 1e6) if clean else NUMBERS
    rows = draw(st.lists(st.lists(value, min_size=len(columns), max_size=len(columns)), max_size=4))
    if draw(st.booleans()):
        return {"dataframe_records": [dict(zip(columns, row, strict=True)) for row in rows]}
    if rows and not clean and draw(st.booleans()):
        rows[-1] = rows[-1][:-1]
    return {"dataframe_split": {"columns": list(columns), "data": rows}}


def theirs(document, schema):
    """Return what MLflow makes of a document, and enforces."""
    ((form, value),) = document.items()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if form.startswith("dataframe_"):
            return _enforce_schema(dataframe_from_parsed_json(value, pandas_orient=form[10:], schema=schema), schema)
        return _enforce_schema(parse_tf_serving_input(document, schema=schema), schema)


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(document=documents(), kind=st.sampled_from(sorted(DTYPES)))
def test_what_is_read_is_what_mlflow_makes_of_it(document, kind):
    schema = Schema([ColSpec(getattr(DataType, kind), name) for name in NAMES])
    reader = Reader(NAMES, DTYPES[kind])
    found = reader.read(json.loads(json.dumps(document)))
    if found is not None:
        pd.testing.assert_frame_equal(reader.frame(found), theirs(document, schema), check_index_type=False)


@settings(max_examples=600, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data(), kinds=st.lists(st.sampled_from(sorted(MIXED)), min_size=3, max_size=3))
def test_columns_of_several_types_are_what_mlflow_makes_of_them(data, kinds):
    schema = Schema([ColSpec(getattr(DataType, kind), name) for kind, name in zip(kinds, NAMES, strict=True)])
    reader = MixedReader(NAMES, [MIXED[kind] for kind in kinds])
    right = [VALUES[kind] if data.draw(st.integers(0, 9)) else NUMBERS for kind in kinds]
    rows = data.draw(st.lists(st.tuples(*right).map(list), min_size=1, max_size=4))
    order = data.draw(st.permutations(range(3)))
    columns = [NAMES[i] for i in order]
    moved = [[row[i] for i in order] for row in rows]
    split = {"dataframe_split": {"columns": columns, "data": moved}}
    records = {"dataframe_records": [dict(zip(columns, row, strict=True)) for row in moved]}
    for document in (split, records):
        found = reader.read(json.loads(json.dumps(document)))
        if found is not None:
            pd.testing.assert_frame_equal(reader.frame(found), theirs(document, schema), check_index_type=False)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data(), dtype=st.sampled_from(sorted(DTYPES.values())), form=st.sampled_from(["inputs", "instances"]))
def test_a_tensor_is_what_mlflow_makes_of_it(data, dtype, form):
    schema = Schema([TensorSpec(np.dtype(dtype), (-1, 2, 2))])
    value = NUMBERS if data.draw(st.booleans()) else st.integers(-99, 99) | st.floats(-9, 9)
    pairs = st.lists(value, min_size=2, max_size=2 + data.draw(st.integers(0, 1)))
    document = {form: data.draw(st.lists(st.lists(pairs, min_size=2, max_size=2), min_size=1, max_size=3))}
    found = TensorReader((-1, 2, 2), dtype).read(json.loads(json.dumps(document)))
    if found is not None:
        expected = theirs(document, schema)
        assert expected.dtype == found.dtype
        assert np.array_equal(expected, found, equal_nan=True)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.lists(st.floats(-1e9, 1e9) | st.integers(-99, 99), min_size=3, max_size=3), min_size=1, max_size=5))
def test_plain_numbers_go_the_short_way(rows):
    assert Reader(NAMES, "float64").read({"dataframe_split": {"columns": list(NAMES), "data": rows}}) is not None


@pytest.mark.parametrize(
    "document",
    [
        {"dataframe_split": {"columns": ["a", "b", "c"], "data": [[1, 2, True]]}},
        {"dataframe_split": {"columns": ["a", "b", "c"], "data": [[1, 2, "3"]]}},
        {"dataframe_split": {"columns": ["a", "b", "c"], "data": [[1, 2]]}},
        {"dataframe_split": {"columns": ["a", "b", "c"], "data": []}},
        {"dataframe_split": {"columns": ["a", "b", "b"], "data": [[1, 2, 3]]}},
        {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2]]}},
        {"dataframe_split": {"columns": ["a", "b", "c"], "data": [[1, 2, 1e999]]}},
        {"dataframe_split": {"columns": ["a", "b", "c"], "data": [[1, 2, 3]]}, "params": {}},
        {"dataframe_split": {"columns": ["a", "b", ["c"]], "data": [[1, 2, 3]]}},
        {"dataframe_split": None},
        {"inputs": [[1, 2, 3]]},
        {"dataframe_records": [{"a": 1, "b": 2}]},
        {"dataframe_records": [[1, 2, 3]]},
        {"dataframe_records": {"a": [1]}},
    ],
)
def test_what_is_not_plain_is_left_to_mlflow(document):
    assert Reader(NAMES, "float64").read(document) is None


def served(estimator, tmp_path, frame, target, spec, method="predict"):
    """Return a fitted estimator as a replica loads it."""
    fitted = estimator.fit(frame, target)
    path = tmp_path / "model"
    inputs = Schema([ColSpec(DataType.double, name) for name in frame.columns])
    mlflow.sklearn.save_model(
        fitted,
        path,
        signature=ModelSignature(inputs=inputs),
        pip_requirements=[],
        serialization_format="cloudpickle",
        input_example=frame.head(3),
    )
    runtime = spec.template.runtime.model_copy(update={"method": method})
    template = spec.template.model_copy(update={"runtime": runtime})
    given = spec.model_copy(update={"model_path": str(path), "template": template})
    return ServedModel(given, mlflow.pyfunc.load_model(str(path)))


ARRAYS = {
    "linear": LogisticRegression(max_iter=500),
    "forest": RandomForestClassifier(n_estimators=5, random_state=0),
    "pipeline": make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)),
    "neighbours": KNeighborsClassifier(),
    "vote": VotingClassifier([("a", LogisticRegression(max_iter=500)), ("b", KNeighborsClassifier())]),
}
FRAMES = {
    "columns": make_pipeline(
        ColumnTransformer([("one", StandardScaler(), ["sepal length (cm)", "petal width (cm)"])]), LogisticRegression()
    ),
    "function": make_pipeline(FunctionTransformer(lambda frame: frame[["petal length (cm)"]]), LogisticRegression()),
}


@pytest.fixture
def spec(tmp_path):
    return make_spec(tmp_path, tmp_path)


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True, as_frame=True)


@pytest.mark.parametrize("name", [*ARRAYS, *FRAMES])
def test_an_estimator_answers_alike_both_ways_and_warns_of_nothing(name, iris, tmp_path, spec):
    frame, target = iris
    model = served({**ARRAYS, **FRAMES}[name], tmp_path, frame, target, spec)
    plan = plan_for(model)
    assert plan is not None
    assert rowwise.takes_arrays(rowwise.estimator_of(model)) == (name in ARRAYS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        short = plan.answer(frame.to_numpy())
    assert np.array_equal(short, model.predict(frame))
    assert plan.rowwise == (name in ARRAYS or name == "columns")


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_rows_together_are_answered_as_each_by_itself(method, iris, tmp_path, spec):
    frame, target = iris
    model = served(make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)), tmp_path, frame, target, spec, method)
    plan = plan_for(model)
    assert plan is not None
    assert plan.rowwise
    matrix = frame.to_numpy()
    alone = np.concatenate([plan.answer(matrix[i : i + 1]) for i in range(len(matrix))])
    assert np.allclose(plan.answer(matrix), alone, rtol=1e-12, atol=1e-12)


def test_an_estimator_of_the_users_own_is_neither_asked_with_arrays_nor_together(iris, tmp_path, spec):
    frame, target = iris

    class Ranks(LogisticRegression):
        def predict(self, rows):
            return super().predict(rows) + len(rows)

    model = served(Ranks(max_iter=500), tmp_path, frame, target, spec)
    plan = plan_for(model)
    assert plan is None or not plan.rowwise
    assert isinstance(model.predict(frame.head(2)), np.ndarray)
    assert pd.Series(model.predict(frame.head(2))).eq(2).all()


@pytest.mark.parametrize(
    ("forest", "method"),
    [
        (RandomForestClassifier(30, random_state=0), "predict"),
        (ExtraTreesClassifier(30, random_state=0), "predict_proba"),
        (RandomForestRegressor(30, random_state=0), "predict"),
        (ExtraTreesRegressor(30, random_state=0, max_depth=3), "predict"),
    ],
)
def test_a_forest_asked_tree_by_tree_answers_to_the_last_bit_as_scikit_learn_does(forest, method, iris):
    frame, target = iris
    matrix = frame.to_numpy()
    forest.fit(matrix, target)
    direct = forests.direct(forest, method)
    assert direct is not None
    for rows in (matrix[:1], matrix[40:75], np.tile(matrix, (10, 1))):
        ours, theirs = direct(rows), getattr(forest, method)(rows)
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs)


def test_a_forest_leaves_what_is_unusual_to_scikit_learn(iris):
    frame, target = iris
    matrix = frame.to_numpy()
    forest = RandomForestClassifier(3, random_state=0).fit(matrix, target)
    direct = forests.direct(forest, "predict")
    assert direct is not None
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="too large for dtype"):
        direct(np.full((1, 4), 1e300))
    with pytest.raises(ValueError, match="X has 3 features"):
        direct(matrix[:, :3])
    several = RandomForestClassifier(3).fit(matrix, np.column_stack([target, target]))
    assert forests.direct(several, "predict") is None
    assert forests.direct(forest, "apply") is None
    assert forests.direct(LogisticRegression(), "predict") is None
