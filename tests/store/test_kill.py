"""A process killed in the middle of its commits or of a migration: what was acknowledged is there, and nothing by half."""

from __future__ import annotations

import random
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mdeploy_lab.store.sqlite import SqliteStore
from tests.store.making import client, created, event, record
from tests.store.migrating import STATEMENTS

ROOT = Path(__file__).parents[2]
KILLS = 4
DEADLINE = 60.0


def killed_while_writing(path: Path, prefix: str, journal: str, lines: int) -> dict[str, tuple[int, int]]:
    """Run the writer until it acknowledged so many rounds, kill it, and return what it acknowledged."""
    command = [sys.executable, "-m", "tests.store.writing", str(path), prefix, journal]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    end = time.monotonic() + DEADLINE
    said = []
    try:
        while len(said) < lines:
            ready, _, _ = select.select([process.stdout], [], [], max(0, end - time.monotonic()))
            line = process.stdout.readline() if ready else b""
            assert line, f"the writer said {len(said)} of {lines} lines"
            said.append(line)
    finally:
        process.kill()
        rest, _ = process.communicate()
    said += [line for line in rest.splitlines(keepends=True) if line.endswith(b"\n")]
    acknowledged = {}
    for line in said:
        uid, number, seq = line.decode().split()
        acknowledged[uid] = (int(number), int(seq))
    return acknowledged


@pytest.mark.parametrize("journal", ["wal", "shared"])
async def test_what_was_acknowledged_survives_kill_9(tmp_path, journal):
    path = tmp_path / "mdeploy.db"
    chance = random.Random(7)  # the moment of the kill is chance anyway; this spreads it
    acknowledged: dict[str, tuple[int, int]] = {}
    for round_ in range(KILLS):
        acknowledged |= killed_while_writing(path, f"d{round_}", journal, chance.randint(1, 60))
        store = SqliteStore(path, shared=journal == "shared")
        await store.open()
        records = {r.uid: r for r in await store.all()}
        for uid, (number, seq) in acknowledged.items():
            found = records[uid]
            assert found.resource_version in {number, number + 1}
            assert seq in {e.seq for e in await store.events(uid)}
            assert f"c{number}" in {c.info.name for c in await store.clients(uid)}
        for uid, found in records.items():
            numbers = list(range(1, found.resource_version + 1))
            revisions = await store.revisions(uid)
            assert [r.number for r in revisions] == numbers
            assert [h.number for h in await store.history(uid)] == numbers
            assert found.spec.template == revisions[-1].template
        await store.close()
    assert len(acknowledged) >= KILLS


def killed_while_migrating(path: Path, journal: str, statements: int) -> None:
    """Let a migration run so many of its statements, and kill it; with one more than there are, let it end."""
    command = [sys.executable, "-m", "tests.store.migrating", str(path), journal]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, bufsize=0)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        for number in range(min(statements, len(STATEMENTS)) + 1):
            assert process.stdout.readline() == f"{number}\n".encode()
            if number < statements:
                process.stdin.write(b"\n")
        if statements > len(STATEMENTS):
            assert process.wait(DEADLINE) == 0
    finally:
        process.kill()
        process.communicate()


async def contents(path: Path, *, shared: bool) -> list[object]:
    """Return everything that today's code reads in the database."""
    store = SqliteStore(path, shared=shared)
    await store.open()
    try:
        records = await store.all()
        asks = (store.revisions, store.history, store.events, store.clients)
        return [records, [[await ask(r.uid) for ask in asks] for r in records]]
    finally:
        await store.close()


@pytest.mark.parametrize("journal", ["wal", "shared"])
async def test_a_migration_that_is_killed_anywhere_leaves_the_database_as_it_was(tmp_path, journal):
    path, shared = tmp_path / "mdeploy.db", journal == "shared"
    store = SqliteStore(path, shared=shared)
    await store.open()
    for name in ("churn", "fraud"):
        made = await created(store, record(name))
        await store.add_events(made.uid, [event("kept")])
        await store.put_client(made.uid, client("web"), new=True)
    await store.close()
    before = await contents(path, shared=shared)
    for last in range(len(STATEMENTS) + 1):
        killed_while_migrating(path, journal, last)
        assert await contents(path, shared=shared) == before, f"killed before statement {last}"
        assert not list(tmp_path.glob("*.part"))
    killed_while_migrating(path, journal, len(STATEMENTS) + 1)
    (backup,) = tmp_path.glob("*.bak")
    assert await contents(backup, shared=shared) == before
