"""What every store promises."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from mdeploy_lab.errors import (
    ClientNotFound,
    Conflict,
    DeploymentNotFound,
    EngineUnavailable,
    InvalidInput,
    NameTaken,
    RevisionNotFound,
    StaleEdit,
)
from mdeploy_lab.models.deployment import DeploymentStatus, Receipt, TrafficTarget
from mdeploy_lab.models.history import FieldChange
from tests.store.conftest import turn
from tests.store.making import at, client, created, entry, event, record, revision, spec


class TestCreate:
    async def test_what_is_created_is_read_back_whole(self, store):
        wanted = spec(
            "Kündigung 😀", api_name="churn.v1", metadata={"a": "ü\n"}, traffic=(TrafficTarget(revision=1, percent=100),)
        )
        made = await created(store, record("churn", wanted))
        assert await store.get(made.uid) == made
        assert await store.find("churn") == made
        assert await store.all() == [made]
        assert await store.revisions(made.uid) == [revision(1, wanted)]
        assert await store.history(made.uid) == [entry(1, wanted, action="create", seconds=0)]

    async def test_what_was_never_there_is_not_found(self, store):
        assert await store.get("nothing") is None
        assert await store.find("nothing") is None
        assert await store.all() == []
        assert await store.revisions("nothing") == []
        assert await store.history("nothing") == []
        assert await store.events("nothing") == []
        assert await store.clients("nothing") == []

    @pytest.mark.parametrize(
        ("field", "value", "second"),
        [
            ("id", "churn", record("churn", spec("other"))),
            ("name", "churn", record("churn-2", spec("churn"))),
            ("api_name", "api", record("churn-2", spec("other", api_name="api"))),
        ],
    )
    async def test_a_name_that_is_held_is_refused_and_nothing_stays(self, store, field, value, second):
        await created(store, record("churn", spec("churn", api_name="api")))
        with pytest.raises(NameTaken) as caught:
            await created(store, second)
        assert caught.value.details == {"field": field, "value": value, "holder": "churn"}
        assert await store.get(second.uid) is None
        assert await store.revisions(second.uid) == []
        assert await store.history(second.uid) == []

    async def test_names_and_api_names_are_free_in_another_group(self, store):
        await created(store, record("churn", spec("churn", api_name="api")))
        await created(store, record("churn-2", spec("churn", api_name="api", group="risk")))
        assert len(await store.all()) == 2

    async def test_an_id_is_held_across_groups(self, store):
        await created(store, record("churn", spec("churn")))
        with pytest.raises(NameTaken, match="id 'churn' is taken by"):
            await created(store, record("churn", spec("churn", group="risk")))

    async def test_many_may_have_no_api_name(self, store):
        for n in range(3):
            await created(store, record(f"churn-{n}"))
        assert len(await store.all()) == 3

    async def test_of_two_at_once_one_gets_the_id(self, store):
        answers = await asyncio.gather(
            *(created(store, record("churn", spec(f"name {n}"))) for n in range(8)), return_exceptions=True
        )
        refused = [a for a in answers if isinstance(a, NameTaken)]
        assert len(refused) == 7
        assert len(await store.all()) == 1

    async def test_a_uid_is_used_once(self, store):
        made = await created(store)
        with pytest.raises(Conflict):
            await created(store, record("other", uid=made.uid))

    async def test_the_first_numbers_are_one(self, store):
        made = record()
        with pytest.raises(Conflict):
            await store.create(made, revision(2, made.spec), entry(1, made.spec))
        with pytest.raises(Conflict):
            await store.create(made, revision(1, made.spec), entry(2, made.spec))
        assert await store.all() == []

    async def test_what_json_cannot_hold_is_refused_before_it_makes_a_record_unreadable(self, store):
        with pytest.raises(InvalidInput, match="start_timeout"):
            await created(store, record("churn", spec("churn", start_timeout=float("inf"))))
        with pytest.raises(InvalidInput):
            await created(store, record("churn", spec("churn", description="\ud800")))
        assert await store.all() == []


class TestChange:
    async def test_a_change_is_one_step_with_its_history_and_revision(self, store):
        made = await created(store)
        wanted = spec("churn", version=2)
        change = FieldChange(path="template.model.uri", old="models:/churn/1", new="models:/churn/2")
        said = entry(2, wanted, actor="ann", revision=2).model_copy(update={"changes": (change,)})
        changed = await store.change(made.uid, wanted, based_on=1, entry=said, revision=revision(2, wanted))
        expected = made.model_copy(update={"spec": wanted, "resource_version": 2, "updated_at": said.at, "updated_by": "ann"})
        assert changed == expected
        assert await store.get(made.uid) == expected
        assert [r.number for r in await store.revisions(made.uid)] == [1, 2]
        assert (await store.history(made.uid))[1] == said

    async def test_a_change_based_on_an_old_state_is_refused_with_the_present_one(self, store):
        made = await created(store)
        first, second = spec("churn", replicas=2), spec("churn", replicas=3)
        await store.change(made.uid, first, based_on=1, entry=entry(2, first, actor="ann"))
        with pytest.raises(StaleEdit, match="ann") as caught:
            await store.change(made.uid, second, based_on=1, entry=entry(3, second))
        assert caught.value.details["current"]["spec"]["replicas"] == 2
        assert caught.value.details["current"]["resource_version"] == 2
        assert (await store.get(made.uid)).spec == first
        assert len(await store.history(made.uid)) == 2

    async def test_of_many_at_once_one_wins(self, store):
        made = await created(store)
        wanted = [spec("churn", replicas=n) for n in range(2, 10)]
        answers = await asyncio.gather(
            *(store.change(made.uid, w, based_on=1, entry=entry(2, w)) for w in wanted), return_exceptions=True
        )
        won = [a for a in answers if not isinstance(a, BaseException)]
        assert len(won) == 1
        assert all(isinstance(a, StaleEdit) for a in answers if a is not won[0])
        assert await store.get(made.uid) == won[0]
        assert len(await store.history(made.uid)) == 2

    @pytest.mark.parametrize("number", [1, 3])
    async def test_numbers_have_no_gaps_and_are_not_used_twice(self, store, number):
        made = await created(store)
        wanted = spec("churn", version=2)
        with pytest.raises(Conflict):
            await store.change(made.uid, wanted, based_on=1, entry=entry(number, wanted))
        with pytest.raises(Conflict):
            await store.change(made.uid, wanted, based_on=1, entry=entry(2, wanted), revision=revision(number, wanted))
        assert await store.get(made.uid) == made
        assert len(await store.history(made.uid)) == len(await store.revisions(made.uid)) == 1

    async def test_what_is_gone_cannot_be_changed(self, store):
        made = await created(store)
        await store.remove(made.uid)
        with pytest.raises(DeploymentNotFound):
            await store.change(made.uid, made.spec, based_on=1, entry=entry(2, made.spec))

    async def test_a_name_held_by_another_is_refused_on_change(self, store):
        await created(store, record("first", spec("first", api_name="api")))
        second = await created(store, record("second", spec("second")))
        for wanted, field in ((spec("first"), "name"), (spec("second", api_name="api"), "api_name")):
            with pytest.raises(NameTaken) as caught:
                await store.change(second.uid, wanted, based_on=1, entry=entry(2, wanted))
            assert caught.value.details["field"] == field
        assert await store.get(second.uid) == second

    async def test_its_own_names_are_no_obstacle_and_old_ones_become_free(self, store):
        made = await created(store, record("churn", spec("churn", api_name="api")))
        renamed = spec("leavers", api_name="api", replicas=2)
        await store.change(made.uid, renamed, based_on=1, entry=entry(2, renamed))
        await created(store, record("churn-2", spec("churn")))

    async def test_the_group_cannot_change(self, store):
        made = await created(store)
        moved = spec("churn", group="risk")
        with pytest.raises(Conflict):
            await store.change(made.uid, moved, based_on=1, entry=entry(2, moved))

    async def test_the_newest_update_comes_first(self, store):
        a, b, c = [await created(store, record(f"d-{n}", seconds=n)) for n in range(3)]
        assert await store.all() == [c, b, a]
        changed = await store.change(a.uid, a.spec, based_on=1, entry=entry(2, a.spec, seconds=50))
        assert await store.all() == [changed, c, b]


class TestDelete:
    async def test_what_is_being_deleted_is_listed_but_holds_no_name(self, store):
        made = await created(store, record("churn", spec("churn", api_name="api")))
        said = entry(2, made.spec, action="delete")
        going = await store.change(made.uid, made.spec, based_on=1, entry=said, deleting=True)
        assert going.deleting
        assert await store.all() == [going]
        assert await store.find("churn") is None
        again = await created(store, record("churn", spec("churn", api_name="api")))
        assert await store.find("churn") == again
        await store.remove(made.uid)
        assert await store.find("churn") == again

    async def test_what_is_being_deleted_does_not_come_back(self, store):
        made = await created(store)
        await store.change(made.uid, made.spec, based_on=1, entry=entry(2, made.spec), deleting=True)
        with pytest.raises(DeploymentNotFound):
            await store.change(made.uid, made.spec, based_on=2, entry=entry(3, made.spec))
        assert (await store.get(made.uid)).deleting

    async def test_removal_takes_everything_along(self, store):
        made = await created(store)
        await store.add_events(made.uid, [event()])
        await store.put_client(made.uid, client(), new=True)
        await store.remove(made.uid)
        assert await store.get(made.uid) is None
        assert await store.find(made.id) is None
        assert await store.all() == []
        for kept in (store.revisions, store.history, store.events, store.clients):
            assert await kept(made.uid) == []

    async def test_removing_twice_is_harmless(self, store, heard):
        made = await created(store)
        await store.remove(made.uid)
        await store.remove(made.uid)
        await turn()
        assert heard.count((made.uid, "deleted")) == 1


class TestObserved:
    async def test_a_status_is_replaced_without_touching_the_spec(self, store):
        made = await created(store)
        status = DeploymentStatus(state="deployed", health="healthy", message="Deployment is running.", changed_at=at(9))
        await store.set_status(made.uid, status)
        assert await store.get(made.uid) == made.model_copy(update={"status": status})
        assert (await store.all())[0].status == status

    async def test_an_equal_status_and_one_of_nothing_are_ignored(self, store, heard):
        made = await created(store)
        await store.set_status(made.uid, made.status)
        await store.set_status("nothing", made.status)
        await turn()
        assert heard == [(made.uid, "spec")]

    async def test_status_and_spec_do_not_overwrite_each_other(self, store):
        made = await created(store)

        async def observe():
            for n in range(20):
                await store.set_status(made.uid, DeploymentStatus(message=f"{n}"))

        async def want():
            for n in range(2, 22):
                wanted = spec("churn", replicas=n)
                await store.change(made.uid, wanted, based_on=n - 1, entry=entry(n, wanted))

        await asyncio.gather(observe(), want())
        found = await store.get(made.uid)
        assert (found.spec.replicas, found.status.message, found.resource_version) == (21, "19", 21)

    async def test_a_receipt_joins_its_revision(self, store):
        made = await created(store)
        receipt = Receipt(revision=1, rows=5, agreed=5, checked_at=at(3))
        await store.set_receipt(made.uid, 1, receipt)
        assert await store.revisions(made.uid) == [revision(1, made.spec).model_copy(update={"receipt": receipt})]
        with pytest.raises(RevisionNotFound):
            await store.set_receipt(made.uid, 2, receipt)

    async def test_events_get_growing_numbers(self, store):
        a, b = await created(store, record("a-1")), await created(store, record("b-1"))
        first = await store.add_events(a.uid, [event("one"), event("two")])
        other = await store.add_events(b.uid, [event("else")])
        third = await store.add_events(a.uid, [event("three")])
        numbers = [e.seq for e in (*first, *other, *third)]
        assert numbers == sorted(set(numbers))
        assert numbers[0] > 0
        assert await store.events(a.uid) == [*first, *third]
        assert await store.events(a.uid, limit=2) == [first[1], *third]
        assert await store.events(a.uid, after=first[1].seq) == third
        assert await store.events(a.uid, limit=0) == []
        assert await store.events(a.uid, after=2**80) == []

    async def test_events_of_what_is_gone_are_dropped(self, store):
        assert await store.add_events("nothing", [event()]) == []

    async def test_old_events_are_pruned_and_numbers_go_on(self, store):
        made = await created(store)
        kept = await store.add_events(made.uid, [event("old", seconds=0), event("new", seconds=100)])
        assert await store.prune_events(at(50)) == 1
        assert await store.events(made.uid) == kept[1:]
        assert await store.prune_events(at(500)) == 1
        after = await store.add_events(made.uid, [event("later", seconds=900)])
        assert after[0].seq > kept[1].seq


class TestClients:
    async def test_clients_come_by_name_with_their_secrets_in_order(self, store):
        made = await created(store)
        web, batch = client("web", "zzzzzz", "aaaaaa"), client("batch")
        await store.put_client(made.uid, web, new=True)
        await store.put_client(made.uid, batch, new=True)
        assert await store.clients(made.uid) == [batch, web]

    async def test_a_name_is_used_once_per_deployment(self, store):
        a, b = await created(store, record("a-1")), await created(store, record("b-1"))
        await store.put_client(a.uid, client(), new=True)
        await store.put_client(b.uid, client(), new=True)
        with pytest.raises(NameTaken) as caught:
            await store.put_client(a.uid, client("web", "bbbbbb"), new=True)
        assert caught.value.details["field"] == "client"
        assert await store.clients(a.uid) == [client()]

    async def test_replacing_changes_the_secrets(self, store):
        made = await created(store)
        await store.put_client(made.uid, client("web", "aaaaaa"), new=True)
        await store.put_client(made.uid, client("web", "aaaaaa", "bbbbbb"), new=False)
        assert await store.clients(made.uid) == [client("web", "aaaaaa", "bbbbbb")]
        await store.put_client(made.uid, client("web", "bbbbbb"), new=False)
        assert [s.key_id for s in (await store.clients(made.uid))[0].secrets] == ["bbbbbb"]

    async def test_a_removed_client_is_not_brought_back_by_a_rotation(self, store):
        made = await created(store)
        await store.put_client(made.uid, client(), new=True)
        await store.remove_client(made.uid, "web")
        assert await store.clients(made.uid) == []
        with pytest.raises(ClientNotFound):
            await store.remove_client(made.uid, "web")
        with pytest.raises(ClientNotFound):
            await store.put_client(made.uid, client(), new=False)
        with pytest.raises(DeploymentNotFound):
            await store.put_client("nothing", client(), new=True)

    async def test_last_uses_only_move_forward(self, store):
        made = await created(store)
        await store.put_client(made.uid, client("web", "aaaaaa", "bbbbbb"), new=True)
        await asyncio.gather(
            store.touch_secrets([(made.uid, "web", "aaaaaa", at(20)), (made.uid, "web", "aaaaaa", at(5))]),
            store.touch_secrets([(made.uid, "web", "aaaaaa", at(10)), (made.uid, "gone", "cccccc", at(1))]),
        )
        await store.touch_secrets([(made.uid, "web", "aaaaaa", at(15))])
        secrets = (await store.clients(made.uid))[0].secrets
        assert [s.last_used_at for s in secrets] == [at(20), None]

    async def test_a_rotation_keeps_a_use_that_it_did_not_see(self, store):
        made = await created(store)
        await store.put_client(made.uid, client("web", "aaaaaa"), new=True)
        await store.touch_secrets([(made.uid, "web", "aaaaaa", at(20))])
        await store.put_client(made.uid, client("web", "aaaaaa", "bbbbbb"), new=False)
        assert [s.last_used_at for s in (await store.clients(made.uid))[0].secrets] == [at(20), None]


class TestAnswers:
    async def test_the_first_answer_is_kept_for_a_day(self, store, clock):
        await store.remember("key", "digest", "answer", at())
        await store.remember("key", "digest", "another", at())
        assert await store.recall("key") == ("digest", "answer")
        assert await store.recall("other") is None
        clock.now += timedelta(hours=23)
        assert await store.recall("key") == ("digest", "answer")
        clock.now += timedelta(hours=2)
        assert await store.recall("key") is None
        await store.remember("key", "digest 2", "answer 2", clock.now)
        assert await store.recall("key") == ("digest 2", "answer 2")


class TestListeners:
    async def test_listeners_hear_of_every_commit_on_the_loop_after_it(self, store):
        told = []
        loop = asyncio.get_running_loop()

        def listener(uid, what):
            assert asyncio.get_running_loop() is loop
            told.append(what)

        end = store.subscribe(listener)
        made = await created(store)
        wanted = spec("churn", replicas=2)
        await store.change(made.uid, wanted, based_on=1, entry=entry(2, wanted))
        await store.set_status(made.uid, DeploymentStatus(message="up"))
        await store.add_events(made.uid, [event()])
        await store.put_client(made.uid, client(), new=True)
        await store.remove_client(made.uid, "web")
        await store.remove(made.uid)
        await turn()
        assert told == ["spec", "spec", "status", "event", "clients", "clients", "deleted"]
        end()
        end()
        await created(store)
        await turn()
        assert len(told) == 7

    async def test_what_was_refused_is_not_told(self, store, heard):
        made = await created(store)
        with pytest.raises(StaleEdit):
            await store.change(made.uid, made.spec, based_on=7, entry=entry(2, made.spec))
        await turn()
        assert heard == [(made.uid, "spec")]

    async def test_a_listener_reads_what_it_was_told_of(self, store):
        read = asyncio.get_running_loop().create_future()
        store.subscribe(lambda uid, what: read.set_result(asyncio.ensure_future(store.get(uid))))
        made = await created(store)
        assert await (await read) == made

    async def test_a_failing_listener_does_not_keep_the_news_from_others(self, store, caplog):
        told = []
        store.subscribe(lambda uid, what: 1 / 0)
        store.subscribe(lambda uid, what: told.append(what))
        await created(store)
        await turn()
        assert told == ["spec"]
        assert "ZeroDivisionError" in caplog.text


class TestLife:
    async def test_everything_is_there_after_reopening(self, reopen):
        store = await reopen()
        made = await created(store)
        wanted = spec("churn", version=2)
        await store.change(made.uid, wanted, based_on=1, entry=entry(2, wanted), revision=revision(2, wanted))
        await store.set_receipt(made.uid, 2, Receipt(revision=2, rows=1, agreed=1, checked_at=at()))
        await store.add_events(made.uid, [event()])
        await store.put_client(made.uid, client(), new=True)
        await store.remember("key", "digest", "answer", at())

        async def seen(s):
            each = (s.revisions, s.history, s.events, s.clients)
            return [await s.all(), await s.recall("key"), *[await read(made.uid) for read in each]]

        before = await seen(store)
        assert await seen(await reopen()) == before

    async def test_closing_finishes_what_was_asked(self, reopen):
        store = await reopen()
        asked = [asyncio.ensure_future(created(store, record(f"d-{n}"))) for n in range(20)]
        await asyncio.sleep(0)
        await store.close()
        await asyncio.gather(*asked)
        assert len(await (await reopen()).all()) == 20

    async def test_a_closed_store_says_so_and_closes_once(self, store):
        await store.close()
        await store.close()
        with pytest.raises(EngineUnavailable):
            await store.all()
        with pytest.raises(EngineUnavailable):
            await store.remove("anything")

    async def test_a_cancelled_caller_disturbs_nobody(self, store):
        made = await created(store)
        tasks = [asyncio.ensure_future(store.add_events(made.uid, [event(f"{n}")])) for n in range(10)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        messages = {e.message for e in await store.events(made.uid)}
        assert {"1", "3", "5", "7", "9"} <= messages
