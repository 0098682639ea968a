"""Our ``/invocations`` beside MLflow's own server on the same models: the same status, error code and predictions, flaws aside."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

NAMES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
ROW = [5.1, 3.5, 1.4, 0.2]
RECORD = dict(zip(NAMES, ROW, strict=True))
FRAME = pd.DataFrame([ROW, [6.5, 3.0, 5.5, 1.8]], columns=NAMES)


@dataclass(frozen=True)
class Case:
    name: str
    model: str
    body: Any
    kind: str | None = "application/json"
    ours: int | None = None
    """Our status where we mend MLflow's."""
    code: str | None = None
    """Our error code where it differs."""
    why: str = ""

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Pair:
    theirs: dict[str, httpx.Client] = field(default_factory=dict)
    ours: dict[str, httpx.Client] = field(default_factory=dict)


def split(columns: list[str] | None = None, data: Any = None, **more: Any) -> dict[str, Any]:
    body = {"columns": columns or NAMES, "data": data or [ROW], **more}
    return {"dataframe_split": body}


def mixed(**values: Any) -> dict[str, Any]:
    return {"dataframe_records": [{"age": 30, "income": 1.5, "flag": True, **values}]}


CASES = [
    Case("split", "iris", split()),
    Case("split with index", "iris", split(index=[7])),
    Case("records", "iris", {"dataframe_records": [RECORD, RECORD]}),
    Case("instances of objects", "iris", {"instances": [RECORD]}),
    Case("inputs by column", "iris", {"inputs": {name: [value] for name, value in RECORD.items()}}),
    Case("inputs of objects", "iris", {"inputs": [RECORD]}),
    Case("csv", "iris", FRAME.to_csv(index=False).encode(), "text/csv"),
    Case("csv, charset", "iris", FRAME.to_csv(index=False).encode(), "text/csv; charset=utf-8"),
    Case("parquet", "iris", FRAME.to_parquet(), "application/vnd.apache.parquet"),
    Case("re-ordered", "iris", split(NAMES[::-1], [ROW[::-1]])),
    Case("int for double", "iris", split(data=[[5, 3, 1, 0]])),
    Case("extra column", "iris", {"dataframe_records": [{**RECORD, "more": "x"}]}),
    Case("charset parameter", "iris", split(), "application/json; charset=utf-8"),
    Case("tensor inputs", "tensor", {"inputs": [ROW]}),
    Case("tensor instances", "tensor", {"instances": [ROW, ROW]}),
    Case("tensor ints", "tensor", {"inputs": [[5, 3, 1, 0]]}),
    Case("tensor split", "tensor", {"dataframe_split": {"data": [ROW]}}),
    Case("tensor of another width", "tensor", {"inputs": [[1.0, 2.0]]}),
    Case("no signature, inputs", "nosig", {"inputs": [ROW]}),
    Case("no signature, instances", "nosig", {"instances": [ROW]}),
    Case("no signature, another width", "nosig", {"inputs": [[1.0]]}),
    Case("mixed", "mixed", mixed()),
    Case("mixed, missing number allowed", "mixed", mixed(income=None)),
    Case("mixed, NaN allowed", "mixed", b'{"dataframe_records":[{"age":30,"income":NaN,"flag":true}]}'),
    Case("mixed, string for long", "mixed", mixed(age="thirty")),
    Case("mixed, numeric string for long", "mixed", mixed(age="30")),
    Case("mixed, null for long", "mixed", mixed(age=None)),
    Case("mixed, fraction for long", "mixed", mixed(age=30.5)),
    Case("mixed, int for boolean", "mixed", mixed(flag=1)),
    Case("params unknown to the model", "iris", {**split(), "params": {"a": 1}}),
    Case(
        "params of the model",
        "params",
        {"dataframe_split": {"columns": ["x"], "data": [[1.0]]}, "params": {"temperature": 1.5}},
    ),
    Case(
        "params of a wrong type",
        "params",
        {"dataframe_split": {"columns": ["x"], "data": [[1.0]]}, "params": {"temperature": "hot"}},
    ),
    Case("positional matrix for names", "iris", {"inputs": [ROW]}),
    Case("positional instances for names", "iris", {"instances": [ROW]}),
    Case("missing column", "iris", split(NAMES[:3], [ROW[:3]])),
    Case("wrong type", "iris", split(data=[["a", 1, 2, 3]])),
    Case("null", "iris", split(data=[[None, 3.5, 1.4, 0.2]])),
    Case("NaN", "iris", json.dumps(split(data=[[float("nan"), 3.5, 1.4, 0.2]])).encode()),
    Case("empty records", "iris", {"dataframe_records": []}),
    Case("empty split", "iris", {"dataframe_split": {"columns": NAMES, "data": []}}),
    Case("records not a list", "iris", {"dataframe_records": RECORD}),
    Case("split not an object", "iris", {"dataframe_split": [ROW]}),
    Case("split without data", "iris", {"dataframe_split": {"columns": NAMES}}),
    Case("split, extra key", "iris", split(dtype="x")),
    Case("split, ragged", "iris", split(data=[ROW, ROW[:2]])),
    Case("two format keys", "iris", {**split(), "inputs": [RECORD]}),
    Case("no format key", "iris", {"data": [ROW]}),
    Case("a list", "iris", [ROW]),
    Case("a number", "iris", 7),
    Case("bad JSON", "iris", b'{"inputs": [1, 2'),
    Case("empty body", "iris", b""),
    Case("not UTF-8", "iris", b'{"inputs": "\xff\xfe"}'),
    Case("csv without the columns", "iris", b"a,b\n1,2\n", "text/csv"),
    Case("csv of text", "iris", (",".join(NAMES) + "\na,b,c,d\n").encode(), "text/csv"),
    Case("csv not UTF-8", "iris", b"\xff\xfe\n", "text/csv"),
    Case("empty csv", "iris", b"", "text/csv"),
    Case("not parquet", "iris", b"PAR1", "application/vnd.apache.parquet"),
    Case("xml", "iris", b"<a/>", "application/xml"),
    Case("latin-1", "iris", split(), "application/json; charset=latin-1"),
    Case("unknown parameter", "iris", split(), "application/json; boundary=x"),
    Case(
        "csv for a tensor", "tensor", FRAME.to_csv(index=False).encode(), "text/csv", ours=200, why="theirs refuses every CSV"
    ),
    Case("no content type", "iris", split(), None, ours=200, why="theirs is 500"),
    Case(
        "a bug in the model",
        "raises",
        {"inputs": [{"x": 0.0}]},
        ours=500,
        code="INTERNAL_ERROR",
        why="theirs blames the caller",
    ),
]


