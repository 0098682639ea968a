"""Disk full, read-only, corrupt, newer, locked: one clear line, nothing half-made, and it goes on when it can."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from mdeploy_lab.errors import HomeUnusable
from mdeploy_lab.models.deployment import DeploymentStatus
from mdeploy_lab.store.migrations import MIGRATIONS, Migration
from mdeploy_lab.store.sqlite import SqliteStore
from tests.store.making import at, client, created, entry, event, record, revision, spec

BIG = "x" * 90_000


def assert_clear(error: HomeUnusable) -> None:
    """One line without a full stop, and a hint."""
    assert "\n" not in error.message
    assert not error.message.endswith(".")
    assert error.hint
    assert "Traceback" not in str(error)


async def opened(path: Path, **options) -> SqliteStore:
    store = SqliteStore(path, **options)
    await store.open()
    return store


async def fails_to_open(path: Path, **options) -> HomeUnusable:
    store = SqliteStore(path, **options)
    with pytest.raises(HomeUnusable) as caught:
        await store.open()
    await store.close()
    assert_clear(caught.value)
    return caught.value


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "mdeploy.db"


@pytest.fixture
def small_disk(tmp_path: Path):
    """Return a directory on a disk of one megabyte; only root can make one."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.getuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


async def fill(store: SqliteStore, uid: str) -> HomeUnusable:
    """Write until the disk is full."""
    for _ in range(1000):
        try:
            await store.add_events(uid, [event(BIG)])
        except HomeUnusable as error:
            assert_clear(error)
            return error
    pytest.fail("the disk was not full")


async def seen(store: SqliteStore, uid: str) -> list[object]:
    return [await store.all(), await store.events(uid), await store.history(uid), await store.revisions(uid)]


class TestFull:
    @pytest.mark.parametrize("shared", [False, True])
    async def test_a_real_full_disk(self, small_disk, shared):
        store = await opened(small_disk / "mdeploy.db", shared=shared)
        made = await created(store)
        ballast = small_disk / "ballast"
        ballast.write_bytes(b"0" * 500_000)
        error = await fill(store, made.uid)
        assert "is full; nothing was changed" in error.message
        before = await seen(store, made.uid)
        wanted = spec("churn", description=BIG)
        with pytest.raises(HomeUnusable, match="full"):
            await store.change(made.uid, wanted, based_on=1, entry=entry(2, wanted), revision=revision(2, wanted))
        assert await seen(store, made.uid) == before
        ballast.unlink()
        await store.add_events(made.uid, [event("after")])
        await store.close()
        store = await opened(small_disk / "mdeploy.db", shared=shared)
        assert (await store.events(made.uid))[-1].message == "after"
        await store.close()

    async def test_a_new_home_on_a_full_disk(self, small_disk):
        (small_disk / "ballast").write_bytes(b"0" * (1 << 20))
        error = await fails_to_open(small_disk / "mdeploy.db", shared=False)
        assert "is full" in error.message
        (small_disk / "ballast").unlink()
        store = await opened(small_disk / "mdeploy.db", shared=False)
        await created(store)
        await store.close()

    async def test_a_migration_whose_backup_finds_no_room(self, small_disk):
        path = small_disk / "mdeploy.db"
        store = await opened(path, shared=False)
        made = await created(store)
        await store.add_events(made.uid, [event(BIG) for _ in range(3)])
        await store.close()
        (small_disk / "ballast").write_bytes(b"0" * 500_000)
        later = Migration(len(MIGRATIONS) + 1, "later", "A test.", ("CREATE TABLE later (a)",))
        error = await fails_to_open(path, shared=False, migrations=(*MIGRATIONS, later))
        assert "is full" in error.message
        assert not list(small_disk.glob("*.part")) + list(small_disk.glob("*.bak"))
        store = await opened(path, shared=False)
        assert len(await store.events(made.uid)) == 3
        await store.close()

    async def test_a_group_of_writes_of_which_some_do_not_fit(self, database):
        """The portable form: SQLite's own limit of pages."""
        store = await opened(database, shared=False)
        made = await created(store)
        await limit_pages(store, spare=40)
        small = [store.set_status(made.uid, DeploymentStatus(message=f"{n}")) for n in range(5)]
        big = [store.add_events(made.uid, [event(BIG)]) for _ in range(5)]
        answers = await asyncio.gather(*(w for pair in zip(small, big, strict=True) for w in pair), return_exceptions=True)
        failed = [a for a in answers if isinstance(a, HomeUnusable)]
        assert failed
        assert all("full" in a.message for a in failed)
        kept = [a for a in answers if isinstance(a, list)]
        assert len(kept) + len(failed) == 5
        assert (await store.get(made.uid)).status.message == "4"
        assert len(await store.events(made.uid)) == len(kept)
        await limit_pages(store, spare=1000)
        await store.add_events(made.uid, [event(BIG)])
        await store.close()

    async def test_last_uses_that_found_no_room_are_written_later(self, database):
        store = await opened(database, shared=False)
        made = await created(store)
        keys = [f"k{n:05}" for n in range(400)]
        await store.put_client(made.uid, client("web", *keys), new=True)
        await limit_pages(store, spare=0)
        with pytest.raises(HomeUnusable):
            await store.touch_secrets([(made.uid, "web", key, at(5)) for key in keys])
        await limit_pages(store, spare=1000)
        await store.touch_secrets([(made.uid, "web", keys[0], at(9))])
        used = {s.key_id: s.last_used_at for s in (await store.clients(made.uid))[0].secrets}
        assert used == {keys[0]: at(9), **dict.fromkeys(keys[1:], at(5))}
        await store.close()


