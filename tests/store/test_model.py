"""Properties: a store does what a dictionary would, and of concurrent changes none is lost."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mdeploy_lab.errors import DeploymentNotFound, NameTaken, StaleEdit
from mdeploy_lab.models.deployment import DeploymentStatus, Revision
from mdeploy_lab.models.history import Event, HistoryEntry
from mdeploy_lab.store.base import StoredDeployment
from mdeploy_lab.store.sqlite import SqliteStore
from tests.store.making import at, entry, event, record, revision, spec

NAMES = ("alpha", "beta", "gamma")
name = st.sampled_from(NAMES)
group = st.sampled_from(("default", "risk"))
api = st.sampled_from(("", "", "v1"))
which = st.integers(0, 5)
steps = st.one_of(
    st.tuples(st.just("create"), name, name, group, api),
    st.tuples(st.just("change"), which, name, api, st.integers(-1, 0), st.booleans(), st.booleans()),
    st.tuples(st.just("status"), which, st.text(max_size=5)),
    st.tuples(st.just("events"), which, st.integers(0, 3)),
    st.tuples(st.just("prune"), st.integers(0, 30)),
    st.tuples(st.just("remove"), which),
    st.tuples(st.just("reopen")),
)


@dataclass
class Kept:
    """What the model remembers of one deployment."""

    record: StoredDeployment
    history: list[HistoryEntry] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


class Pair:
    """A store and its model, taking the same steps."""

    def __init__(self, path: Path, *, shared: bool) -> None:
        self.path, self.shared = path, shared
        self.store = SqliteStore(path, shared=shared)
        self.model: dict[str, Kept] = {}
        self.uids: list[str] = []
        self.time = 0

    def clash(self, uid: str, id_: str, wanted) -> bool:
        return any(
            other.record.id == id_
            or (
                other.record.spec.group == wanted.group
                and (
                    other.record.spec.name == wanted.name or (wanted.api_name and other.record.spec.api_name == wanted.api_name)
                )
            )
            for other in self.model.values()
            if not other.record.deleting and other.record.uid != uid
        )

    def pick(self, index: int) -> str:
        return self.uids[index % len(self.uids)] if self.uids else "nothing"

    async def take(self, step) -> None:
        self.time += 1
        await getattr(self, step[0])(*step[1:])

    async def create(self, id_, called, in_group, api_name) -> None:
        wanted = spec(called, group=in_group, api_name=api_name)
        made = record(f"{id_}-1", wanted, seconds=self.time)
        first, said = revision(1, wanted), entry(1, wanted, action="create")
        try:
            await self.store.create(made, first, said)
        except NameTaken:
            assert self.clash(made.uid, made.id, wanted)
            return
        assert not self.clash(made.uid, made.id, wanted)
        self.uids.append(made.uid)
        self.model[made.uid] = Kept(made, [said], [first])

    async def change(self, index, called, api_name, staleness, new_revision, deleting) -> None:
        uid = self.pick(index)
        kept = self.model.get(uid)
        old = kept.record if kept else None
        wanted = spec(called, group=old.spec.group if old else "default", api_name=api_name, version=self.time)
        said = entry(len(kept.history) + 1 if kept else 1, wanted, seconds=self.time)
        new = revision(len(kept.revisions) + 1, wanted) if kept and new_revision else None
        based_on = (old.resource_version if old else 1) + staleness
        try:
            got = await self.store.change(uid, wanted, based_on=based_on, entry=said, revision=new, deleting=deleting)
        except DeploymentNotFound:
            assert old is None or old.deleting
        except StaleEdit:
            assert old is not None
            assert staleness
        except NameTaken:
            assert old is not None
            assert self.clash(uid, old.id, wanted)
        else:
            assert old is not None
            assert not staleness
            assert not old.deleting
            assert not self.clash(uid, old.id, wanted)
            changes = {"spec": wanted, "resource_version": based_on + 1, "updated_at": said.at, "updated_by": said.actor}
            kept.record = old.model_copy(update={**changes, "deleting": deleting})
            assert got == kept.record
            kept.history.append(said)
            kept.revisions += [new] if new else []

    async def status(self, index, message) -> None:
        uid = self.pick(index)
        await self.store.set_status(uid, DeploymentStatus(message=message))
        if uid in self.model:
            kept = self.model[uid]
            kept.record = kept.record.model_copy(update={"status": DeploymentStatus(message=message)})

    async def events(self, index, count) -> None:
        uid = self.pick(index)
        got = await self.store.add_events(uid, [event(f"{n}", seconds=self.time) for n in range(count)])
        if uid in self.model:
            assert len(got) == count
            self.model[uid].events += got

    async def prune(self, age) -> None:
        before = at(self.time - age)
        gone = await self.store.prune_events(before)
        total = sum(len(k.events) for k in self.model.values())
        for kept in self.model.values():
            kept.events = [e for e in kept.events if e.at >= before]
        assert gone == total - sum(len(k.events) for k in self.model.values())

    async def remove(self, index) -> None:
        uid = self.pick(index)
        await self.store.remove(uid)
        self.model.pop(uid, None)

    async def reopen(self) -> None:
        await self.store.close()
        self.store = SqliteStore(self.path, shared=self.shared)
        await self.store.open()

    async def compare(self) -> None:
        found = await self.store.all()
        assert {r.uid: r for r in found} == {uid: k.record for uid, k in self.model.items()}
        times = [r.updated_at for r in found]
        assert times == sorted(times, reverse=True)
        for uid, kept in self.model.items():
            assert await self.store.history(uid) == kept.history
            assert await self.store.revisions(uid) == kept.revisions
            assert await self.store.events(uid) == kept.events
        numbers = sorted(e.seq for k in self.model.values() for e in k.events)
        assert len(numbers) == len(set(numbers))
        for id_ in (f"{n}-1" for n in NAMES):
            holders = [k.record for k in self.model.values() if k.record.id == id_ and not k.record.deleting]
            assert await self.store.find(id_) == (holders[0] if holders else None)


@settings(max_examples=40, deadline=None)
@given(st.lists(steps, max_size=25), st.booleans())
def test_a_store_does_what_a_dictionary_would(taken, shared):
    async def run() -> None:
        with tempfile.TemporaryDirectory() as directory:
            pair = Pair(Path(directory) / "mdeploy.db", shared=shared)
            await pair.store.open()
            try:
                for step in taken:
                    await pair.take(step)
                    await pair.compare()
            finally:
                await pair.store.close()

    asyncio.run(run())


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=2, max_size=6), st.booleans())
def test_concurrent_changes_lose_no_update(counts, shared):
    """Each actor adds its increments to one number, reading again whenever another one was quicker."""

    async def actor(store: SqliteStore, uid: str, who: str, count: int) -> None:
        done = 0
        while done < count:
            current = await store.get(uid)
            number = int(current.spec.metadata["sum"]) + 1
            wanted = current.spec.model_copy(update={"metadata": {"sum": str(number)}})
            try:
                said = entry(current.resource_version + 1, wanted, actor=who)
                await store.change(uid, wanted, based_on=current.resource_version, entry=said)
            except StaleEdit:
                continue
            done += 1

    async def run() -> None:
        with tempfile.TemporaryDirectory() as directory:
            store = SqliteStore(Path(directory) / "mdeploy.db", shared=shared)
            await store.open()
            try:
                made = record("churn", spec("churn", metadata={"sum": "0"}))
                await store.create(made, revision(1, made.spec), entry(1, made.spec))
                await asyncio.gather(*(actor(store, made.uid, f"actor-{n}", count) for n, count in enumerate(counts)))
                assert (await store.get(made.uid)).spec.metadata == {"sum": str(sum(counts))}
                history = await store.history(made.uid)
                assert [h.number for h in history] == list(range(1, sum(counts) + 2))
                for n, count in enumerate(counts):
                    assert sum(h.actor == f"actor-{n}" for h in history) == count
            finally:
                await store.close()

    asyncio.run(run())
