"""What the panel asks a real kernel: its models, frames, rows and answers, without leaving a trace."""

from __future__ import annotations

import time

import pytest
from jupyter_client.manager import KernelManager

pytestmark = pytest.mark.timeout(120)

PROBE = "__import__('mdeploy_lab.notebook.probe', fromlist=['probe'])"
SETUP = """
import datetime, sys
import numpy as np, pandas as pd
class Half:
    def predict(self, rows):
        rows['age'] = 0
        return pd.Series([1.5, float('nan'), None][:len(rows)])
    def names(self, rows):
        return list(rows.columns if hasattr(rows, 'columns') else rows[0])
half, not_a_model = Half(), 3
people = pd.DataFrame({
    'name': ['José', None], 'age': [41, 7], 'born': pd.to_datetime(['1984-03-01', None]), 'score': [float('inf'), float('nan')],
})
grid = np.arange(6.0).reshape(3, 2)
records, plain_list = [{'a': 1}, {'a': None}], [1, 2]
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kernel")
    manager = KernelManager()
    manager.start_kernel(cwd=str(folder))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    client.execute_interactive(SETUP, timeout=60, output_hook=lambda _: None)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()


def evaluated(kernel, expression):
    reply = kernel.execute_interactive(
        "", silent=True, store_history=False, user_expressions={"asked": expression}, timeout=30, output_hook=lambda _: None
    )
    return reply["content"]["user_expressions"]["asked"]


def asked(kernel, call):
    found = evaluated(kernel, f"{PROBE}.{call}")
    assert found["status"] == "ok", found
    return found["data"]["application/json"]


def test_models_are_the_variables_that_can_answer(kernel):
    assert asked(kernel, "models()") == {"models": [{"name": "half", "type": "Half"}]}


def test_frames_are_tables_of_any_kind_with_their_columns(kernel):
    frames = {frame["name"]: frame for frame in asked(kernel, "frames()")["frames"]}
    assert set(frames) == {"people", "grid", "records"}
    assert (frames["people"]["type"], frames["people"]["rows"]) == ("DataFrame", 2)
    assert [column["name"] for column in frames["people"]["columns"]] == ["name", "age", "born", "score"]
    assert (frames["grid"]["rows"], len(frames["grid"]["columns"])) == (3, 2)


def test_rows_are_json_with_nulls_and_iso_dates(kernel):
    assert asked(kernel, "rows('people', 0, 5)") == {
        "columns": ["name", "age", "born", "score"],
        "start": 0,
        "rows": [["José", 41, "1984-03-01T00:00:00", "Infinity"], [None, 7, None, None]],
    }
    assert asked(kernel, "rows('grid', 2, 9)")["rows"] == [[4.0, 5.0]]
    assert asked(kernel, "rows('records', 0, 2)")["rows"] == [[1], [None]]


def test_the_kernels_own_answer_is_told_and_does_no_harm(kernel):
    found = asked(kernel, "answer('half', 'people', 0, 2)")
    assert (found["model"], found["method"], found["values"]) == ("half", "predict", [1.5, None])
    assert found["milliseconds"] >= 0
    assert asked(kernel, "rows('people', 0, 2)")["rows"][0][1] == 41


@pytest.mark.parametrize(("frame", "taken"), [("people", ["score", "age"]), ("records", ["a"])])
def test_the_kernels_model_gets_only_the_columns_that_it_takes(kernel, frame, taken):
    found = asked(kernel, f"answer('half', '{frame}', 0, 1, 'names', {[*taken, 'gone']})")
    assert found["values"] == taken


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("rows('nothing')", "there is no variable 'nothing'"),
        ("rows('half')", "half is no table"),
        ("answer('half', 'people', 0, 1, 'transform')", "half has no method transform"),
        ("answer('half', 'grid')", "IndexError"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(kernel, call, error):
    said = asked(kernel, call)["error"]
    assert error in said
    assert "\n" not in said


def test_answers_are_bounded(kernel):
    kernel.execute_interactive("wide = np.zeros((2000, 600)); long_text = [{'t': 'x' * 50_000}]", timeout=30)
    assert "too large" in asked(kernel, "rows('wide', 0, 1000)")["error"]
    assert len(asked(kernel, "rows('wide', 0, 2)")["rows"][0]) == 500
    assert len(asked(kernel, "rows('long_text')")["rows"][0][0]) == 10_000


def test_asking_leaves_no_trace(kernel):
    kernel.execute_interactive("1 + 1", timeout=30, output_hook=lambda _: None)
    before = evaluated(kernel, "(_, len(Out), len(In), get_ipython().execution_count)")["data"]["text/plain"]
    asked(kernel, "frames()")
    assert evaluated(kernel, "(_, len(Out), len(In), get_ipython().execution_count)")["data"]["text/plain"] == before


def test_asking_imports_no_library(tmp_path):
    manager = KernelManager()
    manager.start_kernel(cwd=str(tmp_path), extra_arguments=["--IPKernelApp.extensions=[]"])  # ours imports them ahead
    fresh = manager.client()
    fresh.start_channels()
    try:
        fresh.wait_for_ready(timeout=60)
        began = time.monotonic()
        assert asked(fresh, "models()") == {"models": []}
        assert asked(fresh, "frames()") == {"frames": []}
        assert time.monotonic() - began < 10
        loaded = evaluated(fresh, "{'pandas', 'mlflow', 'numpy', 'polars'} & set(__import__('sys').modules)")
        assert loaded["data"]["text/plain"] == "set()"
    finally:
        fresh.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
