"""A process killed in the middle of its commits: what was acknowledged is there, and nothing is there by half."""

from __future__ import annotations

import random
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mdeploy_lab.store.sqlite import SqliteStore

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
