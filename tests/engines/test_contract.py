"""What every engine promises (engines/base.py), tried on each of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx
import pytest

from mdeploy_lab.engines.base import CAPABILITIES, LogQuery

from .harness import Harness, ask, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_wanted_revision_becomes_ready_and_answers(harness: Harness) -> None:
    plan = harness.plan("echo")
    seen = await harness.run(plan)
    (replica,) = seen.ready
    assert replica.replica.pid
    assert replica.replica.revision == 1
    assert replica.address is not None
    assert await ask(replica.address, 3) == [3, 3, 3]
    assert plan.uid in harness.notified
    assert plan.uid in harness.engine.deployments()
    assert "replica.ready" in harness.kinds(plan.uid)
    await harness.gone(plan)


async def test_the_timeline_tells_each_phase_with_its_time(harness: Harness) -> None:
    plan = harness.plan("echo")
    seen = await harness.run(plan)
    names = [phase.name for phase in seen.timeline]
    assert sorted(names[:2]) == ["download", "environment"]
    assert names[2:] == ["load", "warm-up", "ready"]
    assert all(phase.seconds is not None for phase in seen.timeline)
    await harness.gone(plan)


async def test_ensuring_the_same_plan_again_changes_nothing(harness: Harness) -> None:
    plan = harness.plan("echo", replicas=2)
    before = await harness.run(plan)
    await harness.engine.ensure(plan)
    await asyncio.sleep(0.2)
    after = harness.seen(plan)
    assert [r.replica.pid for r in after.replicas] == [r.replica.pid for r in before.replicas]
    await harness.gone(plan)


async def test_scaling_up_keeps_replicas_and_scaling_down_takes_the_newest(harness: Harness) -> None:
    plan = harness.plan("echo")
    (first,) = (await harness.run(plan)).ready
    plan3 = plan.model_copy(update={"replicas": 3})
    three = await harness.run(plan3)
    assert three.replicas[0].replica.pid == first.replica.pid
    one = await harness.run(plan)
    assert [r.replica.id for r in one.replicas] == [first.replica.id]
    none = await harness.run(plan.model_copy(update={"replicas": 0}))
    assert none.replicas == ()
    await harness.gone(plan)


async def test_two_revisions_run_side_by_side(harness: Harness) -> None:
    one = harness.plan("echo")
    two = harness.plan("slow", uid=one.uid, revision=2)
    await harness.run(one)
    await harness.run(two)
    assert set(harness.engine.observe(one.uid)) == {1, 2}
    await harness.gone(one)
    assert set(harness.engine.observe(one.uid)) == {2}
    await harness.gone(two)
    assert one.uid not in harness.engine.deployments()
    assert harness.engine.observe(one.uid) == {}


async def test_removing_waits_for_running_requests(harness: Harness) -> None:
    plan = harness.plan("slow")
    (replica,) = (await harness.run(plan)).ready
    asking = asyncio.ensure_future(ask(replica.address))
    await asyncio.sleep(0.3)
    await harness.gone(plan, drain=10)
    assert await asking == [1]


async def test_what_is_replaced_has_as_long_as_a_request_may_take(harness: Harness) -> None:
    plan = harness.plan("slow", replicas=2)
    ready = (await harness.run(plan)).ready
    harness.engine._shop = replace(harness.engine._shop, drain=0.1)
    for revision in harness.engine._revisions.values():
        revision._shop = harness.engine._shop
    asking = [asyncio.ensure_future(ask(replica.address)) for replica in ready for _ in range(2)]
    await asyncio.sleep(0.3)
    await harness.run(plan.model_copy(update={"replicas": 1}))  # fewer replicas
    await harness.engine.remove(plan.uid, plan.revision, drain=None)  # another revision
    assert await asyncio.gather(*asking) == [[1]] * 4


async def test_removing_does_not_wait_longer_than_told(harness: Harness) -> None:
    plan = harness.plan("endless")
    (replica,) = (await harness.run(plan)).ready
    asking = asyncio.ensure_future(ask(replica.address))
    await asyncio.sleep(0.3)
    begun = asyncio.get_running_loop().time()
    await harness.gone(plan, drain=0.5)
    assert asyncio.get_running_loop().time() - begun < 8.0
    with pytest.raises(httpx.HTTPError):
        await asking


async def test_a_removal_with_patience_can_be_hurried(harness: Harness) -> None:
    plan = harness.plan("endless")
    (replica,) = (await harness.run(plan)).ready
    asking = asyncio.ensure_future(ask(replica.address))
    await asyncio.sleep(0.3)
    patient = asyncio.ensure_future(harness.engine.remove(plan.uid, plan.revision, drain=None))
    await asyncio.sleep(0.3)
    begun = asyncio.get_running_loop().time()
    await harness.gone(plan, drain=0.5)
    await patient
    assert asyncio.get_running_loop().time() - begun < 8.0
    with pytest.raises(httpx.HTTPError):
        await asking


async def test_removing_what_is_starting_leaves_nothing(harness: Harness) -> None:
    plan = harness.plan("hangs", replicas=3)
    await harness.engine.ensure(plan)
    await harness.gone(plan)
    assert harness.engine.observe(plan.uid) == {}


async def test_removing_the_unknown_is_no_error(harness: Harness) -> None:
    await harness.engine.remove("nobody", 1, drain=0)
    await harness.engine.retry("nobody", 1)
    await harness.engine.purge("nobody")


async def test_a_model_that_does_not_load_fails_at_once_with_its_traceback(harness: Harness) -> None:
    plan = harness.plan("raises")
    seen = await harness.fails(plan)
    assert seen.failure is not None
    assert seen.failure.reason == "load_failed"
    assert "these weights are not mine" in seen.failure.message
    assert "_load_pyfunc" in seen.failure.evidence
    assert seen.failure.hint
    assert harness.kinds(plan.uid).count("replica.started") == 1
    assert "replica.restarted" not in harness.kinds(plan.uid)
    await harness.gone(plan)


async def test_a_failed_plan_is_tried_again_only_when_asked(harness: Harness) -> None:
    plan = harness.plan("raises")
    await harness.fails(plan)
    await harness.engine.ensure(plan)
    await asyncio.sleep(0.3)
    assert harness.kinds(plan.uid).count("replica.started") == 1
    await harness.engine.retry(plan.uid, plan.revision)
    await until(lambda: harness.kinds(plan.uid).count("replica.started") == 2)
    await until(lambda: harness.seen(plan).failure)
    await harness.gone(plan)


async def test_a_missing_model_is_told_as_such(harness: Harness) -> None:
    plan = harness.plan("echo")
    model = plan.template.model.model_copy(update={"source": "/nowhere/at/all"})
    plan = plan.model_copy(update={"template": plan.template.model_copy(update={"model": model})})
    seen = await harness.fails(plan)
    assert seen.failure is not None
    assert seen.failure.reason == "model_not_found"
    await harness.gone(plan)


async def test_a_missing_secret_is_told_by_its_name(harness: Harness) -> None:
    plan = harness.plan("echo", secret_env={"KEY": "env:NO_SUCH_VARIABLE"})
    seen = await harness.fails(plan)
    assert seen.failure is not None
    assert seen.failure.reason == "secret_missing"
    assert "NO_SUCH_VARIABLE" in seen.failure.message
    await harness.gone(plan)


async def test_a_model_sees_its_variables_and_no_token_of_jupyter(harness: Harness) -> None:
    plan = harness.plan("environment", env={"TZ": "UTC", "COLOUR": "green"}, secret_env={"KEY": "env:MY_KEY"})
    (replica,) = (await harness.run(plan)).ready
    (environ,) = await ask(replica.address)
    assert environ["COLOUR"] == "green"
    assert environ["KEY"] == "s3cret-value"
    assert not {"JUPYTER_TOKEN", "JPY_API_TOKEN", "AWS_SECRET_ACCESS_KEY", "MY_KEY"} & set(environ)
    await harness.gone(plan)


async def test_logs_are_kept_merged_and_filtered(harness: Harness) -> None:
    plan = harness.plan("talks", replicas=2)
    first, second = (await harness.run(plan)).ready
    await ask(first.address)
    await ask(second.address)
    lines = await harness.lines(plan)
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert {line.replica for line in lines} == {first.replica.id, second.replica.id}
    logged = next(line for line in lines if line.message == "logged")
    assert (logged.level, logged.logger) == ("warning", "my.model")
    assert any(line.message == "printed" and line.stream == "stdout" for line in lines)
    assert any(line.message == "written by native code" and line.stream == "stderr" for line in lines)
    only = await harness.lines(plan, replica=second.replica.id)
    assert {line.replica for line in only} == {second.replica.id}
    assert (await harness.lines(plan, tail=2)) == lines[-2:]
    assert await harness.lines(plan, revision=7) == []
    assert [x for x in lines if x.at >= logged.at] == await harness.lines(plan, since=logged.at)
    await harness.gone(plan)
    assert await harness.lines(plan)
    await harness.engine.purge(plan.uid)
    assert await harness.lines(plan) == []


async def test_following_yields_new_lines_quickly(harness: Harness) -> None:
    plan = harness.plan("talks")
    (replica,) = (await harness.run(plan)).ready
    following = harness.engine.logs(plan.uid, LogQuery(tail=0), follow=True)
    try:
        first = asyncio.ensure_future(anext(following))
        while (await asyncio.wait({first}, timeout=0.3))[0]:  # the last lines of the start may just be coming
            assert "logged" not in first.result().message
            first = asyncio.ensure_future(anext(following))
        await ask(replica.address)
        found = {(await asyncio.wait_for(first, 0.5)).message}
        while not {"logged", "printed", "written by native code"} <= found:
            found.add((await asyncio.wait_for(anext(following), 1)).message)
    finally:
        await following.aclose()
    await harness.gone(plan)


async def test_usage_is_measured(harness: Harness) -> None:
    plan = harness.plan("echo")
    await harness.run(plan)

    def measured() -> bool:
        replica = harness.seen(plan).replicas[0].replica
        return bool(replica.memory_bytes and replica.cpu_seconds)

    await until(measured)
    await harness.gone(plan)


async def test_capabilities_are_true_or_a_reason(harness: Harness) -> None:
    found = harness.engine.capabilities()
    assert set(found) == set(CAPABILITIES)
    for name, value in found.items():
        assert value is True or (isinstance(value, str) and value), name
