"""Whole logs: in order, exact, found after rotation, in memory that does not grow; and whose logs are kept."""

from __future__ import annotations

import json
import tracemalloc
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from mdeploy_lab.engines.base import LogQuery
from mdeploy_lab.engines.local.logs import NEWEST, Follower, Logs
from mdeploy_lab.engines.local.raw_logs import RawLogs
from mdeploy_lab.engines.local.whole_logs import WholeLogs, kept_replicas

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def write(path: Path, seconds: range, *, replica: str, revision: int = 1, text: str = "") -> None:
    with path.open("a", encoding="utf-8") as file:
        for second in seconds:
            at = (START + timedelta(seconds=second)).isoformat()
            line = {"at": at, "message": text or str(second), "stream": "log", "replica": replica, "revision": revision}
            file.write(json.dumps(line) + "\n")


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Two replicas whose lines alternate, the first with a rotated file, and the raw output of the second."""
    write(tmp_path / "a-1-x.jsonl.1", range(0, 100, 2), replica="a-1-x")
    write(tmp_path / "a-1-x.jsonl", range(100, 200, 2), replica="a-1-x")
    write(tmp_path / "a-2-y.jsonl", range(51, 200, 2), replica="a-2-y", revision=2)
    write(tmp_path / "a-2-y.raw.jsonl", range(500, 503), replica="a-2-y", revision=2)
    return tmp_path


def seconds(directory: Path, query: LogQuery) -> list[int]:
    return [int(line.message) for line in WholeLogs(directory, query).lines()]


def test_the_lines_of_all_replicas_come_in_the_order_of_time(two: Path) -> None:
    wanted = sorted([*range(0, 200, 2), *range(51, 200, 2), *range(500, 503)])
    assert seconds(two, LogQuery(tail=None)) == wanted
    assert seconds(two, LogQuery(tail=7)) == wanted[-7:]
    assert seconds(two, LogQuery(tail=10**9)) == wanted


def test_one_replica_one_revision_and_a_time_can_be_asked_for(two: Path) -> None:
    assert seconds(two, LogQuery(tail=None, replica="a-1-x")) == list(range(0, 200, 2))
    assert seconds(two, LogQuery(tail=None, revision=2)) == [*range(51, 200, 2), *range(500, 503)]
    since = START + timedelta(seconds=190)
    assert seconds(two, LogQuery(tail=None, since=since)) == [*range(190, 200), *range(500, 503)]


def test_a_log_that_is_rotated_while_it_is_read_is_read_once_and_to_its_end(two: Path) -> None:
    lines = WholeLogs(two, LogQuery(tail=None, replica="a-1-x")).lines()
    got = [next(lines)]
    (two / "a-1-x.jsonl.1").rename(two / "a-1-x.jsonl.2")
    (two / "a-1-x.jsonl").rename(two / "a-1-x.jsonl.1")
    write(two / "a-1-x.jsonl", range(300, 310), replica="a-1-x")
    got += list(lines)
    assert [int(line.message) for line in got] == list(range(0, 200, 2))


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    write(tmp_path / "a-1-x.jsonl", range(100_000), replica="a-1-x", text="x" * 200)
    tracemalloc.start()
    try:
        count = sum(1 for _ in WholeLogs(tmp_path, LogQuery(tail=90_000)).lines())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 90_000
    assert peak < 3_000_000


async def test_more_lines_than_are_collected_from_the_end_are_the_same_lines(tmp_path: Path) -> None:
    directory = tmp_path / "u"
    directory.mkdir()
    write(directory / "a-1-x.jsonl", range(NEWEST + 50), replica="a-1-x")
    logs = Logs(tmp_path, RawLogs(lambda: START), interval=0.1)
    for tail in (NEWEST, NEWEST + 10):
        got = [line.message async for line in logs.read("u", LogQuery(tail=tail), follow=False)]
        assert got == [str(n) for n in range(NEWEST + 50 - tail, NEWEST + 50)]


@pytest.mark.parametrize("tail", [100, None])
async def test_a_line_that_is_written_while_one_begins_to_follow_comes_once(tmp_path: Path, tail: int | None) -> None:
    directory = tmp_path / "u"
    directory.mkdir()
    log = directory / "a-1-x.jsonl"
    write(log, range(5), replica="a-1-x")
    logs = Logs(tmp_path, RawLogs(lambda: START), interval=0.01)
    got = []
    lines = logs.read("u", LogQuery(tail=tail), follow=True)
    skip = Follower.skip

    def skip_and_write(follower: Follower) -> None:
        skip(follower)
        write(log, range(5, 8), replica="a-1-x")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Follower, "skip", skip_and_write)
        async for line in lines:
            got.append(int(line.message))
            if len(got) == 8:
                break
    assert got == list(range(8))


def test_replicas_are_known_by_their_logs(two: Path) -> None:
    newer, older = kept_replicas(two, frozenset({"a-2-y"}))
    assert (newer.replica, newer.revision, newer.live) == ("a-2-y", 2, True)
    assert (older.replica, older.revision, older.live) == ("a-1-x", 1, False)
    assert older.first == START
    assert newer.last == START + timedelta(seconds=502)
    assert older.bytes == sum(p.stat().st_size for p in two.glob("a-1-x*"))


def test_no_directory_has_no_logs(tmp_path: Path) -> None:
    assert kept_replicas(tmp_path / "none", frozenset()) == []
    assert list(WholeLogs(tmp_path / "none", LogQuery(tail=None)).lines()) == []