async def limit_pages(store: SqliteStore, *, spare: int) -> None:
    def limit(tx):
        count = tx.connection.execute("PRAGMA page_count").fetchone()[0]
        tx.connection.execute(f"PRAGMA max_page_count = {count + spare}")

    await asyncio.wrap_future(store._writer.submit(limit, reads=True))


class TestReadOnly:
    @pytest.mark.parametrize("exists", [False, True])
    async def test_a_file_system_mounted_read_only(self, small_disk, exists):
        if exists:
            store = await opened(small_disk / "mdeploy.db", shared=False)
            await created(store)
            await store.close()
        make_read_only(small_disk)
        error = await fails_to_open(small_disk / "mdeploy.db", shared=False)
        assert "cannot be written" in error.message

    async def test_a_directory_that_belongs_to_somebody_else(self, tmp_path):
        if os.getuid() == 0:
            pytest.skip("root may write everywhere")
        tmp_path.chmod(0o500)
        try:
            error = await fails_to_open(tmp_path / "mdeploy.db", shared=False)
        finally:
            tmp_path.chmod(0o700)
        assert "cannot be written" in error.message

    async def test_a_home_that_is_not_there(self, tmp_path):
        error = await fails_to_open(tmp_path / "gone" / "mdeploy.db", shared=False)
        assert "No such file" in error.message


class TestCorrupt:
    async def test_another_kind_of_file(self, database):
        database.write_bytes(b"this is a letter, not a database\n" * 100)
        error = await fails_to_open(database, shared=False)
        assert "is corrupt" in error.message
        assert database.read_bytes().startswith(b"this is a letter")

    @pytest.mark.parametrize("shared", [False, True])
    async def test_damage_within(self, database, shared):
        store = await opened(database, shared=shared)
        made = await created(store)
        for n in range(20):
            await store.add_events(made.uid, [event(f"{n} {BIG}")])
        await store.close()
        data = bytearray(database.read_bytes())
        data[4096 * 3 : 4096 * 30] = os.urandom(4096 * 27)
        database.write_bytes(data)
        error = await fails_to_open(database, shared=shared)
        assert "is corrupt" in error.message
        assert database.read_bytes() == bytes(data)

    async def test_a_torn_off_end(self, database):
        store = await opened(database, shared=False)
        made = await created(store)
        await store.add_events(made.uid, [event(BIG) for _ in range(5)])
        await store.close()
        database.write_bytes(database.read_bytes()[: 4096 * 12])
        assert "is corrupt" in (await fails_to_open(database, shared=False)).message

    async def test_damage_that_is_met_only_later(self, database):
        store = await opened(database, shared=True)
        made = await created(store)
        await store.add_events(made.uid, [event(BIG) for _ in range(20)])
        size = database.stat().st_size
        with database.open("r+b") as file:
            file.write(os.urandom(size))
        with closing(sqlite3.connect(database)), pytest.raises(HomeUnusable) as caught:
            await store.events(made.uid)
        assert_clear(caught.value)
        assert "corrupt" in caught.value.message
        await store.close()

    async def test_a_record_that_does_not_fit(self, database):
        store = await opened(database, shared=False)
        made = await created(store)
        await store.close()
        with closing(sqlite3.connect(database)) as other, other:
            other.execute("UPDATE deployments SET spec = '{}'")
        store = await opened(database, shared=False)
        with pytest.raises(HomeUnusable, match="unreadable record of churn") as caught:
            await store.get(made.uid)
        assert_clear(caught.value)
        await store.close()


class TestNewer:
    async def test_a_newer_schema_is_refused_untouched(self, database):
        store = await opened(database, shared=False)
        await created(store)
        await store.close()
        with closing(sqlite3.connect(database)) as other, other:
            other.execute("INSERT INTO schema_version VALUES (99, 'flying', 'tomorrow')")
        before = database.read_bytes()
        error = await fails_to_open(database, shared=False)
        assert "newer mdeploy (schema 99" in error.message
        assert database.read_bytes() == before


class TestLocked:
    @pytest.mark.parametrize("shared", [False, True])
    async def test_another_program_that_holds_on(self, database, shared):
        store = await opened(database, shared=shared, busy_timeout=0.2)
        made = await created(store)
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answers = await asyncio.gather(*(store.add_events(made.uid, [event()]) for _ in range(50)), return_exceptions=True)
            assert all(isinstance(a, HomeUnusable) for a in answers)
            assert_clear(answers[0])
            assert "in use by another program" in answers[0].message
            assert await store.get(made.uid) == made
            other.execute("ROLLBACK")
        assert len(await store.add_events(made.uid, [event()])) == 1
        await store.close()

    async def test_another_program_that_lets_go_in_time(self, database):
        store = await opened(database, shared=False, busy_timeout=20)
        made = await created(store)
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            asked = asyncio.ensure_future(store.add_events(made.uid, [event()]))
            other.execute("COMMIT")
        assert len(await asked) == 1
        await store.close()

    async def test_a_locked_database_is_not_opened(self, database):
        await (await opened(database, shared=True)).close()
        with closing(sqlite3.connect(database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            error = await fails_to_open(database, shared=True, busy_timeout=0.1)
        assert "in use by another program" in error.message

    async def test_two_stores_on_one_file_lose_nothing(self, database):
        """The engine's lock forbids it; should it happen all the same, versions still guard."""
        one, two = await opened(database, shared=False), await opened(database, shared=False)
        made = await created(one)
        for number in range(2, 12):
            mine, theirs = (one, two) if number % 2 else (two, one)
            assert (await mine.get(made.uid)).resource_version == number - 1
            wanted = spec("churn", replicas=number)
            await mine.change(made.uid, wanted, based_on=number - 1, entry=entry(number, wanted))
            assert (await theirs.all())[0].spec.replicas == number
        await created(two, record("second"))
        assert len(await one.all()) == 2
        await one.close()
        await two.close()
