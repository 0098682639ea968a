"""What is killed comes back, what cannot run is told, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from mdeploy_lab.engines.local.engine import LocalEngine
from mdeploy_lab.models.access import InstanceType
from mdeploy_lab.paths import Home
from tests.engines.conftest import FAST, fetch
from tests.engines.harness import Harness, alive, ask, command, processes, until

pytestmark = pytest.mark.asyncio(loop_scope="session")
MIB = 2**20


def local(harness: Harness) -> LocalEngine:
    assert isinstance(harness.engine, LocalEngine)
    return harness.engine


async def test_a_killed_replica_is_back_within_a_second_at_the_same_address(harness: Harness) -> None:
    took = []
    for _ in range(3):  # the machine may be busy with something else: the best of three counts
        plan = harness.plan("echo")
        (before,) = (await harness.run(plan)).ready
        begun = asyncio.get_running_loop().time()
        os.kill(before.replica.pid, signal.SIGKILL)
        await until(lambda p=plan, was=before.replica.pid: harness.seen(p).replicas[0].replica.pid not in {was, None})
        (after,) = (await harness.ready(plan)).ready
        took.append(asyncio.get_running_loop().time() - begun)
        assert after.address == before.address
        assert after.replica.id == before.replica.id
        assert after.replica.restarts == 1
        assert await ask(after.address) == [1]
    assert min(took) < 1.0
    exited = next(e for uid, e in harness.events if uid == plan.uid and e.kind == "replica.exited")
    assert "SIGKILL" in exited.cause
    await harness.gone(plan)


async def test_a_request_during_a_restart_waits_and_is_answered(harness: Harness) -> None:
    plan = harness.plan("echo")
    (before,) = (await harness.run(plan)).ready
    os.kill(before.replica.pid, signal.SIGKILL)
    await until(lambda: not alive(before.replica.pid))
    assert await ask(before.address) == [1]
    await harness.gone(plan)


async def test_the_death_of_the_warm_parent_harms_no_replica(harness: Harness) -> None:
    plan = harness.plan("echo")
    (before,) = (await harness.run(plan)).ready
    warm = local(harness)._launcher.warm
    pid = warm.pids()[sys.executable]
    os.kill(pid, signal.SIGKILL)
    await until(lambda: warm.pids().get(sys.executable) not in {pid, None}, what="another warm parent")
    assert await ask(before.address) == [1]
    assert harness.seen(plan).replicas[0].replica.pid == before.replica.pid
    more = await harness.run(plan.model_copy(update={"replicas": 2}))
    assert [await ask(r.address) for r in more.ready] == [[1], [1]]
    os.kill(before.replica.pid, signal.SIGKILL)  # nobody waits for it any more, and it is noticed nevertheless
    await until(lambda: harness.seen(plan).replicas[0].replica.restarts == 1)
    await harness.ready(plan.model_copy(update={"replicas": 2}))
    warm._deaths.clear()
    await harness.gone(plan)


async def test_a_warm_parent_killed_while_it_forks_doubles_nothing(harness: Harness) -> None:
    plan = harness.plan("echo", replicas=3)
    warm = local(harness)._launcher.warm
    for pause in (0.0, 0.005, 0.02, 0.05):
        warm._deaths.clear()
        await warm.get(sys.executable)
        await harness.engine.ensure(plan)
        await asyncio.sleep(pause)
        os.kill(warm.pids()[sys.executable], signal.SIGKILL)
        await harness.ready(plan)
        held = processes(harness.home)
        assert [len(pids) for pids in held.values()] == [1, 1, 1]
        await harness.gone(plan)
        assert not processes(harness.home)
    warm._deaths.clear()


async def test_a_crash_on_every_start_is_a_failure_with_the_last_words(harness: Harness) -> None:
    plan = harness.plan("crashes")
    seen = await harness.fails(plan)
    assert seen.failure is not None
    assert seen.failure.reason == "crash"
    assert "SIGSEGV" in seen.failure.message
    assert "about to fall over" in seen.failure.evidence
    assert "Segmentation fault" in seen.failure.evidence
    assert harness.kinds(plan.uid).count("replica.exited") == 5
    (replica,) = seen.replicas
    assert replica.address is None
    assert not processes(harness.home)
    await harness.gone(plan)


async def test_a_start_that_hangs_is_ended_and_says_where(harness: Harness) -> None:
    plan = harness.plan("hangs", start_timeout=1.0)
    seen = await harness.fails(plan, timeout=20)
    assert seen.failure is not None
    assert seen.failure.reason == "start_timeout"
    assert "where_it_hangs" in seen.failure.evidence
    assert "load" in seen.failure.message
    await until(lambda: not processes(harness.home))
    await harness.gone(plan)


async def test_a_model_larger_than_its_instance_type_is_ended_and_told_so(harness: Harness) -> None:
    plan = harness.plan("hungry", size=InstanceType(name="tiny", cpu=1, memory=256 * MIB))
    seen = await harness.fails(plan)
    assert seen.failure is not None
    assert seen.failure.reason == "out_of_memory"
    assert seen.failure.message == "it needs more than 256 MiB"
    assert "--instance-type nano (512 MiB)" in seen.failure.hint
    await harness.gone(plan)


async def test_a_missing_interpreter_is_told_with_isolate_as_the_way_out(harness: Harness) -> None:
    plan = harness.plan("echo", python="/gone/bin/python")
    seen = await harness.fails(plan)
    assert seen.failure is not None
    assert seen.failure.reason == "environment"
    assert "/gone/bin/python" in seen.failure.message
    assert "isolate=True" in seen.failure.hint
    await harness.gone(plan)


async def test_an_interpreter_without_mdeploy_is_told_with_the_command(harness: Harness, bare_python: str) -> None:
    plan = harness.plan("echo", python=bare_python)
    seen = await harness.fails(plan)
    assert seen.failure is not None
    assert seen.failure.reason == "environment"
    assert f"{bare_python} -m pip install mdeploy-lab" in seen.failure.hint
    await harness.gone(plan)


async def test_a_flavor_that_must_not_fork_is_spawned(harness: Harness) -> None:
    plan = harness.plan("echo", flavors=("python_function", "pytorch"))
    (replica,) = (await harness.run(plan)).ready
    assert "mdeploy_lab.runtime.child" in command(replica.replica.pid)
    assert await ask(replica.address) == [1]
    os.kill(replica.replica.pid, signal.SIGKILL)
    await until(lambda: harness.seen(plan).replicas[0].replica.restarts == 1)
    await harness.ready(plan)
    await harness.gone(plan)
    assert not alive(replica.replica.pid)


async def test_a_variable_that_only_a_new_program_reads_makes_it_spawn(harness: Harness) -> None:
    plan = harness.plan("echo", env={"OMP_NUM_THREADS": "2"})
    (replica,) = (await harness.run(plan)).ready
    assert "mdeploy_lab.runtime.child" in command(replica.replica.pid)
    await harness.gone(plan)


async def test_what_a_model_started_ends_with_it(harness: Harness) -> None:
    plan = harness.plan("parent")
    (replica,) = (await harness.run(plan)).ready
    (child,) = await ask(replica.address)
    assert alive(child)
    await harness.gone(plan, drain=1)
    assert not alive(child)
    assert not alive(replica.replica.pid)


async def test_what_a_killed_model_started_ends_before_it_is_restarted(harness: Harness) -> None:
    plan = harness.plan("parent")
    (replica,) = (await harness.run(plan)).ready
    (child,) = await ask(replica.address)
    os.kill(replica.replica.pid, signal.SIGKILL)
    await until(lambda: not alive(child))
    await harness.ready(plan)
    await harness.gone(plan)


async def test_a_replica_keeps_no_zombie(harness: Harness) -> None:
    plan = harness.plan("echo")
    (replica,) = (await harness.run(plan)).ready
    os.kill(replica.replica.pid, signal.SIGKILL)
    await until(lambda: not Path(f"/proc/{replica.replica.pid}").exists())
    await harness.ready(plan)
    await harness.gone(plan)


async def test_a_further_replica_of_a_forest_takes_less_than_40_mb(harness: Harness) -> None:
    plan = harness.plan("forest", replicas=1, flavors=("python_function", "sklearn"))
    await harness.run(plan)
    more = plan.model_copy(update={"replicas": 2})
    begun = asyncio.get_running_loop().time()
    await harness.run(more)
    took = asyncio.get_running_loop().time() - begun
    further = more.replicas - 1

    def measured() -> int | None:
        replica = harness.seen(more).replicas[further].replica
        return replica.memory_bytes if (replica.cpu_seconds or 0) > 0.05 and (replica.memory_bytes or 0) > 15e6 else None

    assert await until(measured) < 40e6
    assert took < 1.5
    await harness.gone(more)


async def test_files_of_a_removed_replica_are_gone_and_private_while_it_lives(harness: Harness) -> None:
    plan = harness.plan("echo")
    await harness.run(plan)
    specs = list((harness.home.state / "replicas").iterdir())
    assert specs
    for path in (*specs, *harness.home.run.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path
    await harness.gone(plan)
    assert not list((harness.home.state / "replicas").iterdir())
    assert not [p for p in harness.home.run.iterdir() if p.name.startswith("r-")]


async def test_over_tcp_only_who_has_the_secret_is_answered(home: Home, harness: Harness) -> None:
    other = Harness(LocalEngine(home, fetch=fetch, timing=FAST, listen="tcp"), home, harness.models)
    await other.open()
    plan = other.plan("echo")
    (before,) = (await other.run(plan)).ready
    assert before.address.target.startswith("tcp:127.0.0.1:")
    assert await ask(before.address) == [1]
    with pytest.raises(AssertionError):
        await ask(before.address.model_copy(update={"secret": "guessed"}))
    os.kill(before.replica.pid, signal.SIGKILL)
    await until(lambda: other.seen(plan).replicas[0].replica.restarts == 1)
    (after,) = (await other.ready(plan)).ready
    assert after.address == before.address
    await other.gone(plan)
    await other.engine.close()
