"""The local engine's parts that need no process."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdeploy_lab.config import INSTANCE_TYPES
from mdeploy_lab.engines.base import LogQuery
from mdeploy_lab.engines.local.backwards import BLOCK, lines_backwards
from mdeploy_lab.engines.local.environ import base_environment, needs_exec, resolve_secrets
from mdeploy_lab.engines.local.environments import requirement_differences
from mdeploy_lab.engines.local.files import ReplicaFiles, checked, open_listener, take
from mdeploy_lab.engines.local.logs import Follower, expire, newest
from mdeploy_lab.engines.local.memory import Gauge
from mdeploy_lab.engines.local.problems import StartProblem, memory_problem
from mdeploy_lab.engines.local.processes import Exit
from mdeploy_lab.engines.local.raw_logs import RAW_BYTES, RawLogs
from mdeploy_lab.engines.local.slot import _until
from mdeploy_lab.engines.local.timing import BackOff, Timing
from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.paths import Home

MIB = 2**20
START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_the_first_restart_is_immediate_and_later_ones_wait_longer() -> None:
    back_off = BackOff(Timing())
    waits = [back_off.exited(ready_for=1.0) for _ in range(9)]
    assert waits == [0, 0.5, 1, 2, 4, 8, 16, 30, 30]
    assert back_off.exited(ready_for=61.0) == 0


def test_five_exits_without_being_ready_are_a_crash_loop() -> None:
    back_off = BackOff(Timing())
    for _ in range(4):
        back_off.exited(ready_for=None)
        assert not back_off.looping
    back_off.exited(ready_for=None)
    assert back_off.looping
    back_off.exited(ready_for=0.1)
    assert not back_off.looping


async def test_a_slot_that_is_told_to_end_when_its_process_has_just_exited_ends() -> None:
    exited = asyncio.get_running_loop().create_future()
    exited.set_result(Exit(code=0))

    async def run() -> None:
        await _until(exited, 1)
        await asyncio.Event().wait()

    running = asyncio.create_task(run())
    await asyncio.sleep(0)
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=5)
    assert done, "the cancellation was lost"
    assert running.cancelled()


def test_only_listed_variables_travel() -> None:
    source = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "SSL_CERT_FILE": "/c",
        "JUPYTERHUB_API_TOKEN": "x",
        "JPY_PARENT_PID": "1",
        "MLFLOW_TRACKING_TOKEN": "x",
        "PYTHONPATH": "/evil",
        "SECRET": "x",
    }
    kept = base_environment(source)
    assert set(source) & set(kept) == {"PATH", "LC_ALL", "SSL_CERT_FILE"}
    assert kept["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from file\n")
    found = resolve_secrets({"A": "env:X", "B": f"file:{file}"}, {"X": "from env"})
    assert found == {"A": "from env", "B": "from file"}
    with pytest.raises(StartProblem, match="no variable Y"):
        resolve_secrets({"A": "env:Y"}, {})
    with pytest.raises(StartProblem, match="No such file"):
        resolve_secrets({"A": f"file:{tmp_path}/none"}, {})


@pytest.mark.parametrize(("name", "expected"), [("OMP_NUM_THREADS", True), ("PYTHONHASHSEED", True), ("COLOUR", False)])
def test_variables_that_only_a_new_program_reads(name: str, *, expected: bool) -> None:
    assert needs_exec({name: "1"}) is expected


def test_the_memory_hint_names_the_next_larger_type() -> None:
    small = INSTANCE_TYPES[1]
    problem = memory_problem(small, INSTANCE_TYPES, sure=True)
    assert problem.message == "it needs more than 1 GiB"
    assert problem.hint == "use --instance-type medium (4 GiB)"
    assert "config.toml" in memory_problem(INSTANCE_TYPES[-1], INSTANCE_TYPES, sure=True).hint


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a\0b", "x" * 200])
def test_names_that_could_leave_their_directory_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        checked(name)


def test_a_life_lock_is_held_once_and_goes_with_its_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "life"
    first = take(path)
    assert first is not None
    assert take(path) is None
    copy = os.dup(first)
    os.close(first)
    assert take(path) is None
    os.close(copy)
    again = take(path)
    assert again is not None
    os.close(again)


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_a_listener_holds_connections_before_anybody_accepts(tmp_path: Path, kind: str) -> None:
    listener, target = open_listener(kind, tmp_path / "r.sock")  # type: ignore[arg-type]
    where, _, place = target.partition(":")
    family, address = (socket.AF_UNIX, place) if where == "unix" else (socket.AF_INET, ("127.0.0.1", int(place.split(":")[1])))
    with listener, socket.socket(family) as caller:
        caller.connect(address)
        caller.sendall(b"x")


def test_a_new_listener_takes_the_place_of_an_old_socket_file(tmp_path: Path) -> None:
    path = tmp_path / "r.sock"
    old, _ = open_listener("unix", path)
    old.close()
    new, _ = open_listener("unix", path)
    with new, socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))


def test_socket_paths_stay_short_for_the_longest_names(tmp_path: Path) -> None:
    home = Home(tmp_path, Path("/run/user/1000/mdeploy-0123456789ab"))
    files = ReplicaFiles(home, "u" * 32, f"{'d' * 63}-1000-abcde")
    assert len(str(files.control) + ".lock") <= 107


@given(
    st.lists(st.text(alphabet=st.characters(blacklist_characters="\n", blacklist_categories=["Cs"]), max_size=50), max_size=30)
)
def test_reading_backwards_gives_the_lines_in_reverse(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = tmp_path_factory.mktemp("backwards") / "file"
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    assert list(lines_backwards(path)) == lines[::-1]


def test_reading_backwards_crosses_blocks(tmp_path: Path) -> None:
    path = tmp_path / "file"
    lines = [f"{n} {'é' * (n % 97)}" for n in range(5000)]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert path.stat().st_size > 3 * BLOCK
    assert list(lines_backwards(path)) == lines[::-1]
    assert list(lines_backwards(tmp_path / "none")) == []


def line(second: float, message: str, revision: int = 1) -> str:
    return json.dumps({"at": (START + timedelta(seconds=second)).isoformat(), "message": message, "revision": revision}) + "\n"


def test_rotated_files_of_several_replicas_are_merged_by_time(tmp_path: Path) -> None:
    (tmp_path / "a-1-x.jsonl.2").write_text(line(1, "one"))
    (tmp_path / "a-1-x.jsonl.1").write_text(line(3, "three"))
    (tmp_path / "a-1-x.jsonl").write_text(line(5, "five") + '{"half')
    (tmp_path / "a-1-y.jsonl").write_text(line(2, "two") + line(4, "four"))
    (tmp_path / "a-1-y.raw.jsonl").write_text(line(6, "six"))
    os.utime(tmp_path / "a-1-x.jsonl", (START.timestamp() + 5.5,) * 2)
    found = [x.message for x in newest(tmp_path, LogQuery(tail=None))]
    assert found == ["one", "two", "three", "four", "five", '{"half', "six"]
    assert [x.message for x in newest(tmp_path, LogQuery(tail=2))] == ['{"half', "six"]
    assert {x.replica for x in newest(tmp_path, LogQuery(replica="a-1-y"))} == {"a-1-y"}


def test_the_newest_lines_of_a_large_log_are_found_without_reading_all_of_it(tmp_path: Path) -> None:
    with (tmp_path / "a-1-x.jsonl").open("w") as file:
        for n in range(100_000):
            file.write(line(n, f"line {n}"))
    begun = datetime.now(timezone.utc)
    found = newest(tmp_path, LogQuery(tail=100))
    assert (datetime.now(timezone.utc) - begun).total_seconds() < 0.5
    assert [x.message for x in found] == [f"line {n}" for n in range(99_900, 100_000)]


def test_following_survives_a_rotation_and_half_lines(tmp_path: Path) -> None:
    path = tmp_path / "a-1-x.jsonl"
    path.write_text(line(1, "old"))
    follower = Follower(tmp_path, LogQuery())
    follower.skip()
    with path.open("a") as file:
        file.write(line(2, "new") + line(3, "half")[:10])
    assert [x.message for x in follower.news()] == ["new"]
    with path.open("a") as file:
        file.write(line(3, "half")[10:] + line(4, "last of the old file"))
    path.rename(tmp_path / "a-1-x.jsonl.1")
    path.write_text(line(5, "first of the new file"))
    assert [x.message for x in follower.news()] == ["half", "last of the old file", "first of the new file"]
    (tmp_path / "a-1-z.jsonl").write_text(line(6, "another replica"))
    assert [x.message for x in follower.news()] == ["another replica"]
    assert follower.news() == []


def test_raw_output_gets_a_time_once_and_its_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    raw = tmp_path / "a-3-x.raw"
    logs = RawLogs(lambda: START)
    raw.write_text("one\ntwo\nunfini")
    logs.collect(tmp_path)
    logs.collect(tmp_path)
    with raw.open("a") as file:
        file.write("shed\n")
    logs.collect(tmp_path)
    found = newest(tmp_path, LogQuery())
    assert [x.message for x in found] == ["one", "two", "unfinished"]
    assert {(x.stream, x.revision, x.replica) for x in found} == {("stderr", 3, "a-3-x")}
    with raw.open("a") as file:
        file.write("x" * 80 + "\n")
        file.write(("y" * 79 + "\n") * (2 * RAW_BYTES // 80))
    for _ in range(4):
        logs.collect(tmp_path)
    assert raw.stat().st_size == 0
    with raw.open("a") as file:
        file.write("after the cut\n")
    logs.collect(tmp_path)
    assert newest(tmp_path, LogQuery(tail=1))[0].message == "after the cut"


def test_old_logs_expire_and_those_of_living_replicas_stay(tmp_path: Path) -> None:
    directory = tmp_path / "uid"
    directory.mkdir()
    now = START.timestamp()
    for name, age in (("old-1-a.jsonl", 8), ("old-1-a.raw.jsonl", 8), ("new-1-b.jsonl", 6), ("living-1-c.jsonl", 30)):
        (directory / name).write_text("{}")
        os.utime(directory / name, (now - age * 86400,) * 2)
    assert expire(tmp_path, 7, now=now, living=frozenset({"living-1-c"})) == 2
    assert sorted(p.name for p in directory.iterdir()) == ["living-1-c.jsonl", "new-1-b.jsonl"]


def test_requirements_that_differ_are_told_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "pydantic>=2\npydantic==1.0\nnot-there==3  # why\n# nothing\n--extra-index-url x\ntomli; python_version < '3'\n"
    )
    (tmp_path / "python_env.yaml").write_text("python: 2.7.18\n")
    found = requirement_differences(tmp_path, sys.executable)
    assert len(found) == 3
    assert found[0].startswith("Python is ")
    assert "made with 2.7.18" in found[0]
    assert "pydantic" in found[1]
    assert "==1.0" in found[1]
    assert "not-there is not installed" in found[2]


def test_the_packages_of_another_interpreter_are_asked_for(tmp_path: Path, bare_python: str) -> None:
    (tmp_path / "requirements.txt").write_text("pydantic\n")
    assert requirement_differences(tmp_path, sys.executable) == []
    assert requirement_differences(tmp_path, bare_python) == ["pydantic is not installed; the model was made with pydantic"]
    assert requirement_differences(tmp_path, "/nowhere/python") == []


def test_private_memory_is_measured_only_when_it_may_have_changed() -> None:
    gauge = Gauge(1000 * MIB)
    for second in (-15, -10, -5, 0):
        assert gauge.due(300 * MIB, second), "it has just begun"
        assert not gauge.measured(30 * MIB, 300 * MIB, second)
    assert not gauge.due(300 * MIB, 29)
    assert gauge.due(300 * MIB, 31)
    assert not gauge.due(310 * MIB, 4)
    assert gauge.due(310 * MIB, 6)
    assert gauge.due(1100 * MIB, 0.5), "it may have grown to 830 MiB"
    assert not gauge.measured(30 * MIB, 900 * MIB, 0)
    assert not gauge.due(900 * MIB, 1)
    assert gauge.due(900 * MIB, 3), "shared pages may have been written to"
    assert gauge.measured(1001 * MIB, 1100 * MIB, 3)
