"""The crash matrix for what asks: a kernel in the middle of a call, and a Jupyter server in the middle of a request.

What was acknowledged stays, what was not is there whole or not at all, the same can be asked again at once, and who calls
another deployment notices nothing.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.e2e.bystander import bystander
from tests.e2e.census import census
from tests.e2e.test_crash_matrix import OPERATIONS, SEED, Round, check, clear
from tests.server.jupyter import Jupyter

KERNEL = """
import sys, json
import mdeploy_lab as md
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
x, y = load_iris(return_X_y=True, as_frame=True)
models = LogisticRegression(max_iter=500).fit(x, y), DecisionTreeClassifier(max_depth=1).fit(x, y)
def deploy(id_, which):
    md.deploy(models[which], name=id_, input_example=x.head(), instance_type="nano", wait=False, timeout=60)
acts = {
    "create": lambda id_: deploy(id_, 0),
    "update": lambda id_: deploy(id_, 1),
    "rollback": lambda id_: md.get(id_).rollback(to=1, wait=False),
    "traffic": lambda id_: md.get(id_).traffic({1: 40, 2: 60}, wait=False),
    "stop": lambda id_: md.get(id_).stop(wait=False),
    "start": lambda id_: md.get(id_).start(wait=False),
    "delete": lambda id_: md.get(id_).delete(wait=False),
}
md.info()
print("ready", flush=True)
operation, id_ = sys.stdin.readline().split()
acts[operation](id_)
print("acknowledged", flush=True)
sys.stdin.readline()
"""
LONGEST = {"create": 8.0, "update": 8.0}
"""Seconds within which the kernel dies; a deploy logs and registers a model first."""


class KernelRound(Round):
    """The kernel that acts is what dies."""

    who = "kernel"

    def interrupted(self, operation: str, id_: str, victim: str) -> bool:  # the kernel itself
        process = subprocess.Popen(
            [sys.executable, "-c", KERNEL],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            assert process.stdout.readline() == "ready\n"
            process.stdin.write(f"{operation} {id_}\n")
            process.stdin.flush()
            time.sleep(self.chance.uniform(0, LONGEST.get(operation, 0.3)))
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            said, _ = process.communicate(timeout=10)
        return "acknowledged" in said


@dataclass(kw_only=True)
class JupyterRound(Round):
    """Acts through Jupyter's REST, and Jupyter is what dies."""

    who = "jupyter"

    jupyter: Jupyter
    folders: tuple[Path, Path]

    def act(self, operation: str, id_: str) -> bool:  # type: ignore[override]
        """Return whether it was acknowledged."""
        path = f"/deployments/{id_}"
        model = {"uri": str(self.folders[operation == "update"])}
        asked: dict[str, tuple[str, str, object]] = {
            "create": ("POST", "/deployments", {"model": model, "name": id_, "instance_type": "nano"}),
            "update": ("PATCH", path, {"model": model}),
            "rollback": ("POST", f"{path}/rollback", {"to": 1}),
            "traffic": (
                "PUT",
                f"{path}/traffic",
                {"targets": [{"revision": 1, "percent": 40}, {"revision": 2, "percent": 60}]},
            ),
            "stop": ("POST", f"{path}/stop", {}),
            "start": ("POST", f"{path}/start", {}),
            "delete": ("DELETE", path, None),
        }
        method, place, body = asked[operation]
        headers = {"Authorization": f"token {self.jupyter.token}"}
        try:
            answer = httpx.request(method, self.jupyter.api + place, json=body, headers=headers, timeout=30, trust_env=False)
        except httpx.HTTPError:
            return False
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        return answer.is_success

    def interrupted(self, operation: str, id_: str, victim: str) -> bool:  # Jupyter
        process = self.jupyter.start().process
        self.jupyter.process = None

        def end() -> None:
            time.sleep(self.chance.uniform(0, 0.6))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

        killer = threading.Thread(target=end)
        killer.start()
        try:
            return self.act(operation, id_)
        finally:
            killer.join()


def turns(round_: Round, operations: list[str], client, home, models, example) -> None:
    """Run each operation once with its death, and then do the same again whole."""
    for operation in operations:
        id_ = round_.prepare(operation)
        acknowledged = round_.interrupted(operation, id_, round_.who)
        print(f"  {operation}: {'acknowledged' if acknowledged else 'not acknowledged'}")
        check(round_, operation, id_, acknowledged=acknowledged)
        round_.other.judge(round_.who, time.monotonic())
        if operation in {"create", "update"}:
            again = client.deploy(
                models[operation == "update"], name=id_, input_example=example, instance_type="nano", timeout=60
            )
            assert again.state == "deployed"
        clear(client)
    assert not [p for p in census(home) if p.kind == "other"]


def test_a_kernel_that_dies_in_a_deploy_leaves_nothing_half_made(client, home, models, iris):
    print(f"kernel: seed {SEED}")
    example = iris[0].head()
    with bystander(client, home, models[0], example) as other:
        turn = KernelRound(client, home, models, example, random.Random(SEED), other)
        turns(turn, ["create"], client, home, models, example)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_kernel_may_die_in_every_operation(client, home, models, iris):
    print(f"kernel: seed {SEED}")
    example = iris[0].head()
    operations = [o for o in OPERATIONS for _ in range(3 if o in LONGEST else 1)]
    with bystander(client, home, models[0], example) as other:
        turn = KernelRound(client, home, models, example, random.Random(SEED), other)
        turns(turn, operations, client, home, models, example)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_jupyter_may_die_in_every_operation(client, home, models, iris, tmp_path):
    import mlflow

    print(f"jupyter: seed {SEED}")
    example = iris[0].head()
    folders = tuple(tmp_path / f"model{number}" for number in (0, 1))
    for folder, model in zip(folders, models, strict=True):
        mlflow.sklearn.save_model(model, folder, input_example=example, serialization_format="cloudpickle")
    place = tmp_path / "jupyter"
    place.mkdir()
    with bystander(client, home, models[0], example) as other:
        turn = JupyterRound(
            client, home, models, example, random.Random(SEED), other, jupyter=Jupyter(place, home.root), folders=folders
        )
        turns(turn, [*OPERATIONS, "create", "stop", "traffic"], client, home, models, example)
