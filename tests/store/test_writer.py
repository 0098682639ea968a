"""The writer's thread: what waits is committed together, a failing write disturbs nobody, and listing is quick."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time

import pytest

from mdeploy_lab.errors import NameTaken
from mdeploy_lab.store.sqlite import SqliteStore
from tests.store.conftest import turn
from tests.store.making import created, event, record, spec


@pytest.fixture
async def store(tmp_path):
    opened = SqliteStore(tmp_path / "mdeploy.db", shared=False)
    await opened.open()
    yield opened
    await opened.close()


class Held:
    """Keeps the writer's thread busy, so that what comes meanwhile waits together."""

    def __init__(self, store: SqliteStore) -> None:
        self.go = threading.Event()
        self.future = store._writer.submit(lambda tx: self.go.wait(30), reads=True)

    async def let_go(self) -> None:
        await turn()
        self.go.set()
        await asyncio.wrap_future(self.future)


def commits(store: SqliteStore) -> list[str]:
    """Return a list that grows with every commit."""
    seen: list[str] = []
    store._writer._connection.set_trace_callback(lambda sql: seen.append(sql) if sql == "COMMIT" else None)
    return seen


async def test_what_waits_is_committed_together(store):
    made = await created(store)
    held = Held(store)
    seen = commits(store)
    asked = [asyncio.ensure_future(store.add_events(made.uid, [event(f"{n}")])) for n in range(30)]
    await held.let_go()
    await asyncio.gather(*asked)
    assert 1 <= len(seen) <= 2
    assert [e.message for e in await store.events(made.uid)] == [f"{n}" for n in range(30)]


async def test_a_refused_write_leaves_nothing_and_the_others_of_its_group_stay(store):
    held = Held(store)
    seen = commits(store)
    ids = ["a-1", "b-1", "a-1", "c-1"]
    asked = [asyncio.ensure_future(created(store, record(id_, spec(f"name {n}")))) for n, id_ in enumerate(ids)]
    await held.let_go()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(a, NameTaken) for a in answers] == [False, False, True, False]
    assert len(seen) <= 2
    assert {r.id for r in await store.all()} == {"a-1", "b-1", "c-1"}


async def test_a_write_that_breaks_the_group_fails_alone(store):
    made = await created(store)
    held = Held(store)
    good = [asyncio.ensure_future(store.add_events(made.uid, [event(f"{n}")])) for n in range(3)]
    bad = asyncio.ensure_future(store._write(lambda tx: tx.connection.execute("INSERT INTO clients VALUES ('no', 'x', '{}')")))
    more = asyncio.ensure_future(store.add_events(made.uid, [event("3")]))
    await held.let_go()
    answers = await asyncio.gather(*good, bad, more, return_exceptions=True)
    assert "FOREIGN KEY" in str(answers[3])
    assert isinstance(answers[3].__cause__, sqlite3.IntegrityError)
    assert [e.message for e in await store.events(made.uid)] == ["0", "1", "2", "3"]


async def test_a_programming_error_belongs_to_its_caller(store):
    made = await created(store)
    with pytest.raises(ZeroDivisionError):
        await store._write(lambda tx: 1 / 0)
    assert len(await store.add_events(made.uid, [event()])) == 1


async def test_a_write_that_was_cancelled_before_its_turn_does_not_happen(store):
    made = await created(store)
    held = Held(store)
    asked = asyncio.ensure_future(store.remove(made.uid))
    await turn()
    asked.cancel()
    await held.let_go()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await store.add_events(made.uid, [event()])
    assert await store.get(made.uid) == made


async def test_reading_does_not_wait_for_writing(store):
    made = await created(store)
    held = Held(store)
    assert await asyncio.wait_for(store.get(made.uid), 10) == made
    assert not held.future.done()
    await held.let_go()


async def test_a_thousand_deployments_are_listed_within_20_ms(store):
    many = [record(f"d-{n}", spec(f"name {n}", metadata={"team": "x" * 50}), seconds=n) for n in range(1000)]
    await asyncio.gather(*(created(store, made) for made in many))
    assert len(await store.all()) == 1000
    best = 1.0
    for _ in range(10):
        start = time.perf_counter()
        found = await store.all()
        best = min(best, time.perf_counter() - start)
    assert [r.id for r in found] == [f"d-{n}" for n in reversed(range(1000))]
    assert best <= 0.020
