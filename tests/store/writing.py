"""A process that writes until it is killed, and says on its output what it was told is durable."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from mdeploy_lab.store.sqlite import SqliteStore
from tests.store.making import client, created, entry, event, record, revision, spec


async def write(path: Path, prefix: str, *, shared: bool) -> None:
    store = SqliteStore(path, shared=shared)
    await store.open()
    await asyncio.gather(*(one(store, f"{prefix}-{n}") for n in range(4)))


async def one(store: SqliteStore, id_: str) -> None:
    """Change one deployment for ever: each change with a revision, an event and a client."""
    made = await created(store, record(id_))
    number = 1
    while True:
        number += 1
        wanted = spec(id_, version=number)
        said = entry(number, wanted, revision=number)
        await store.change(made.uid, wanted, based_on=number - 1, entry=said, revision=revision(number, wanted))
        kept = await store.add_events(made.uid, [event(f"{number}")])
        await store.put_client(made.uid, client(f"c{number}"), new=True)
        sys.stdout.write(f"{made.uid} {number} {kept[0].seq}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), sys.argv[2], shared=sys.argv[3] == "shared"))
