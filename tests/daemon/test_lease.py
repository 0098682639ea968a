"""Who owns a home: one engine, whatever hosts, containers, clocks and deaths there are."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from mdeploy_lab.daemon import lease, lease_file
from mdeploy_lab.daemon.lease import GIVE_UP, RENEW_EVERY, HomeLock
from mdeploy_lab.daemon.lease_file import SIZE, TTL, LeaseFile
from mdeploy_lab.daemon.lease_identity import Identity, is_dead, started_ticks
from mdeploy_lab.errors import HomeUnusable
from mdeploy_lab.paths import Home

ROOT = Path(__file__).parents[2]
DEADLINE = 30.0

HOLD = """
import sys
from pathlib import Path
from mdeploy_lab.daemon.lease import HomeLock
from mdeploy_lab.paths import Home
root = Path(sys.argv[1])
lock = HomeLock(Home(root, root / "run"), shared=sys.argv[2] == "shared")
print("trying", flush=True)
lock.acquire(wait=float(sys.argv[3]))
print("held", flush=True)
sys.stdin.readline()
lock.release()
print("released", flush=True)
sys.stdin.readline()
"""


class Time:
    """Seconds that tests let pass."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, tmp_path / "run")


@pytest.fixture
def server_time() -> Time:
    return Time()


def host(name: str, *, boot: str | None = None, namespace: str = "pid:[1]", pid: int = 7) -> Identity:
    return Identity(name, boot or f"boot-of-{name}", namespace, pid, 99)


@pytest.fixture
def on(home: Home, server_time: Time):
    """Return a function that makes the lock as another host sees it."""

    def lock(identity: Identity | str, elapsed=None) -> HomeLock:
        identity = host(identity) if isinstance(identity, str) else identity
        return HomeLock(home, shared=True, identity=identity, clock=server_time, elapsed=elapsed or server_time)

    return lock


@pytest.fixture
def process(home: Home):
    """Return a function that starts a process that acquires the home."""
    started: list[subprocess.Popen[str]] = []

    def start(kind: str, wait: float = 0) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOLD, str(home.root), kind, str(wait)]
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        started.append(child)
        says(child, "trying")
        return child

    yield start
    for child in started:
        child.kill()
        child.communicate()


def says(child: subprocess.Popen[str], word: str) -> None:
    assert child.stdout is not None
    assert child.stdout.readline().strip() == word


def refused(lock: HomeLock, **options) -> HomeUnusable:
    with pytest.raises(HomeUnusable) as caught:
        lock.acquire(**options)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    return caught.value


class TestTwoProcesses:
    @pytest.mark.parametrize("kind", ["local", "shared"])
    def test_the_second_is_refused_by_name(self, home, process, kind):
        first = process(kind)
        says(first, "held")
        ours = HomeLock(home, shared=kind == "shared")
        error = refused(ours)
        assert f"process {first.pid}" in error.message
        assert error.details["holder"]["pid"] == ours.holder()["pid"] == first.pid
        assert ours.holder()["version"]

    @pytest.mark.parametrize("kind", ["local", "shared"])
    def test_a_killed_holder_leaves_the_home_free_at_once(self, home, process, kind):
        first = process(kind)
        says(first, "held")
        first.kill()
        first.wait()
        ours = HomeLock(home, shared=kind == "shared")
        assert ours.holder() is None
        ours.acquire()
        assert ours.holder()["pid"] == os.getpid()
        ours.release()
        assert ours.holder() is None

    @pytest.mark.parametrize("kind", ["local", "shared"])
    def test_a_successor_waits_for_one_that_is_ending(self, home, process, kind):
        ours = HomeLock(home, shared=kind == "shared")
        ours.acquire()
        second = process(kind, wait=DEADLINE)
        assert not select.select([second.stdout], [], [], 0.3)[0]
        ours.release()
        says(second, "held")
        assert ours.holder()["pid"] == second.pid

    @pytest.mark.parametrize("kind", ["local", "shared"])
    def test_of_many_at_once_one_gets_it(self, home, process, kind):
        children = [process(kind) for _ in range(4)]
        answers = [child.stdout.readline().strip() for child in children]
        assert sorted(answers) == ["", "", "", "held"]
        for child, answer in zip(children, answers, strict=True):
            if not answer:
                assert "owns the home" in child.stderr.read()

    @pytest.mark.parametrize("kind", ["local", "shared"])
    def test_given_back_while_its_process_lives(self, home, process, kind):
        first = process(kind)
        says(first, "held")
        first.stdin.write("\n")
        first.stdin.flush()
        says(first, "released")
        ours = HomeLock(home, shared=kind == "shared")
        assert ours.holder() is None
        ours.acquire()
        ours.release()

    def test_a_stopped_holder_keeps_a_local_home(self, home, process):
        first = process("local")
        says(first, "held")
        os.kill(first.pid, signal.SIGSTOP)
        refused(HomeLock(home, shared=False))
        os.kill(first.pid, signal.SIGCONT)


