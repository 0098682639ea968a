"""Who may start what where: membership, quota, and nobody else in between."""

from __future__ import annotations

import asyncio

import pytest

from mdeploy_lab.errors import Forbidden, InvalidInput, NameTaken, NotCapable, QuotaExceeded
from mdeploy_lab.models.access import Usage
from mdeploy_lab.models.requests import Act, Rollback, SetTraffic, UpdateDeployment
from mdeploy_lab.service.membership import NO_GROUP, Caller
from tests.service.build import targets
from tests.service.making import JO, group, limits, service_over, wanted


def change(**values) -> UpdateDeployment:
    return UpdateDeployment(**values)


async def used_by(service, name: str = "risk") -> Usage:
    return next(g.used for g in await service.groups(JO) if g.name == name)


async def test_creates_at_the_same_time_cannot_share_the_last_free_place(store):
    service = service_over(store, limits(group(deployments=3)))
    made = await asyncio.gather(*(service.create(wanted(f"m{n:02}x"), JO) for n in range(20)), return_exceptions=True)
    refused = [m for m in made if isinstance(m, QuotaExceeded)]
    assert len(refused) == 17
    assert len(await store.all()) == 3
    assert refused[0].details == {"group": "risk", "resource": "deployments", "quota": 3, "used": 3, "wanted": 1}


async def test_starts_and_updates_at_the_same_time_cannot_share_what_is_free(store):
    service = service_over(store, limits(group(cpu=4)))
    for n in range(4):
        await service.create(wanted(f"asleep-{n}", stopped=True), JO)
    await service.create(wanted("awake"), JO)
    work = [service.start(f"asleep-{n}", Act(), JO) for n in range(4)]
    done = await asyncio.gather(*work, service.update("awake", change(replicas=3), JO), return_exceptions=True)
    assert any(isinstance(d, QuotaExceeded) for d in done)
    assert (await used_by(service)).cpu <= 4


@pytest.mark.parametrize("verb", ["update", "start", "rollback", "traffic"])
async def test_every_change_that_needs_more_is_held_against_the_quota(store, verb):
    """A rollback may need a larger instance type, and a split keeps two revisions running."""
    risk = group(cpu=8)
    found = limits(risk)
    service = service_over(store, found)
    await service.create(wanted(instance_type="large"), JO)
    await service.update("churn", change(instance_type="small", message="smaller"), JO)
    if verb == "start":
        await service.stop("churn", Act(), JO)
    found.groups["risk"] = group(cpu=0.5 if verb == "start" else 1)
    acts = {
        "update": lambda: service.update("churn", change(replicas=2), JO),
        "start": lambda: service.start("churn", Act(), JO),
        "rollback": lambda: service.rollback("churn", Rollback(to=1), JO),
        "traffic": lambda: service.set_traffic("churn", SetTraffic(targets=targets(r1=50, r2=50)), JO),
    }
    before = (await store.find("churn")).spec
    with pytest.raises(QuotaExceeded):
        await acts[verb]()
    assert (await store.find("churn")).spec == before
    found.groups["risk"] = group(cpu=16)
    assert (await acts[verb]()).changed


async def test_a_split_counts_every_revision_that_it_keeps_running(store):
    service = service_over(store, limits(group()))
    await service.create(wanted(replicas=2, instance_type="large"), JO)
    await service.update("churn", change(instance_type="small"), JO)
    await service.set_traffic("churn", SetTraffic(targets=targets(r1=100)), JO)
    assert (await used_by(service)).cpu == 2 * (4 + 1)
    await service.set_traffic("churn", SetTraffic(targets=None), JO)
    assert (await used_by(service)).cpu == 2


async def test_a_stopped_deployment_takes_nothing_and_a_group_over_its_quota_can_get_smaller(store):
    found = limits(group())
    service = service_over(store, found)
    await service.create(wanted(replicas=4), JO)
    await service.create(wanted("asleep", stopped=True, replicas=9), JO)
    assert await used_by(service) == Usage(cpu=4, memory=4 * 2**30, deployments=1)
    found.groups["risk"] = group(cpu=2, deployments=1)
    mine = next(g for g in await service.groups(JO) if g.name == "risk")
    assert (mine.free.cpu, mine.free.memory, mine.free.deployments) == (0, None, 0)
    await service.update("churn", change(replicas=3), JO)
    await service.update("churn", change(description="text"), JO)
    with pytest.raises(QuotaExceeded, match="a quota of 2 vCPU: 3 used, 1 more wanted"):
        await service.update("churn", change(replicas=4), JO)


@pytest.mark.parametrize("lost", ["disabled", "not a member"])
async def test_who_lost_the_group_may_stop_and_get_smaller_but_not_start_more(store, lost):
    found = limits(group())
    service = service_over(store, found)
    await service.create(wanted(replicas=2), JO)
    found.groups["risk"] = group(enabled=False) if lost == "disabled" else group(members=("ada",))
    await service.update("churn", change(replicas=1, description="smaller"), JO)
    for act in (
        lambda: service.update("churn", change(replicas=2), JO),
        lambda: service.create(wanted("other"), JO),
        lambda: service.create(wanted("other", stopped=True), JO),
    ):
        with pytest.raises(Forbidden) as refused:
            await act()
        assert refused.value.hint == "choose one of: default"
        assert refused.value.details["groups"] == ["default"]
    await service.stop("churn", Act(), JO)
    with pytest.raises(Forbidden):
        await service.start("churn", Act(), JO)
    assert (await service.delete("churn", JO)).id == "churn"


