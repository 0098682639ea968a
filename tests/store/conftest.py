"""Stores of every kind, for the contract; a new kind adds one line to ``KINDS``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import pytest

from mdeploy_lab.store.base import Store
from mdeploy_lab.store.sqlite import SqliteStore
from tests.store.making import at


class Clock:
    """A time that tests set."""

    def __init__(self) -> None:
        self.now = at()

    def __call__(self) -> datetime:
        return self.now


Open = Callable[[], Awaitable[Store]]

KINDS = {
    "sqlite": lambda path, clock: SqliteStore(path / "mdeploy.db", clock=clock, shared=False),
    "sqlite-shared": lambda path, clock: SqliteStore(path / "mdeploy.db", clock=clock, shared=True),
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=list(KINDS))
async def reopen(request, tmp_path: Path, clock: Clock):
    """Return a function that opens the same store again, after closing it."""
    opened: list[Store] = []

    async def again() -> Store:
        for old in opened:
            await old.close()
        store = KINDS[request.param](tmp_path, clock)
        await store.open()
        opened[:] = [store]
        return store

    yield again
    for old in opened:
        await old.close()


@pytest.fixture
async def store(reopen: Open) -> Store:
    return await reopen()


@pytest.fixture
def heard(store: Store) -> list[tuple[str, str]]:
    """Return what listeners were told."""
    told: list[tuple[str, str]] = []
    store.subscribe(lambda uid, what: told.append((uid, what)))
    return told


async def turn() -> None:
    """Let callbacks run that are due."""
    for _ in range(3):
        await asyncio.sleep(0)