class TestLocal:
    def test_looking_never_gets_in_the_way(self, home):
        end = threading.Event()
        watcher = HomeLock(home, shared=False)

        def look() -> None:
            while not end.is_set():
                watcher.holder()

        thread = threading.Thread(target=look)
        thread.start()
        try:
            for _ in range(30):
                lock = HomeLock(home, shared=False)
                lock.acquire(wait=1)
                lock.release()
        finally:
            end.set()
            thread.join()

    def test_a_home_that_was_replaced_is_lost(self, home):
        lock = HomeLock(home, shared=False)
        lock.acquire()
        assert lock.renew()
        (home.root / "engine.lock").unlink()
        assert not lock.renew()
        other = HomeLock(home, shared=False)
        other.acquire()
        assert not lock.renew()
        lock.release()
        assert other.renew()
        other.release()

    def test_only_the_owner_reads_the_lock(self, home):
        lock = HomeLock(home, shared=False)
        lock.acquire()
        assert (home.root / "engine.lock").stat().st_mode & 0o077 == 0
        assert set(lock.holder()) >= {"host", "boot", "pid_namespace", "pid", "version", "started"}
        lock.release()

    def test_the_file_system_decides(self, home, monkeypatch):
        asked = []
        monkeypatch.setattr(lease, "is_shared", lambda path: asked.append(path) or True)
        lock = HomeLock(home)
        lock.acquire()
        assert asked == [home.root]
        assert (home.root / "engine.lease").exists()
        lock.release()
        assert list(home.root.iterdir()) == []

    @pytest.mark.parametrize("shared", [False, True])
    def test_a_home_that_cannot_be_written(self, tmp_path, shared):
        error = refused(HomeLock(Home(tmp_path / "gone", tmp_path), shared=shared))
        assert "No such file" in error.message


class TestHosts:
    def test_a_second_host_is_refused_at_once(self, on, server_time):
        on("alpha").acquire()
        server_time.now += TTL - 1
        error = refused(on("beta"), wait=1000)
        assert "in use by an engine on host alpha" in error.message
        assert on("beta").holder()["host"] == "alpha"

    def test_a_renewed_lease_stays(self, on, server_time):
        alpha = on("alpha")
        alpha.acquire()
        for _ in range(10):
            server_time.now += RENEW_EVERY
            assert alpha.renew()
        server_time.now += TTL - 1
        refused(on("beta"))

    def test_one_that_was_not_renewed_is_taken_over_and_its_holder_learns_it(self, on, server_time, home):
        alpha, beta = on("alpha"), on("beta")
        alpha.acquire()
        server_time.now += TTL + 0.1
        assert beta.holder() is None
        beta.acquire()
        assert beta.holder()["host"] == "beta"
        assert not alpha.renew()
        alpha.release()
        assert beta.renew()
        refused(on("alpha"))
        beta.release()
        assert list(home.root.iterdir()) == []

    def test_a_holder_that_slept_and_was_not_replaced_goes_on(self, on, server_time):
        alpha = on("alpha")
        alpha.acquire()
        server_time.now += 10 * TTL
        assert alpha.renew()
        refused(on("beta"))

    def test_another_container_of_the_same_host_name_waits_for_the_lease_to_run_out(self, on, server_time):
        """A pod that was replaced has the name of the one before; whether that one is dead cannot be seen."""
        before, after = host("jupyter-jo", boot="b1"), host("jupyter-jo", boot="b2")
        on(before).acquire()
        error = refused(on(after))
        assert "try again in 30 s" in error.hint

        def passing() -> float:
            server_time.now += 1
            return server_time.now

        waiting = on(after, elapsed=passing)
        waiting.acquire(wait=TTL + 5)
        assert waiting.renew()

    def test_a_dead_process_of_this_very_place_is_not_waited_for(self, home, server_time):
        us = Identity.here()
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        dead = Identity(us.host, us.boot, us.pid_namespace, child.pid, started_ticks(child.pid))
        HomeLock(home, shared=True, identity=dead, clock=server_time).acquire()
        ours = HomeLock(home, shared=True, clock=server_time)
        refused(ours)
        child.communicate(b"\n")
        ours.acquire()
        assert ours.renew()

    def test_a_pid_that_was_given_to_another_process_is_dead(self):
        us = Identity.here()
        assert not is_dead(us.as_dict(), us)
        assert is_dead({**us.as_dict(), "started_ticks": us.started_ticks - 1}, us)
        for field in ("boot", "pid_namespace"):
            assert not is_dead({**us.as_dict(), "pid": 2**22 + 1, field: "another"}, us)
        assert is_dead({**us.as_dict(), "pid": 2**22 + 1}, us)

    def test_a_zombie_is_dead(self):
        child = subprocess.Popen([sys.executable, "-c", ""])
        end = time.monotonic() + DEADLINE
        while started_ticks(child.pid) and time.monotonic() < end:
            time.sleep(0.01)
        assert started_ticks(child.pid) == 0
        child.wait()

    def test_hosts_with_wrong_clocks_agree_because_the_file_server_tells_the_time(self, home, monkeypatch):
        monkeypatch.setattr(time, "time", lambda: 0.0)
        alpha = HomeLock(home, shared=True, identity=host("alpha"))
        alpha.acquire()
        monkeypatch.setattr(time, "time", lambda: 1e12)
        refused(HomeLock(home, shared=True, identity=host("beta")))
        os.utime(home.root / "engine.lease", (0, 0))
        refused(HomeLock(home, shared=True, identity=host("beta")))
        assert alpha.renew()

    @pytest.mark.parametrize("content", [b"", b"\0" * SIZE, b"[]", b'{"host": "alp'])
    def test_a_lease_that_cannot_be_read_counts_from_its_last_write(self, home, server_time, on, content):
        path = home.root / "engine.lease"
        path.write_bytes(content)
        os.utime(path, (server_time.now, server_time.now))
        assert "host unknown" in refused(on("beta")).message
        server_time.now += TTL + 1
        on("beta").acquire()

    @pytest.mark.parametrize("renewed", [None, "soon", 9e15])
    def test_a_time_that_cannot_be_true_holds_nobody_off(self, home, on, renewed):
        word = {"host": "alpha", "nonce": "n", "renewed": renewed}
        (home.root / "engine.lease").write_text(json.dumps(word))
        on("beta").acquire()

    def test_without_hard_links_it_works_too(self, on, server_time, monkeypatch):
        def no_links(*_args):
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

        monkeypatch.setattr(os, "link", no_links)
        alpha, beta = on("alpha"), on("beta")
        alpha.acquire()
        refused(beta)
        server_time.now += TTL + 1
        beta.acquire()
        assert not alpha.renew()
        assert beta.renew()


