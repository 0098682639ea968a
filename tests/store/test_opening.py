"""Opening: the journal that the file system can carry, migrations with a backup, files that only their owner reads."""

from __future__ import annotations

import re
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from mdeploy_lab.errors import HomeUnusable
from mdeploy_lab.store import filesystem, migrations
from mdeploy_lab.store.migrations import MIGRATIONS, Migration
from mdeploy_lab.store.opening import schema_version
from mdeploy_lab.store.sqlite import SqliteStore
from tests.store.making import client, created, event, record

NEXT = len(MIGRATIONS) + 1
COLOUR = Migration(NEXT, "colour", "A test.", ("ALTER TABLE deployments ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'",))
BROKEN = Migration(NEXT, "broken", "A test.", ("CREATE TABLE half (a)", "UPDATE deployments SET nothing = 1"))
REBUILD = Migration(
    NEXT,
    "rebuild",
    "A test.",
    (
        "CREATE TABLE anew AS SELECT * FROM deployments",
        "DROP TABLE deployments",
        """
        CREATE TABLE deployments (
            uid TEXT PRIMARY KEY, id TEXT, name TEXT, grp TEXT, api_name TEXT, version INTEGER, resource_version INTEGER,
            created_at TEXT, created_by TEXT, updated_at TEXT, updated_by TEXT, deleting INTEGER, spec TEXT, status TEXT
        )
        """,
        "INSERT INTO deployments SELECT * FROM anew",
        "DROP TABLE anew",
    ),
)
LOSS = Migration(NEXT, "loss", "A test.", ("UPDATE deployments SET uid = 'another'",))


async def opened(path: Path, **options) -> SqliteStore:
    store = SqliteStore(path, **options)
    await store.open()
    return store


def asked(path: Path, query: str):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchone()[0]


class TestJournal:
    async def test_a_local_file_system_gets_a_write_ahead_log(self, tmp_path):
        store = await opened(tmp_path / "mdeploy.db", shared=False)
        await created(store)
        assert (tmp_path / "mdeploy.db-wal").exists()
        assert store._writer._connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        await store.close()
        assert [p.name for p in tmp_path.iterdir()] == ["mdeploy.db"]

    async def test_a_shared_one_gets_a_rollback_journal_even_after_it_was_local(self, tmp_path):
        path = tmp_path / "mdeploy.db"
        store = await opened(path, shared=False)
        made = await created(store)
        await store.close()
        assert asked(path, "PRAGMA journal_mode") == "wal"
        store = await opened(path, shared=True)
        assert await store.all() == [made]
        await created(store, record("second"))
        assert not list(tmp_path.glob("*-wal")) + list(tmp_path.glob("*-shm"))
        assert store._writer._connection.execute("PRAGMA synchronous").fetchone()[0] == 3
        assert asked(path, "SELECT count(*) FROM deployments") == 2  # others may read: the lock is not kept
        await store.close()
        assert asked(path, "PRAGMA journal_mode") == "delete"
        store = await opened(path, shared=False)
        assert len(await store.all()) == 2
        await store.close()

    @pytest.mark.parametrize("shared", [False, True])
    async def test_what_a_killed_engine_left_in_its_journal_is_taken_up(self, tmp_path, shared):
        """The log of a process that never closed, copied as a kill would leave it."""
        store = await opened(tmp_path / "mdeploy.db", shared=False)
        made = await created(store)
        left = tmp_path / "left"
        left.mkdir()
        for file in ("mdeploy.db", "mdeploy.db-wal"):
            (left / file).write_bytes((tmp_path / file).read_bytes())
        await store.close()
        store = await opened(left / "mdeploy.db", shared=shared)
        assert await store.all() == [made]
        await store.close()

    async def test_only_the_owner_reads_the_files(self, tmp_path):
        store = await opened(tmp_path / "mdeploy.db", shared=False)
        await created(store)
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
        await store.close()
        assert set(modes) == {"mdeploy.db", "mdeploy.db-wal", "mdeploy.db-shm"}
        assert set(modes.values()) == {0o600}


