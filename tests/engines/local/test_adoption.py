"""The engine dies, its replicas do not; the next engine goes on with them and never starts a second one in their place."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from mdeploy_lab.engines.base import RevisionPlan
from mdeploy_lab.engines.local.engine import LocalEngine
from mdeploy_lab.engines.local.slot import Slot
from mdeploy_lab.models.deployment import Address
from mdeploy_lab.paths import Home
from tests.engines.conftest import FAST, fetch
from tests.engines.harness import Harness, alive, ask, processes, until

pytestmark = pytest.mark.asyncio(loop_scope="session")
DRIVER = Path(__file__).with_name("driver.py")
REPOSITORY = Path(__file__).parents[3]


class Driver:
    """An engine in another process."""

    def __init__(self, home: Home, plan: RevisionPlan) -> None:
        self.said: list[dict[str, Any]] = []
        self._command = [sys.executable, str(DRIVER), str(home.root), str(home.run), plan.model_dump_json()]

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *self._command,
            stdout=subprocess.PIPE,
            cwd=REPOSITORY,
            limit=2**20,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        self._reading = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.said.append(json.loads(line))

    async def hear(self, kind: str, timeout: float = 60) -> dict[str, Any]:
        return await until(lambda: next((m for m in self.said if m["kind"] == kind), None), what=kind, timeout=timeout)

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        await self._reading


@pytest_asyncio.fixture(loop_scope="session")
async def next_engine(home: Home, harness: Harness) -> AsyncIterator[Harness]:
    """An engine of the same home, not open yet; ends everything afterwards."""
    found = Harness(LocalEngine(home, fetch=fetch, timing=FAST), home, harness.models)
    yield found
    for uid in found.engine.deployments():
        await found.engine.purge(uid)
    await found.engine.close()
    await until(lambda: not processes(home), what="the end of every process")


async def test_a_new_engine_adopts_what_runs(home: Home, next_engine: Harness) -> None:
    plan = next_engine.plan("echo", replicas=2)
    driver = Driver(home, plan)
    await driver.start()
    before = await driver.hear("ready")
    await driver.kill()
    assert await ask(Address(target=before["addresses"][0])) == [1]  # nobody watches, and it answers
    await next_engine.open()
    assert plan.uid in next_engine.engine.deployments()
    seen = next_engine.seen(plan)
    assert {r.replica.id: r.replica.pid for r in seen.ready} == before["replicas"]
    assert sorted(r.address.target for r in seen.ready if r.address) == sorted(before["addresses"])
    assert [phase.name for phase in seen.timeline] == ["load", "warm-up", "ready"]
    await next_engine.run(plan)
    assert {r.replica.id: r.replica.pid for r in next_engine.seen(plan).ready} == before["replicas"]
    assert next_engine.kinds(plan.uid) == ["replica.adopted"] * 2


async def test_an_adopted_replica_that_dies_comes_back_at_its_address(home: Home, next_engine: Harness) -> None:
    plan = next_engine.plan("echo")
    driver = Driver(home, plan)
    await driver.start()
    before = await driver.hear("ready")
    await driver.kill()
    await next_engine.open()
    await next_engine.run(plan)
    (pid,) = before["replicas"].values()
    os.kill(pid, signal.SIGKILL)
    await until(lambda: next_engine.seen(plan).replicas[0].replica.pid not in {pid, None})
    (after,) = (await next_engine.ready(plan)).ready
    assert [after.address.target] == before["addresses"]
    assert await ask(after.address) == [1]


async def test_who_calls_while_an_adopted_replica_is_replaced_waits(
    home: Home, next_engine: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its socket ended with it, and until all of it is gone no other process is started."""
    plan, go, end_all = next_engine.plan("echo"), asyncio.Event(), Slot._end_all

    async def held(slot: Slot) -> None:
        await go.wait()
        await end_all(slot)

    driver = Driver(home, plan)
    await driver.start()
    before = await driver.hear("ready")
    await driver.kill()
    await next_engine.open()
    await next_engine.run(plan)
    monkeypatch.setattr(Slot, "_end_all", held)
    (pid,) = before["replicas"].values()
    path = before["addresses"][0].removeprefix("unix:")
    ended = os.stat(path).st_ino  # noqa: PTH116  # that socket's callers are lost with it
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not alive(pid) and os.stat(path).st_ino != ended and connects(path), what="a socket that listens")  # noqa: PTH116
    asking = asyncio.ensure_future(ask(Address(target=before["addresses"][0])))
    go.set()
    assert await asking == [1]