class TestRaces:
    """What two hosts can do between each other's steps."""

    def pair(self, home, server_time):
        path = home.root / "engine.lease"
        return LeaseFile(path, server_time), LeaseFile(path, server_time)

    def test_a_late_renewal_does_not_write_over_the_new_holder(self, home, server_time, monkeypatch):
        old, new = self.pair(home, server_time)
        old.take({"host": "alpha"})
        judged = new.read()
        write = LeaseFile._write

        def taken_over_just_before(self, descriptor):
            if self is old:
                assert new.take_away(judged)
                assert new.take({"host": "beta"})
            write(self, descriptor)

        monkeypatch.setattr(LeaseFile, "_write", taken_over_just_before)
        assert not old.renew()
        monkeypatch.undo()
        assert new.read()["host"] == "beta"
        assert new.renew()

    def test_a_renewal_just_before_the_takeover_keeps_the_lease(self, home, server_time):
        old, new = self.pair(home, server_time)
        old.take({"host": "alpha"})
        judged = new.read()
        server_time.now += TTL + 1
        assert old.renew()
        assert not new.take_away(judged)
        assert old.renew()
        assert [p.name for p in home.root.iterdir()] == ["engine.lease"]

    def test_who_comes_second_to_a_takeover_puts_the_new_lease_back(self, home, server_time):
        old, new = self.pair(home, server_time)
        third = LeaseFile(home.root / "engine.lease", server_time)
        old.take({"host": "alpha"})
        server_time.now += TTL + 1
        judged = new.read()
        assert new.take_away(judged)
        assert new.take({"host": "beta"})
        assert not third.take_away(judged)
        assert not third.take({"host": "gamma"})
        assert new.renew()

    def test_many_threads_taking_over_leave_one_holder(self, home, server_time):
        for _ in range(20):
            LeaseFile(home.root / "engine.lease", server_time).take({"host": "dead"})
            server_time.now += TTL + 1
            locks = [HomeLock(home, shared=True, identity=host(f"h{n}"), clock=server_time) for n in range(6)]
            gate, won = threading.Barrier(6), []

            def run(lock, gate=gate, won=won):
                gate.wait()
                with suppress(HomeUnusable):
                    lock.acquire()
                    won.append(lock)

            threads = [threading.Thread(target=run, args=(lock,)) for lock in locks]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            holding = [lock for lock in won if lock.renew()]
            assert len(holding) == 1
            holding[0].release()


