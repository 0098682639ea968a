"""KServe's own clients, in an environment of their own: their package wants other versions of nearly everything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gateway.conftest import client, route
from tests.runtime.behind import door

KSERVE = "kserve==0.21.0"
HERE = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_kserves_clients_get_the_answer_in_every_protocol(start, zoo):
    replica, web = start(zoo / "iris"), client("web")
    with replica.client() as caller:
        paths = [dialect["path"] for dialect in caller.get("/").json()["dialects"]]
    with door() as gate:
        gate.put(route("iris", replica.address, clients=[web]))
        done = subprocess.run(
            [
                *(sys.executable, "-m", "uv", "run", "--quiet", "--no-project", "--isolated", "--python", sys.executable),
                *("--with", KSERVE, "python", str(HERE / "kserve_calls.py"), str(gate.port), web.token),
                *(["v1"] if any(path.startswith("/v1/models/") for path in paths) else []),
            ],
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    ready = {"live": True, "ready": True, "model": True}
    assert found["v2"].items() >= {**ready, "json": [0, 2], "binary": [0, 2], "id": "7"}.items()
    assert "401" in found["v2"]["refused"]
    assert found["grpc"].items() >= {**ready, "typed": [0, 2], "raw": [0, 2]}.items()
    assert "x-mdeploy-deployment" in found["grpc"]["refused"]
    assert found.get("v1", {}).get("json", [0, 2]) == [0, 2]