async def test_a_caller_without_any_group_is_told_in_the_exact_words(store):
    found = limits(group(members=("ada",)))
    found.groups["default"] = group("default", enabled=False)
    service = service_over(store, found)
    for name in ("risk", "default", "nowhere"):
        with pytest.raises(Forbidden) as refused:
            await service.create(wanted(group=name), JO)
        assert refused.value.message == "No group is configured for you to launch a server. Please contact admin." == NO_GROUP
        assert refused.value.http_status == 403


async def test_a_group_of_jupyterhub_has_the_limits_that_the_file_gives_to_unnamed_ones(store):
    service = service_over(store, limits(unnamed=group("", deployments=1)))
    ada = Caller("ada", frozenset({"risk"}))
    await service.create(wanted(), ada)
    with pytest.raises(QuotaExceeded):
        await service.create(wanted("second"), ada)
    with pytest.raises(Forbidden, match="no such group among yours"):
        await service.create(wanted("third", group="fraud"), ada)
    with pytest.raises(Forbidden, match="there is no such group"):
        await service.create(wanted("fourth"), JO)


async def test_a_type_that_the_file_no_longer_has_can_be_left_but_not_taken(store):
    found = limits(group())
    service = service_over(store, found)
    await service.create(wanted(instance_type="large"), JO)
    del found.instance_types["large"]
    await service.update("churn", change(description="still here"), JO)
    with pytest.raises(InvalidInput, match="no instance type 'large'"):
        await service.create(wanted("second", instance_type="large"), JO)
    await service.update("churn", change(instance_type="small"), JO)
    with pytest.raises(InvalidInput, match="no instance type 'large'"):
        await service.rollback("churn", Rollback(to=1), JO)


async def test_an_api_name_is_unique_in_its_group_and_can_be_taken_away(store):
    service = service_over(store, limits(group()))
    made = await service.create(wanted(api_name="score"), JO)
    assert made.deployment.api_url == "http://127.0.0.1:8000/api/risk/score"
    elsewhere = await service.create(wanted("other", group="default", api_name="score"), JO)
    assert elsewhere.deployment.api_url == "http://127.0.0.1:8000/api/default/score"
    for dry_run in (True, False):
        with pytest.raises(NameTaken) as refused:
            await service.create(wanted("third", api_name="score", dry_run=dry_run), JO)
        assert refused.value.details["field"] == "api_name"
        assert refused.value.hint
    taken = await service.check_api_name("risk", "score")
    assert (taken.available, taken.holder, taken.suggestion) == (False, "churn", "score-2")
    changed = await service.update("churn", change(api_name=""), JO)
    assert (changed.deployment.api_url, changed.new_revision) == ("", False)
    assert (await service.check_api_name("risk", "score")).available
    odd = await service.check_api_name("risk", "a/b c")
    assert (odd.available, odd.suggestion) == (False, "a-b-c")


async def test_of_many_who_want_one_api_name_one_gets_it(store):
    service = service_over(store, limits(group()))
    work = [service.create(wanted(f"m{n:02}x", api_name="score"), JO) for n in range(10)]
    made = await asyncio.gather(*work, return_exceptions=True)
    assert sum(isinstance(m, NameTaken) for m in made) == 9


@pytest.mark.parametrize("field", ["id", "group", "type"])
def test_what_is_frozen_says_why(field):
    with pytest.raises(InvalidInput, match=f"the {field} of a deployment cannot change: ") as refused:
        change(**{field: "batch"})
    assert list(refused.value.details["fields"]) == [field]


async def test_what_the_engine_lacks_is_refused_with_its_own_reason(store):
    service = service_over(store, limits(group()))
    lacks = {name: f"no {name} here" for name in ("replica_ranges", "images", "image_pull_secrets", "batch", "async")}
    service._engine.able = lacks
    for values, capability in (
        ({"max_replicas": 3}, "replica_ranges"),
        ({"image": "x:1"}, "images"),
        ({"image_pull_secret": "s"}, "image_pull_secrets"),
        ({"type": "batch"}, "batch"),
        ({"type": "async"}, "async"),
    ):
        with pytest.raises(NotCapable, match=f"no {capability} here") as refused:
            await service.create(wanted(**values), JO)
        assert refused.value.details["capability"] == capability
    await service.create(wanted(replicas=2, max_replicas=2), JO)


async def test_a_range_holds_its_most_and_must_be_one(store):
    service = service_over(store, limits(group(cpu=4)))
    await service.create(wanted(replicas=1, max_replicas=3), JO)
    assert (await used_by(service)).cpu == 3
    with pytest.raises(InvalidInput, match="less than replicas"):
        await service.update("churn", change(replicas=4), JO)
    with pytest.raises(QuotaExceeded):
        await service.update("churn", change(max_replicas=5), JO)
    fixed = await service.update("churn", change(max_replicas=0), JO)
    assert fixed.deployment.spec.max_replicas is None
    assert not fixed.new_revision


async def test_an_update_of_a_stopped_deployment_leaves_it_stopped_unless_start(store):
    service = service_over(store, limits(group()))
    await service.create(wanted(stopped=True), JO)
    assert (await service.update("churn", change(replicas=2, env={"A": "1"}), JO)).deployment.spec.stopped
    assert not (await service.update("churn", change(start=True), JO)).deployment.spec.stopped