@pytest.fixture(scope="module")
def pair(zoo: Path, runs: Path, start_for_module) -> Iterator[Pair]:
    models = sorted({case.model for case in CASES})
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    log = runs / "mlflow.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.runtime.theirs", str(zoo), str(port), *models],
            env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
            cwd=Path(__file__).parents[2],
            stdout=out,
            stderr=out,
        )
    made = Pair()
    try:
        for model in models:
            made.ours[model] = start_for_module(zoo / model).client()
            made.theirs[model] = httpx.Client(base_url=f"http://127.0.0.1:{port}/{model}", trust_env=False, timeout=30)
        _wait(made.theirs["iris"], log)
        yield made
    finally:
        for client in (*made.ours.values(), *made.theirs.values()):
            client.close()
        server.terminate()
        server.wait(10)


def _wait(client: httpx.Client, log: Path) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            client.get("/ping")
        except httpx.TransportError:
            assert time.monotonic() < end, log.read_text()[-2000:]
            time.sleep(0.1)
        else:
            return


@pytest.mark.timeout(180)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_same_as_mlflow(case: Case, pair: Pair):
    headers = {} if case.kind is None else {"content-type": case.kind}
    theirs = pair.theirs[case.model].post("/invocations", content=case.content, headers=headers)
    ours = pair.ours[case.model].post("/invocations", content=case.content, headers=headers)
    print(theirs.status_code, theirs.text[:300])
    print(ours.status_code, ours.text[:600])
    assert ours.status_code == (case.ours or theirs.status_code)
    if ours.status_code == 200:
        assert case.ours or ours.json() == theirs.json()
        return
    body = ours.json()
    assert set(body) == {"error_code", "message", "reason", "code", "hint", "details"}
    if ours.status_code == 400:
        assert body["error_code"] == (case.code or theirs.json()["error_code"])


def test_other_methods(pair: Pair):
    theirs, ours = (side["iris"].get("/invocations") for side in (pair.theirs, pair.ours))
    assert ours.status_code == theirs.status_code == 405
    assert ours.headers["allow"] == "POST"


def test_ping(pair: Pair):
    theirs, ours = (side["iris"].get("/ping") for side in (pair.theirs, pair.ours))
    assert (ours.status_code, ours.text) == (theirs.status_code, theirs.text) == (200, "\n")
