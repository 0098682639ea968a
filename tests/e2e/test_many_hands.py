"""Two kernels, a shell and REST change one deployment at once: no acknowledged change is lost, doubled or out of order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest

from mdeploy_lab.errors import StaleEdit
from tests.e2e.census import until
from tests.e2e.conftest import engine

KERNEL = """
import sys, pathlib, time
import mdeploy_lab as md
who, field, turns, go = sys.argv[1], sys.argv[2], int(sys.argv[3]), pathlib.Path(sys.argv[4])
handle = md.get("shared")
print("ready", flush=True)
while not go.exists():
    time.sleep(0.005)
for turn in range(turns):
    value = {"key": str(turn)} if field == "metadata" else f"{who} {turn}"
    handle.update(message=f"{who}-{turn}", wait=False, **{field: value})
    print(f"{who}-{turn}", flush=True)
"""
KERNELS = {"ann": "description", "bob": "metadata"}
FIELDS = {**KERNELS, "panel": "start_timeout", "shell": "name"}


@pytest.fixture(scope="module")
def shared(client, models, iris):
    """Return a running deployment that everybody changes."""
    return client.deploy(models[0], name="shared", input_example=iris[0].head(), instance_type="nano", timeout=60)


@pytest.fixture
def rest(home, shared):
    """Return plain HTTP to the API, as the panel speaks it."""
    with engine(home) as http:
        yield http


def kernel(who: str, turns: int, go: os.PathLike[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", KERNEL, who, KERNELS[who], str(turns), str(go)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def shell(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mdeploy_lab.cli", *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def panel(rest, current: dict, turns: int, acknowledged: list[str], refusals: list[dict]) -> None:
    """Edit as a form does: with the version that was read, and again from the state that a refusal brings.

    The first edit is of somebody who looked for so long that another one has changed it.
    """
    read = current["resource_version"]
    until("somebody to change it", lambda: rest.get("/deployments/shared").json()["resource_version"] != read)
    for turn in range(turns):
        for _ in range(100):
            edit = {"start_timeout": 100 + turn, "message": f"panel-{turn}", "resource_version": current["resource_version"]}
            answer = rest.patch("/deployments/shared", json=edit)
            if answer.status_code == 409:
                refusals.append(answer.json())
                current = answer.json()["details"]["current"]
                continue
            assert answer.status_code == 200, answer.text
            current = answer.json()["deployment"]
            acknowledged.append(f"panel-{turn}")
            break


def together(shared, rest, turns: int, tmp_path) -> list[dict]:
    """Let everybody change it at once; check its history and return what REST was refused with."""
    before = shared.refresh().snapshot()
    go = tmp_path / "go"
    kernels = {who: kernel(who, turns, go) for who in KERNELS}
    acknowledged: list[str] = []
    refusals: list[dict] = []
    current = rest.get("/deployments/shared").json()
    form = threading.Thread(target=panel, args=(rest, current, turns, acknowledged, refusals))
    try:
        for process in kernels.values():
            assert process.stdout.readline() == "ready\n", process.stderr.read()
        go.touch()
        form.start()
        for turn in range(max(2, turns // 10)):
            shell("update", "shared", "--name", f"Shared {turn}", "-m", f"shell-{turn}", "--no-wait")
            acknowledged.append(f"shell-{turn}")
        form.join(60)
        for process in kernels.values():
            out, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
            acknowledged += out.split()
    finally:
        for process in kernels.values():
            process.kill()
            process.communicate()
    assert len(acknowledged) >= 3 * turns + 2
    history = [h for h in shared.history()[::-1] if h.message]
    assert sorted(h.message for h in history) == sorted(acknowledged)
    for who, field in FIELDS.items():
        own = [h.message for h in history if h.message.startswith(who)]
        assert own == [f"{who}-{turn}" for turn in range(len(own))], f"{who}'s changes are out of order"
        for entry in history:
            if entry.message.startswith(who):
                assert {c.path.split(".")[0] for c in entry.changes} == {field}, "a change undid somebody else's"
    numbers = [h.number for h in shared.history()][::-1]
    assert numbers == list(range(1, len(numbers) + 1))
    after = shared.refresh().snapshot()
    assert after.spec.description == f"ann {turns - 1}"
    assert after.spec.metadata == {"key": str(turns - 1)}
    assert after.spec.start_timeout == 100 + turns - 1
    assert after.resource_version >= before.resource_version + len(acknowledged)
    return refusals


def test_everybody_changes_one_deployment_at_once(shared, rest, tmp_path):
    refusals = together(shared, rest, 20, tmp_path)
    assert refusals, "nobody met anybody: the test shows nothing"
    for refused in refusals:
        assert refused["code"] == "stale_edit"
        assert refused["details"]["current"]["id"] == "shared"
    assert shared.revision == 1
    until("it to be as wanted", lambda: shared.refresh().state == "deployed")


def test_a_stale_handle_keeps_the_others_changes_and_gives_way_on_the_same_field(client, shared):
    first, second = client.get("shared"), client.get("shared")
    second.update(description="of the second")
    first.update(metadata={"of": "the first"})
    assert client.get("shared").spec.description == "of the second"
    assert client.get("shared").spec.metadata == {"of": "the first"}
    first, second = client.get("shared"), client.get("shared")
    second.update(description="again of the second")
    before = len(shared.history())
    with pytest.raises(StaleEdit, match="description") as caught:
        first.update(description="of the first", metadata={"more": "1"})
    assert caught.value.details["fields"] == ["description"]
    assert len(shared.history()) == before
    kept = client.get("shared").spec
    assert (kept.description, kept.metadata) == ("again of the second", {"of": "the first"})


def test_the_shell_reads_again_and_changes_what_it_was_asked_to(client, shared):
    handle = client.get("shared")
    told = json.loads(shell("update", "shared", "--description", "of the shell", "--no-wait", "--json"))
    assert "of the shell" in json.dumps(told)
    handle.update(name="Shared by all")
    assert client.get("shared").spec.description == "of the shell"
