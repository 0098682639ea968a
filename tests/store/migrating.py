"""A process that migrates a database and says each statement, then waits for leave to run it: a test kills it there."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

from mdeploy_lab.store.migrations import MIGRATIONS, Migration
from mdeploy_lab.store.sqlite import SqliteStore

FILL = "INSERT INTO grown WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT hex(i) FROM n"
STATEMENTS = (
    "CREATE TABLE grown (body TEXT)",
    FILL,
    "ALTER TABLE deployments ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'",
    "UPDATE deployments SET version = version + 1000",
    FILL,
)


class Told(tuple[str, ...]):
    """Statements that are said before they run, and whose end is said too."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        for number, statement in enumerate((*super().__iter__(), "")):
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
            sys.stdin.readline()
            if statement:
                yield statement


GROWN = Migration(len(MIGRATIONS) + 1, "grown", "A test.", Told(STATEMENTS))


async def migrate(path: Path, *, shared: bool) -> None:
    store = SqliteStore(path, shared=shared, migrations=(*MIGRATIONS, GROWN))
    await store.open()
    await store.close()


if __name__ == "__main__":
    asyncio.run(migrate(Path(sys.argv[1]), shared=sys.argv[2] == "shared"))
