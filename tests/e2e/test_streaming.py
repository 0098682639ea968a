"""A streamed answer through the gateway: in Python, by callers with a token, and in the shell."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
import pytest

from mdeploy_lab.errors import PredictFailed

SCRIPT = """
EXAMPLE = [[2]]
def predict_stream(rows):
    for n in range(int(rows[0][0])):
        if n == 7:
            raise ValueError("enough")
        yield f"piece {n}"
"""


@pytest.fixture(scope="module")
def counting(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("counting")
    (folder / "serve.py").write_text(SCRIPT)
    yield (made := client.deploy(str(folder), name="counting", instance_type="nano", timeout=60))
    made.delete()


def test_pieces_reach_python_callers_and_the_shell(counting, tmp_path):
    assert list(counting.predict_stream([[3]])) == ["piece 0", "piece 1", "piece 2"]
    token = counting.clients.add("web").token.reveal()
    headers = {"authorization": f"Bearer {token}", "accept": "text/event-stream"}
    with httpx.stream("POST", f"{counting.url}/invocations", json={"inputs": [[2]]}, headers=headers) as answer:
        lines = [line for line in answer.iter_lines() if line]
    assert lines == ['data: "piece 0"', 'data: "piece 1"', "data: [DONE]"]
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"inputs": [[2]]}))
    command = [sys.executable, "-m", "mdeploy_lab.cli", "predict", "counting", "--stream", "-f", str(body)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == ['"piece 0"', '"piece 1"']


def test_an_error_in_the_middle_is_raised_after_what_came(counting):
    found = []
    with pytest.raises(PredictFailed, match="ValueError"):
        found.extend(piece for piece in counting.predict_stream([[9]]))
    assert found[-1] == "piece 6"
