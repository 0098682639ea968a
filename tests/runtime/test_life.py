"""A replica's life as the engine sees it: hello, phases, failures, drain, wedge, exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.runtime.conftest import DEADLINE, make_spec

NAMES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
BODY = {"dataframe_split": {"columns": NAMES, "data": [[5.1, 3.5, 1.4, 0.2]]}}


def slow(seconds: float) -> dict:
    return {"dataframe_split": {"columns": ["x"], "data": [[seconds]]}}


def eventually(condition, timeout: float = 10.0):
    end = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < end, "not within the deadline"
        time.sleep(0.01)
    return found


def test_the_warm_parent_has_one_thread(nursery):
    assert nursery.threads == 1


def test_hello_comes_at_once_and_phases_follow(start, zoo):
    running = start(zoo / "iris", wait=None)
    hello = running.next_line()
    assert hello["kind"] == "hello"
    assert hello["nonce"] == running.spec.nonce
    assert hello["pid"] == running.pid
    assert hello["state"] in ("starting", "ready")
    ready = running.until("ready")
    assert [phase["name"] for phase in ready["phases"]] == ["load", "warm-up", "ready"]
    assert all(phase["seconds"] is not None for phase in ready["phases"])


def test_who_connects_later_hears_the_whole_state(start, zoo):
    running = start(zoo / "iris")
    with socket.socket(socket.AF_UNIX) as other:
        other.settimeout(5)
        other.connect(running.spec.control)
        hello = json.loads(other.makefile().readline())
    assert hello["state"] == "ready"
    assert hello["address"] == running.spec.listen


def test_the_sockets_are_private(start, zoo):
    running = start(zoo / "iris")
    for path in (running.spec.control, running.spec.listen.removeprefix("unix:"), running.spec.log, running.spec.raw_log):
        assert Path(path).stat().st_mode & 0o077 == 0, path


def test_a_second_process_cannot_be_the_same_replica(start, zoo, nursery):
    running = start(zoo / "iris")
    path = Path(running.spec.control).parent / f"{running.spec.replica}.json"
    pid = int(nursery.ask(f"fork {path}")[1])
    assert eventually(lambda: (answer := nursery.ask(f"wait {pid}"))[0] == "ended" and answer) == ["ended", "4"]
    with running.client() as client:
        assert client.get("/ping").status_code == 200


@pytest.mark.parametrize(
    ("model", "reason", "message", "hint"),
    [
        ("missing", "missing_library", "surely_not_installed", "pip install surely_not_installed"),
        ("broken", "import_failed", "no_such_name", "evidence"),
        ("memory", "out_of_memory", "does not fit into the memory", "larger instance type"),
        ("main", "load_failed", "'NotebookScaler', which was defined in the notebook", "module beside the notebook"),
        ("nothing", "model_not_found", "MLmodel", "MLmodel"),
        ("warm", "warmup_failed", "ZeroDivisionError", "evidence"),
    ],
)
def test_a_model_that_does_not_start_says_why_and_ends_with_3(start, zoo, tmp_path, model, reason, message, hint):
    path = zoo / model if model != "nothing" else tmp_path
    running = start(path, wait="exited")
    failure = running.lines[-1]["failure"]
    assert failure["reason"] == reason
    assert message in failure["message"]
    assert hint in failure["hint"]
    assert "Traceback" in failure["evidence"]
    assert "\n" not in failure["message"]
    assert failure["replica"] == running.spec.replica
    running.order(0)
    assert running.wait_exit(1.5) == 3


def test_a_method_that_the_model_lacks(start, zoo):
    running = start(zoo / "iris", method="transmogrify", wait="exited")
    failure = running.lines[-1]["failure"]
    assert failure["reason"] == "load_failed"
    assert "transmogrify" in failure["message"]


def test_a_failed_replica_lingers_for_two_seconds_at_most(start, zoo):
    running = start(zoo / "missing", wait="exited")
    assert running.wait_exit(4) == 3


def test_a_model_that_crashes_leaves_its_stack_in_the_raw_log(start, zoo):
    running = start(zoo / "crashes", wait=None)
    assert running.wait_exit(DEADLINE) == -signal.SIGABRT
    assert "load_context" in running.raw()


def test_a_model_that_hangs_on_load_still_answers_on_the_control_socket_and_ends_on_order(start, zoo):
    running = start(zoo / "hangs", wait=None)
    hello = running.next_line()
    assert hello["state"] == "starting"
    assert hello["phases"][0]["seconds"] is None
    running.order(5)
    assert running.wait_exit(2) == 0


def test_sigterm_ends_an_idle_replica_with_0(start, zoo):
    running = start(zoo / "iris")
    os.kill(running.pid, signal.SIGTERM)
    assert running.wait_exit(3) == 0
    assert not Path(running.spec.control).exists()


@pytest.mark.parametrize("listen", ["unix", "tcp:127.0.0.1:0"])
def test_drain_under_load_fails_no_request(start, zoo, listen):
    running = start(zoo / "slow", listen=listen)
    outcomes: list[tuple[int, str]] = []
    stop = threading.Event()

    def call() -> None:
        with running.client() as client:
            while not stop.is_set():
                try:
                    answer = client.post("/invocations", json=slow(0.02))
                except httpx.ConnectError:  # the replica has gone: the gateway would have gone elsewhere long ago
                    outcomes.append((0, "refused"))
                    return
                outcomes.append((answer.status_code, answer.headers.get("connection", "")))
                if answer.status_code == 503:
                    return

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(outcomes) > 20)
    running.order(10)
    for thread in threads:
        thread.join(10)
    stop.set()
    assert running.wait_exit(5) == 0
    assert {status for status, _ in outcomes} <= {200, 503, 0}
    assert all(connection == "close" for status, connection in outcomes if status == 503)
    assert sum(status == 200 for status, _ in outcomes) > 20
    assert "stopping" in [line["state"] for line in iter(lambda: running.next_line(2), None)]


def test_a_running_request_is_finished_before_the_end(start, zoo):
    running = start(zoo / "slow")
    answers: list[httpx.Response] = []
    with running.client() as client:
        thread = threading.Thread(target=lambda: answers.append(client.post("/invocations", json=slow(2.0))))
        thread.start()
        eventually(lambda: _busy(running))
        running.order(10)
        running.until("stopping")
        assert client.get("/health").headers["connection"] == "close"
        eventually(lambda: client.get("/health").status_code == 503)
        refused = client.post("/invocations", json=slow(0))
        thread.join(5)
    assert refused.status_code == 503
    assert refused.json()["code"] == "draining"
    assert refused.headers["connection"] == "close"
    assert answers[0].status_code == 200
    assert running.wait_exit(3) == 0


def test_the_drain_has_an_end(start, zoo):
    running = start(zoo / "slow")
    with running.client() as client:
        thread = threading.Thread(target=_cut_off, args=(client,))
        thread.start()
        eventually(lambda: _busy(running))
        begun = time.monotonic()
        running.order(0.5)
        assert running.wait_exit(4) == 0
        assert time.monotonic() - begun < 3.5
        thread.join(5)


def test_a_stuck_model_times_out_is_reported_and_recovers(start, zoo):
    running = start(zoo / "slow", predict_timeout=0.5)
    with running.client() as client:
        answer = client.post("/invocations", json=slow(2.5))
        assert answer.status_code == 504
        assert answer.json()["code"] == "predict_timeout"
        running.until("unhealthy", 5)
        assert any(re.search(r"stuck: .* at slow\.py, line \d+, in predict", line["message"]) for line in running.log())
        begun = time.monotonic()
        assert client.post("/invocations", json=slow(0)).json()["code"] == "wedged"
        assert time.monotonic() - begun < 0.3
        assert client.get("/health").json()["live"] is False
        running.until("ready", 5)
        assert client.post("/invocations", json=slow(0)).status_code == 200


def test_waiting_behind_a_long_prediction_times_out_too_and_is_dropped(start, zoo):
    running = start(zoo / "slow", predict_timeout=1.0)
    with running.client() as client:
        threads = [threading.Thread(target=client.post, args=("/invocations",), kwargs={"json": slow(0.9)}) for _ in range(6)]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert client.post("/invocations", json=slow(0)).status_code == 200
        assert time.monotonic() - begun < 3.5, "abandoned work was done"


def test_a_caller_who_leaves_takes_queued_work_along(start, zoo):
    running = start(zoo / "slow")
    with running.client() as client:
        first = threading.Thread(target=client.post, args=("/invocations",), kwargs={"json": slow(2.0)})
        first.start()
        eventually(lambda: _busy(running))
        for _ in range(5):
            with pytest.raises(httpx.ReadTimeout):
                httpx_post_briefly(running, slow(5.0))
        first.join(5)
        begun = time.monotonic()
        assert client.post("/invocations", json=slow(0)).status_code == 200
        assert time.monotonic() - begun < 1
    assert sum(line.get("status") == 499 for line in running.log()) == 5


def httpx_post_briefly(running, body):
    with running.client(timeout=0.08) as client:
        client.post("/invocations", json=body)


def test_tcp_needs_the_secret(start, zoo):
    running = start(zoo / "iris", listen="tcp:127.0.0.1:0")
    port = int(running.address.rpartition(":")[2])
    assert port > 0
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as stranger:
        for headers in ({}, {"x-mdeploy-replica": "wrong"}):
            answer = stranger.post("/invocations", json=BODY, headers=headers)
            assert answer.status_code == 403
            assert answer.json()["code"] == "not_the_gateway"
        assert stranger.get("/health").status_code == 403
    with running.client() as client:
        assert client.post("/invocations", json=BODY).json() == {"predictions": [0]}


def test_forked_to_ready_is_quick(start, zoo):
    took = []
    for _ in range(3):
        begun = time.monotonic()
        start(zoo / "iris")
        took.append(time.monotonic() - begun)
    print(took)
    assert min(took) < 2, "0.1 s on a quiet machine"


def test_as_a_module_with_a_spec_file(zoo, runs):
    spec = make_spec(runs, zoo / "iris", environ={"TZ": "Asia/Tokyo", "GREETING": "hello"})
    path = runs / "module.json"
    path.write_text(spec.model_dump_json())
    process = subprocess.Popen([sys.executable, "-m", "mdeploy_lab.runtime.replica", str(path)])
    try:
        eventually(lambda: _listens(spec.listen.removeprefix("unix:")), 60)
        with httpx.Client(
            transport=httpx.HTTPTransport(uds=spec.listen.removeprefix("unix:")), base_url="http://r", timeout=30
        ) as client:
            assert client.post("/invocations", json=BODY).json() == {"predictions": [0]}
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
    assert re.fullmatch(r"\s*", Path(spec.raw_log).read_text()), "nothing is written past the log"


def _cut_off(client: httpx.Client) -> None:
    with pytest.raises(httpx.HTTPError):
        client.post("/invocations", json=slow(20))


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as tried:
        return tried.connect_ex(path) == 0


def _busy(running) -> bool:
    """Whether a prediction runs: a fresh control connection tells how many."""
    with socket.socket(socket.AF_UNIX) as other:
        other.settimeout(5)
        other.connect(running.spec.control)
        return json.loads(other.makefile().readline())["in_flight"] > 0
