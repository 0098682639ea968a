"""What goes in comes out: containers, dtypes, shapes, indexes."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from mdeploy_lab import values
from mdeploy_lab.errors import InvalidInput
from tests.values.same import assert_same

TIMES = pd.date_range("2026-01-01", periods=3, freq="h", tz="Europe/Berlin")

FRAME = pd.DataFrame(
    {
        "float": [1.5, np.nan, -np.inf],
        "float32": np.array([1, 2, 3], "f4"),
        "int": [1, 2, 3],
        "uint8": np.array([1, 2, 255], "u1"),
        "bool": [True, False, True],
        "text": ["a", None, "ß"],
        "python": pd.array(["a", None, "c"], dtype=pd.StringDtype("python")),
        "object": pd.Series(["a", None, 3], dtype=object),
        "only text": pd.Series(["a", "b", "c"], dtype=object),
        "nested": pd.Series([{"a": [1, 2]}, [1, (2, 3)], np.arange(3)], dtype=object),
        "category": pd.Categorical(["x", None, "y"], categories=["y", "x", "z"], ordered=True),
        "numbers": pd.Categorical([3, 1, 3]),
        "nullable": pd.array([1, None, 3], dtype="Int64"),
        "boolean": pd.array([True, None, False], dtype="boolean"),
        "Float32": pd.array([1.5, None, 3], dtype="Float32"),
        "ns": pd.to_datetime(["2026-01-01", None, "1999-12-31"]).astype("datetime64[ns]"),
        "seconds": pd.to_datetime(["2026-01-01", None, "1999-12-31"]).astype("datetime64[s]"),
        "zone": TIMES,
        "delta": pd.to_timedelta([1, None, 3], unit="s"),
        "period": pd.period_range("2026-01", periods=3, freq="M"),
        "interval": pd.arrays.IntervalArray.from_tuples([(0, 1), None, (2, 3)]),
        "arrow": pd.array([[1], None, [2, 3]], dtype=pd.ArrowDtype(pa.list_(pa.int64()))),
        "sparse": pd.arrays.SparseArray([0.0, 0.0, 1.0]),
        "decimal": pd.Series([decimal.Decimal("1.10"), None, decimal.Decimal(3)], dtype=object),
        "date": pd.Series([dt.date(2026, 1, 1), None, dt.date(1999, 1, 1)], dtype=object),
    }
)

INDEXES = {
    "default": pd.RangeIndex(3),
    "range": pd.RangeIndex(10, 40, 10, name="ten"),
    "ints": pd.Index([7, 5, 6], name=("a", 1)),
    "text": pd.Index(["a", "b", "c"]),
    "object": pd.Index(["a", 1, None], dtype=object),
    "tuples": pd.Index([(1, 2), (3, 4), (5, 6)], tupleize_cols=False),
    "times": TIMES,
    "odd times": pd.DatetimeIndex(["2026-01-01", "1970-01-01", None]),
    "category": pd.CategoricalIndex(["a", "b", "a"]),
    "multi": pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", None)], names=["x", None]),
    "period": pd.period_range("2026-01", periods=3, freq="D"),
}

LABELS = {
    "text": pd.Index(["a", "b"]),
    "default": pd.RangeIndex(2),
    "ints": pd.Index([3, 1], name="n"),
    "twice": pd.Index(["a", "a"]),
    "mixed": pd.Index(["a", 1], dtype=object),
    "times": pd.DatetimeIndex(["2026-01-01", "2026-01-02"]),
    "multi": pd.MultiIndex.from_product([["a"], [1, 2]], names=["l", "n"]),
    "category": pd.CategoricalIndex(["a", "b"]),
    "none": pd.Index([None, "x"], dtype=object),
    "surrogate": pd.Index(["\ud800", "x"], dtype=object),
}

VALUES = {
    "none": None,
    "bool": True,
    "int": 2**80,
    "float": 0.1,
    "nan": float("nan"),
    "text": "ß\ud800",
    "bytes": b"\x00\xff",
    "numpy float": np.float32(1.5),
    "numpy int": np.int64(3),
    "numpy text": np.str_("a"),
    "numpy time": np.datetime64("2026-01-01T00:00", "ns"),
    "scalar array": np.array(1.5),
    "list": [1, 2.5, "a", None, [True]],
    "long list": [float(i) for i in range(100)],
    "long ints": list(range(100)),
    "huge ints": [2**70] * 20,
    "long texts": [str(i) for i in range(100)],
    "surrogates": ["\udc00"] * 20,
    "rows": [[float(i), 1.0] for i in range(100)],
    "ragged": [[1.0] * (i % 3) for i in range(40)],
    "mixed rows": [[1, "a"]] * 40,
    "tuple": (1, "a"),
    "empty list": [],
    "dict": {"a": [1], "b": {"c": None}},
    "dict keys": {1: "a", (2, 3): "b", None: 3},
    "dict of arrays": {"x": np.arange(3), "y": np.ones((2, 2), "f4"), "n": 1},
    "set": {1, 2},
    "frame in list": [FRAME[["float", "int"]], "x"],
    "decimal": decimal.Decimal("1.10"),
    "uuid": uuid.UUID(int=7),
    "datetime": dt.datetime(2026, 1, 1, 12, tzinfo=dt.timezone.utc),
    "date": dt.date(2026, 1, 1),
    "time": dt.time(1, 2, 3),
    "timedelta": dt.timedelta(days=-1, microseconds=5),
    "complex": 1 + 2j,
    "timestamp": pd.Timestamp("2026-01-01 12:00", tz="Europe/Berlin"),
    "NA": pd.NA,
    "NaT": pd.NaT,
    "masked": np.ma.MaskedArray([1, 2, 3], mask=[False, True, False]),
    "structured": np.array([(1, 2.5, "ab")], dtype=[("a", "i4"), ("b", "f8"), ("c", "U3")]),
    "objects": np.array([["a", None], [1, 2.5]], dtype=object),
    "text array": np.array(["a", "bcd", ""]),
    "bytes array": np.array([b"a", b"bcd"]),
    "days": np.array(["2026-01-01", "NaT"], dtype="M8[D]"),
    "complex array": np.array([1 + 2j, 3]),
    "big endian": np.arange(3, dtype=">i4"),
    "half": np.arange(3, dtype="f2"),
    "long double": np.arange(3, dtype=np.longdouble),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided": np.arange(20)[::3],
    "empty": np.empty((0, 4)),
    "image": np.arange(2 * 4 * 4 * 3, dtype="u1").reshape(2, 4, 4, 3),
    "index": pd.Index([1, 2], name="n"),
    "extension": pd.array([1, None], dtype="Int64"),
    "csr": sparse.csr_matrix(np.eye(3)),
    "csc array": sparse.csc_array(np.eye(3, dtype="f4")),
    "coo": sparse.coo_matrix(np.eye(3, dtype="i8")),
    "empty frame": pd.DataFrame(),
    "rows without columns": pd.DataFrame(index=pd.Index(["a", "b"])),
    "no rows": FRAME.iloc[:0],
}


def there_and_back(value):
    return values.decode(values.encode(value))


@pytest.mark.parametrize("name", VALUES)
def test_values(name):
    assert_same(there_and_back(VALUES[name]), VALUES[name])


@pytest.mark.parametrize("column", FRAME.columns)
def test_columns(column):
    assert_same(there_and_back(FRAME[[column]]), FRAME[[column]])
    assert_same(there_and_back(FRAME[column]), FRAME[column])


def test_a_whole_frame():
    assert_same(there_and_back(FRAME), FRAME)


@pytest.mark.parametrize("name", INDEXES)
def test_indexes(name):
    frame = FRAME[["float", "text"]].set_axis(INDEXES[name])
    assert_same(there_and_back(frame), frame)
    assert_same(there_and_back(frame["text"]), frame["text"])


@pytest.mark.parametrize("name", LABELS)
def test_labels(name):
    frame = pd.DataFrame([[1.0, 2], [3.0, 4]]).set_axis(LABELS[name], axis=1)
    assert_same(there_and_back(frame), frame)


def test_other_sparse_formats_become_csr():
    assert there_and_back(sparse.lil_matrix(np.eye(3))).format == "csr"


def test_sparse_keeps_matrix_or_array():
    assert isinstance(there_and_back(sparse.csr_matrix(np.eye(2))), sparse.spmatrix)
    assert not isinstance(there_and_back(sparse.csr_array(np.eye(2))), sparse.spmatrix)


def test_answers_are_writable():
    array = there_and_back(np.arange(5.0))
    array[0] = 7
    frame = there_and_back(pd.DataFrame({"a": [1.0, 2.0]}))
    frame.loc[0, "a"] = 7
    assert frame["a"].to_numpy()[0] == 7


def test_any_arrow_reader_can_read_a_table():
    table = pa.ipc.open_stream(values.encode(pd.DataFrame({"a": [1.5], "b": ["x"]}))).read_all()
    assert table.column_names == ["a", "b"]
    assert table.to_pydict() == {"a": [1.5], "b": ["x"]}


def test_any_arrow_writer_can_call():
    table = pa.table({"a": [1, 2], "b": ["x", "y"]})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1)
    frame = values.decode(sink.getvalue().to_pybytes())
    assert list(frame.columns) == ["a", "b"]
    assert frame["a"].tolist() == [1, 2]


def test_what_has_no_form_is_refused():
    with pytest.raises(InvalidInput, match="Thread cannot be sent"):
        values.encode([__import__("threading").Thread()])


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff" * 64, values.encode(FRAME)[:-300], values.encode(FRAME)[:400]])
def test_broken_bytes_are_refused(data):
    with pytest.raises(InvalidInput):
        values.decode(data)


def _with_tree(tree):
    said = {b"mdeploy": __import__("json").dumps({"v": 1, "columns": True, "tree": tree}).encode()}
    table = pa.table({"a": pa.array([1, 2])}).replace_schema_metadata(said)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


PART = {"p": 0, "t": "np", "dtype": "<i8"}


@pytest.mark.parametrize(
    "tree",
    [
        {"k": "unknown"},
        {"k": "array", "shape": [3], "values": PART},
        {"k": "array", "shape": [2], "values": {**PART, "p": 9}},
        {"k": "array", "shape": [2], "values": {**PART, "dtype": "O"}},
        {"k": "array", "shape": [2], "values": {**PART, "t": "raw", "dtype": "|O"}},
        {"k": "array", "shape": [2], "values": {**PART, "t": "ext", "dtype": "no such"}},
        {"k": "frame"},
        {
            "k": "frame",
            "labels": {"range": [0, 1, 1], "names": [None]},
            "index": {"range": [0, 9, 1], "names": [None]},
            "columns": [PART],
        },
        {"k": "sparse", "format": "csr", "matrix": True, "shape": [2, 2], "arrays": [PART, PART, PART]},
        {"k": "sparse", "format": "__class__", "matrix": True, "shape": [2, 2], "arrays": []},
        {"k": "list", "rows": PART, "width": 0},
        {"k": "decimal", "v": "x"},
        {},
    ],
    ids=str,
)
def test_trees_that_do_not_fit_are_refused(tree):
    with pytest.raises(InvalidInput):
        values.decode(_with_tree(tree))


def _stream(table, **options):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, **options) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("codec", ["lz4", "zstd"])
def test_compressed_streams_are_refused(codec):
    table = pa.table({"a": np.zeros(1_000_000)})
    with pytest.raises(InvalidInput, match="compressed"):
        values.decode(_stream(table, options=pa.ipc.IpcWriteOptions(compression=codec)))
    words = pa.table({"a": pa.array(["x" * 100] * 100).dictionary_encode()})
    with pytest.raises(InvalidInput, match="compressed"):
        values.decode(_stream(words, options=pa.ipc.IpcWriteOptions(compression=codec)))


@pytest.mark.parametrize(
    "column",
    [
        pa.nulls(10**9),
        pa.RunEndEncodedArray.from_arrays(pa.array([10**9], pa.int32()), pa.array([1.0])),
        pa.LargeListArray.from_arrays(pa.array([0, 10**9], pa.int64()), pa.nulls(10**9)),
        pa.FixedSizeListArray.from_arrays(pa.nulls(10**9), 10**9),
    ],
    ids=["null", "runs", "list of nulls", "fixed list of nulls"],
)
def test_streams_that_claim_more_than_they_hold_are_refused(column):
    with pytest.raises(InvalidInput, match="more values than it carries"):
        values.decode(_stream(pa.table({"a": column})))


def test_a_plain_stream_with_dictionaries_and_booleans_is_read():
    table = pa.table({"a": pa.array(["x", "y"] * 5000).dictionary_encode(), "b": pa.array([True, False] * 5000)})
    assert values.decode(_stream(table)).shape == (10_000, 2)


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=20) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)
DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="="),
    hnp.unsigned_integer_dtypes(),
    hnp.floating_dtypes(),
    hnp.complex_number_dtypes(),
    hnp.datetime64_dtypes(),
    hnp.timedelta64_dtypes(),
    hnp.unicode_string_dtypes(max_len=5),
    hnp.byte_string_dtypes(max_len=5),
)


@given(JSONISH)
def test_any_nested_value(value):
    assert_same(there_and_back(value), value)


@given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_array(array):
    assert_same(there_and_back(array), array)


@given(st.lists(JSONISH, max_size=6))
def test_any_objects(items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    assert_same(there_and_back(array), array)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(data):
    with contextlib.suppress(InvalidInput):
        values.decode(data)


@given(st.data())
def test_flipped_bytes_are_refused_or_read(data):
    whole = bytearray(values.encode(FRAME[["float", "text", "nullable", "int"]]))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InvalidInput):
        values.decode(bytes(whole))
