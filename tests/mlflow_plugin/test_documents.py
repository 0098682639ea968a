"""Rows on their way to the endpoint, and errors on their way back."""

from __future__ import annotations

import json

import pandas as pd

from mdeploy_lab.errors import InvalidInput, PredictFailed, RevisionNotFound, StaleEdit
from mdeploy_lab.mlflow_plugin.documents import body_of
from mdeploy_lab.mlflow_plugin.problems import problem


def test_timestamps_categories_and_gaps_become_json():
    frame = pd.DataFrame(
        {"at": pd.to_datetime(["2026-01-02 03:04:05", None]), "x": [1.5, None], "kind": pd.Categorical(["a", "b"])}
    )
    body = json.loads(json.dumps(body_of(frame), allow_nan=False))
    assert body["dataframe_split"]["columns"] == ["at", "x", "kind"]
    assert body["dataframe_split"]["data"] == [["2026-01-02T03:04:05", 1.5, "a"], [None, None, "b"]]


def test_a_body_that_pandas_read_as_a_frame_is_that_body_again(tmp_path):
    for body in (
        {"dataframe_split": {"columns": ["a", "b"], "data": [[1, "x"], [2, "y"]]}},
        {"dataframe_records": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]},
    ):
        path = tmp_path / "rows.json"
        path.write_text(json.dumps(body))
        assert body_of(pd.read_json(path)) == body


def test_what_is_no_frame_goes_as_it_is():
    for inputs in ({"inputs": [[1.0]]}, [[1.0]], "text"):
        assert body_of(inputs) is inputs


def test_an_error_has_the_nearest_of_mlflows_codes_and_all_of_ours():
    nearest = {
        InvalidInput("no"): "INVALID_PARAMETER_VALUE",
        RevisionNotFound("no"): "RESOURCE_DOES_NOT_EXIST",
        StaleEdit("no"): "RESOURCE_CONFLICT",
        PredictFailed("no", details={"status": 413}): "BAD_REQUEST",
        PredictFailed("no", details={"status": 504}): "DEADLINE_EXCEEDED",
        PredictFailed("no"): "INTERNAL_ERROR",
    }
    assert {error: problem(error).error_code for error in nearest} == nearest
    said = json.loads(problem(StaleEdit("changed", hint="look", details={"fields": ["env"]})).serialize_as_json())
    assert said["message"] == "changed\n\nhint: look"
    assert (said["reason"], said["code"], said["hint"], said["details"]) == (
        "StaleEdit",
        "stale_edit",
        "look",
        {"fields": ["env"]},
    )