class TestKeep:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch):
        monkeypatch.setattr(lease, "RENEW_EVERY", 0.02)

    async def lost(self, lock: HomeLock) -> None:
        """Keep the lock until it is lost."""
        told = []
        await asyncio.wait_for(lock.keep(lambda: told.append(True)), DEADLINE)
        assert told == [True]

    async def test_it_is_renewed_until_cancelled(self, home):
        lock = HomeLock(home, shared=True)
        lock.acquire()
        before = lock.holder()["renewed"]
        keeping = asyncio.create_task(lock.keep(lambda: pytest.fail("lost")))
        for _ in range(3000):
            if lock.holder()["renewed"] > before:
                break
            await asyncio.sleep(0.01)
        assert lock.holder()["renewed"] > before
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping
        lock.release()

    async def test_a_takeover_is_told(self, on, server_time):
        alpha = on("alpha")
        alpha.acquire()
        server_time.now += TTL + 1
        on("beta").acquire()
        await self.lost(alpha)

    async def test_a_local_home_that_was_removed_is_told(self, home):
        lock = HomeLock(home, shared=False)
        lock.acquire()
        (home.root / "engine.lock").unlink()
        await self.lost(lock)
        lock.release()

    async def test_a_holder_that_cannot_renew_gives_up_before_others_may_take_over(self, on, server_time, monkeypatch):
        passed = Time()
        alpha = on("alpha", elapsed=passed)
        alpha.acquire()
        start, attempts = passed.now, []

        def failing(self, descriptor):
            attempts.append(passed.now - start)
            passed.now += 4
            raise OSError(errno.EIO, "the file server is away")

        monkeypatch.setattr(LeaseFile, "_write", failing)
        await self.lost(alpha)
        assert len(attempts) > 1
        assert GIVE_UP <= passed.now - start < TTL

    async def test_a_file_server_that_comes_back_is_no_loss(self, on, monkeypatch):
        alpha = on("alpha")
        alpha.acquire()
        fail, done = [OSError(errno.ETIMEDOUT, "away")] * 3, asyncio.Event()
        write, loop = LeaseFile._write, asyncio.get_running_loop()

        def sometimes(self, descriptor):
            if fail:
                raise fail.pop()
            write(self, descriptor)
            loop.call_soon_threadsafe(done.set)

        monkeypatch.setattr(LeaseFile, "_write", sometimes)
        keeping = asyncio.create_task(alpha.keep(lambda: pytest.fail("lost")))
        await asyncio.wait_for(done.wait(), DEADLINE)
        keeping.cancel()
        assert not fail

    async def test_a_file_server_that_hangs_is_given_up(self, on, monkeypatch):
        passed = Time()
        alpha = on("alpha", elapsed=passed)
        alpha.acquire()
        passed.now += GIVE_UP
        hang = threading.Event()
        monkeypatch.setattr(LeaseFile, "_write", lambda self, descriptor: hang.wait(DEADLINE))
        await self.lost(alpha)
        hang.set()


@pytest.fixture
def full_disk(tmp_path: Path):
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.getuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


class TestFullDisk:
    def fill(self, place: Path) -> None:
        with suppress(OSError), (place / "ballast").open("wb", buffering=0) as file:
            while True:
                file.write(b"0" * 4096)

    def test_a_lease_is_renewed_on_a_full_disk(self, full_disk):
        lock = HomeLock(Home(full_disk, full_disk), shared=True)
        lock.acquire()
        self.fill(full_disk)
        assert lock.renew()
        lock.release()

    @pytest.mark.parametrize("shared", [False, True])
    def test_a_home_on_a_full_disk_is_refused_clearly_and_left_clean(self, full_disk, shared):
        self.fill(full_disk)
        lock = HomeLock(Home(full_disk, full_disk), shared=shared)
        assert "is full" in refused(lock).message
        assert lock.holder() is None
        assert not list(full_disk.glob("*.new-*"))
        (full_disk / "ballast").unlink()
        lock.acquire()
        lock.release()


def test_the_lease_has_room_for_long_names(home, server_time):
    long = Identity("h" * 253, "b" * 36, "pid:[4026531836]", 4_194_304, 10**12)
    lock = HomeLock(home, shared=True, identity=long, clock=server_time)
    lock.acquire()
    assert (home.root / "engine.lease").stat().st_size == lease_file.SIZE
    assert lock.renew()