class TestMigrations:
    def test_they_are_numbered_and_each_has_a_reason(self):
        assert [m.number for m in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
        assert all(len(m.reason) > 40 for m in MIGRATIONS)
        files = sorted(p.stem for p in Path(migrations.__file__).parent.glob("m[0-9]*.py"))
        assert files == [f"m{m.number:04}_{m.name}" for m in MIGRATIONS]

    async def test_an_older_database_is_migrated_after_a_backup(self, tmp_path):
        path = tmp_path / "mdeploy.db"
        store = await opened(path, shared=False)
        made = await created(store)
        await store.close()
        store = await opened(path, shared=False, migrations=(*MIGRATIONS, COLOUR))
        assert await store.all() == [made]
        await store.close()
        assert asked(path, "SELECT colour FROM deployments") == "red"
        backup = tmp_path / f"mdeploy.db.v{NEXT - 1}.bak"
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        backup.rename(tmp_path / "restored.db")
        store = await opened(tmp_path / "restored.db", shared=False)
        assert await store.all() == [made]
        await store.close()
        assert not list(tmp_path.glob("*.part"))

    async def test_a_new_database_needs_no_backup(self, tmp_path):
        store = await opened(tmp_path / "mdeploy.db", shared=False, migrations=(*MIGRATIONS, COLOUR))
        await store.close()
        assert [p.name for p in tmp_path.iterdir()] == ["mdeploy.db"]
        with closing(sqlite3.connect(tmp_path / "mdeploy.db")) as connection:
            assert schema_version(connection) == NEXT

    async def test_a_migration_that_fails_leaves_the_database_as_it_was(self, tmp_path):
        path = tmp_path / "mdeploy.db"
        store = await opened(path, shared=False)
        made = await created(store)
        await store.close()
        with pytest.raises(HomeUnusable):
            await opened(path, shared=False, migrations=(*MIGRATIONS, BROKEN))
        with closing(sqlite3.connect(path)) as connection:
            assert schema_version(connection) == NEXT - 1
            assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchone()
        store = await opened(path, shared=False)
        assert await store.all() == [made]
        await store.close()

    async def test_a_table_that_is_built_anew_keeps_what_refers_to_it(self, tmp_path):
        path = tmp_path / "mdeploy.db"
        store = await opened(path, shared=False)
        made = await created(store)
        await store.add_events(made.uid, [event("kept")])
        await store.put_client(made.uid, client("web"), new=True)
        before = [await ask(made.uid) for ask in (store.revisions, store.history, store.events, store.clients)]
        await store.close()
        store = await opened(path, shared=False, migrations=(*MIGRATIONS, REBUILD))
        assert [await ask(made.uid) for ask in (store.revisions, store.history, store.events, store.clients)] == before
        assert all(before)
        await store.remove(made.uid)
        assert await store.events(made.uid) == [], "references are enforced again"
        await store.close()

    async def test_a_migration_that_would_orphan_something_is_refused(self, tmp_path):
        path = tmp_path / "mdeploy.db"
        store = await opened(path, shared=False)
        made = await created(store)
        await store.close()
        with pytest.raises(HomeUnusable, match="loss would leave"):
            await opened(path, shared=False, migrations=(*MIGRATIONS, LOSS))
        store = await opened(path, shared=False)
        assert await store.all() == [made]
        await store.close()


class TestImmutable:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE revisions SET body = '{}'",
            "UPDATE revisions SET number = 7",
            "DELETE FROM revisions",
            "UPDATE history SET body = '{}'",
            "DELETE FROM history",
        ],
    )
    async def test_revisions_and_history_refuse_to_be_changed(self, tmp_path, statement):
        path = tmp_path / "mdeploy.db"
        store = await opened(path, shared=False)
        made = await created(store)
        with closing(sqlite3.connect(path)) as other, pytest.raises(sqlite3.IntegrityError, match="immutable"):
            other.execute(statement)
        await store.add_events(made.uid, [event()])
        await store.remove(made.uid)
        assert await store.revisions(made.uid) == []
        await store.close()

    async def test_unique_indexes_stand_behind_the_checks(self, tmp_path):
        path = tmp_path / "mdeploy.db"
        store = await opened(path, shared=False)
        await created(store, record("first"))
        second = await created(store, record("second"))
        await store.close()
        with closing(sqlite3.connect(path)) as other, pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            other.execute("UPDATE deployments SET id = 'first' WHERE uid = ?", (second.uid,))


MOUNTS = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /home rw,relatime shared:2 master:3 - nfs4 server:/export/home rw,vers=4.2
31 30 0:41 / /home/jo/scratch rw - xfs /dev/nvme0 rw
32 22 0:42 / /mnt/with\040space rw - cifs //server/share rw
33 22 0:43 / /mnt/ssh rw - fuse.sshfs jo@host: rw
34 22 0:44 / /mnt/ntfs rw - fuse.ntfs-3g /dev/sdb1 rw
35 22 0:45 / /mnt/over rw - ext4 /dev/sdc rw
36 22 0:46 / /mnt/over rw - lustre mds:/fs rw
37 22 0:47 / /data rw - 9p host rw
a line that is none
"""


class TestFileSystem:
    @pytest.mark.parametrize(
        ("path", "kind", "shared"),
        [
            ("/var/lib/x", "ext4", False),
            ("/home/jo", "nfs4", True),
            ("/home/jo/.local/share/mdeploy", "nfs4", True),
            ("/home/jo/scratch/mdeploy", "xfs", False),
            ("/home/jo/scratchy", "nfs4", True),
            ("/homer", "ext4", False),
            ("/mnt/with space/x", "cifs", True),
            ("/mnt/ssh/x", "fuse.sshfs", True),
            ("/mnt/ntfs/x", "fuse.ntfs-3g", False),
            ("/mnt/over/x", "lustre", True),
            ("/data", "9p", True),
        ],
    )
    def test_the_nearest_and_latest_mount_counts(self, tmp_path, path, kind, shared):
        mountinfo = tmp_path / "mountinfo"
        mountinfo.write_text(MOUNTS)
        assert filesystem.filesystem(Path(path), mountinfo) == kind
        assert filesystem.is_shared(Path(path), mountinfo) is shared

    def test_without_a_list_of_mounts_it_is_local(self, tmp_path):
        assert not filesystem.is_shared(tmp_path, tmp_path / "none")

    def test_this_machine_answers(self, tmp_path):
        assert re.fullmatch(r"[a-z0-9._-]+", filesystem.filesystem(tmp_path))
        assert filesystem.filesystem(Path("/proc/self")) == "proc"

    def test_a_link_is_followed(self, tmp_path):
        mountinfo = tmp_path / "mountinfo"
        real = tmp_path / "real"
        real.mkdir()
        mountinfo.write_text(f"22 1 0:1 / / rw - ext4 a rw\n23 22 0:2 / {real.resolve()} rw - nfs b rw\n")
        (tmp_path / "link").symlink_to(real)
        assert filesystem.is_shared(tmp_path / "link" / "home", mountinfo)