def connects(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(path) == 0


async def test_a_replica_that_died_with_its_engine_is_started_anew(home: Home, next_engine: Harness) -> None:
    plan = next_engine.plan("echo", replicas=2)
    driver = Driver(home, plan)
    await driver.start()
    before = await driver.hear("ready")
    await driver.kill()
    first, second = before["replicas"].values()
    os.kill(first, signal.SIGKILL)
    await until(lambda: len(processes(home)) == 1)
    await next_engine.open()
    assert [r.replica.pid for r in next_engine.seen(plan).replicas] == [second]
    seen = await next_engine.run(plan)
    assert second in [r.replica.pid for r in seen.ready]


async def test_a_replica_that_holds_its_lock_and_is_silent_is_replaced(home: Home, next_engine: Harness) -> None:
    plan = next_engine.plan("echo")
    driver = Driver(home, plan)
    await driver.start()
    before = await driver.hear("ready")
    await driver.kill()
    (pid,) = before["replicas"].values()
    os.kill(pid, signal.SIGSTOP)
    await next_engine.open()
    await next_engine.engine.ensure(plan)
    await until(lambda: not alive(pid), what="the end of the silent one")
    seen = await next_engine.ready(plan)
    assert len(seen.ready) == 1
    assert "replica.lost" in next_engine.kinds(plan.uid)


async def test_what_nobody_wants_is_seen_and_can_be_removed(home: Home, next_engine: Harness) -> None:
    plan = next_engine.plan("echo")
    driver = Driver(home, plan)
    await driver.start()
    await driver.hear("ready")
    await driver.kill()
    await next_engine.open()
    assert next_engine.engine.deployments() == {plan.uid}
    await next_engine.gone(plan)
    assert next_engine.engine.deployments() == frozenset()
    assert not processes(home)


async def test_an_engine_that_closes_leaves_its_replicas_running(home: Home, harness: Harness, next_engine: Harness) -> None:
    first = Harness(LocalEngine(home, fetch=fetch, timing=FAST), home, harness.models)
    await first.open()
    plan = first.plan("echo")
    (before,) = (await first.run(plan)).ready
    await first.engine.close()
    assert await ask(before.address) == [1]
    await next_engine.open()
    (after,) = (await next_engine.run(plan)).ready
    assert after.replica.pid == before.replica.pid


async def test_a_corrupt_record_harms_nothing(home: Home, next_engine: Harness) -> None:
    (home.state / "replicas").mkdir(parents=True)
    (home.state / "replicas" / "churn-1-aaaaa.json").write_text("{half")
    await next_engine.open()
    assert next_engine.engine.deployments() == frozenset()
    assert not list((home.state / "replicas").iterdir())


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", [1, 2])
async def test_an_engine_killed_at_any_moment_doubles_nothing(home: Home, next_engine: Harness, seed: int) -> None:
    plan = next_engine.plan("echo", replicas=3)
    chance = random.Random(seed)
    for _ in range(4):
        driver = Driver(home, plan)
        await driver.start()
        await driver.hear("open")
        await asyncio.sleep(chance.choice([0, 0.02, 0.1]) + chance.random() * 2.0)
        await driver.kill()
    await next_engine.open()
    seen = await next_engine.run(plan)
    leaders = {r.replica.pid for r in seen.ready}
    held = processes(home)
    assert len(held) == 3
    assert {pid for pids in held.values() for pid in pids} == leaders
    assert [await ask(r.address) for r in seen.ready] == [[1]] * 3


async def test_a_cleaned_runtime_directory_leads_to_no_double(home: Home, next_engine: Harness) -> None:
    plan = next_engine.plan("echo")
    driver = Driver(home, plan)
    await driver.start()
    before = await driver.hear("ready")
    await driver.kill()
    for path in home.run.iterdir():
        path.unlink()
    await next_engine.open()
    (pid,) = before["replicas"].values()
    await until(lambda: not alive(pid), what="the end of what nobody can reach any more")
    (after,) = (await next_engine.run(plan)).ready
    assert await ask(after.address) == [1]
