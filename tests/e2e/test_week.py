"""A week in a minute: thousands of changes leave no process, descriptor, memory or file behind, and what is old goes."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from mdeploy_lab.store.rows import text_of
from tests.e2e.census import census, kill, of_kind, until
from tests.e2e.conftest import engine

KINDS = ("engine", "supervisor", "envoy", "warm parent")
DESCRIPTORS = 8
"""A process may hold so many more: connections that are kept alive, and files that are just being read."""
MEMORY = {"engine": 48, "supervisor": 4, "envoy": 48, "warm parent": 8}
"""MiB that a process may grow after it was warmed up: a leak of 5 KiB a change would show in the long form."""
SHORT, LONG = 300, 10_000
SEED = int(os.environ.get("MDEPLOY_WEEK_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)


@dataclass(frozen=True)
class Footprint:
    """What a home uses."""

    processes: Counter[str]
    descriptors: dict[str, int]
    memory: dict[str, float]
    files: dict[str, int]


def footprint(home) -> Footprint:
    one = {kind: of_kind(home, kind)[0] for kind in KINDS}
    places = {"run": home.run, "state": home.state, "logs": home.logs}
    return Footprint(
        Counter(p.kind for p in census(home)),
        {kind: len(list(Path(f"/proc/{pid}/fd").iterdir())) for kind, pid in one.items()},
        {kind: _own(pid) for kind, pid in one.items()},
        {name: sum(not p.is_dir() for p in place.rglob("*")) for name, place in places.items()},
    )


def _own(pid: int) -> float:
    """Return MiB that are a process's own: pages of libraries come into it as they are touched, and leak nothing."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("RssAnon")).split()[1]) / 1024


@dataclass
class Week:
    """Changes by chance of deployments that are stopped, which cost no replica."""

    http: object
    model: str
    chance: random.Random
    made: int = 0
    revisions: Counter[str] = field(default_factory=Counter)
    clients: dict[str, set[str]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)

    def send(self, method: str, path: str, body: object = None, codes: tuple[int, ...] = (200, 201)) -> None:
        answer = self.http.request(method, path, json=body)
        assert answer.status_code in codes, (method, path, body, answer.text)

    def create(self) -> None:
        self.made += 1
        id_ = f"week-{self.made}"
        body = {"model": self.model, "name": id_, "stopped": True, "instance_type": "nano", "message": "create"}
        self.send("POST", "/deployments", body)
        self.revisions[id_], self.clients[id_] = 1, set()

    def turn(self) -> None:
        if len(self.revisions) < 3:
            self.create()
        id_ = self.chance.choice(sorted(self.revisions))
        kinds = ("describe", "revise", "rollback", "traffic", "scale", "rename", "client", "rotate", "remove", "delete")
        kind = self.chance.choices(kinds, (10, 4, 3, 3, 4, 4, 3, 3, 3, 1))[0]
        getattr(self, f"_{kind}")(id_, f"/deployments/{id_}")
        self.done[kind] += 1

    def _describe(self, _: str, path: str) -> None:
        self.send("PATCH", path, {"description": str(self.chance.random())})

    def _scale(self, _: str, path: str) -> None:
        self.send("PATCH", path, {"replicas": self.chance.randint(1, 4)})

    def _rename(self, _: str, path: str) -> None:
        self.send("PATCH", path, {"name": f"Week {self.chance.random()}"})

    def _revise(self, id_: str, path: str) -> None:
        self.send("PATCH", path, {"env": {"TURN": str(self.chance.random())}})
        self.revisions[id_] += 1

    def _rollback(self, id_: str, path: str) -> None:
        if self.revisions[id_] > 1:
            self.send("POST", f"{path}/rollback", {"to": self.chance.randint(1, self.revisions[id_] - 1)})
            self.revisions[id_] += 1

    def _traffic(self, id_: str, path: str) -> None:
        newest = self.revisions[id_]
        targets = [{"revision": newest, "percent": 100}]
        if newest > 1:
            targets = [{"revision": newest - 1, "percent": 40}, {"revision": newest, "percent": 60}]
        self.send("PUT", f"{path}/traffic", {"targets": self.chance.choice((targets, None))})

    def _client(self, id_: str, path: str) -> None:
        name = f"c{self.chance.randrange(20)}"
        if name not in self.clients[id_]:
            self.send("POST", f"{path}/clients", {"name": name})
            self.clients[id_].add(name)

    def _rotate(self, id_: str, path: str) -> None:
        if self.clients[id_]:
            name = self.chance.choice(sorted(self.clients[id_]))
            self.send("POST", f"{path}/clients/{name}/rotate", {"overlap": 0})

    def _remove(self, id_: str, path: str) -> None:
        if self.clients[id_]:
            name = self.clients[id_].pop()
            self.send("DELETE", f"{path}/clients/{name}", codes=(204,))

    def _delete(self, id_: str, path: str) -> None:
        self.send("DELETE", path, codes=(202,))
        del self.revisions[id_], self.clients[id_]


@pytest.fixture(scope="module")
def real(client, models, iris):
    """Return a deployment that runs, with two revisions."""
    client.deploy(models[0], name="real", input_example=iris[0].head(), instance_type="nano", timeout=60)
    return client.deploy(models[1], name="real", input_example=iris[0].head(), instance_type="nano", timeout=60)


def live(real, turns: int) -> None:
    """Put one that runs through its life ``turns`` times."""
    for turn in range(turns):
        real.stop()
        real.start(timeout=60)
        if turn % 2:
            real.traffic("newest")
        else:
            real.rollback(to=1 + turn % 2, timeout=60)
        real.update(description=f"turn {turn}")


def a_week(home, real, changes: int, lives: int) -> tuple[Footprint, Footprint]:
    print(f"week: seed {SEED}, {changes} changes, {lives} lives")
    model = real.spec.template.model.source or real.spec.template.model.uri
    with engine(home) as http:
        week = Week(http, model, random.Random(SEED))
        live(real, 1)
        for _ in range(changes // 5):
            week.turn()
        rest(home, real)
        before = footprint(home)
        for _ in range(changes):
            week.turn()
        live(real, lives)
        print(week.done)
        for id_ in sorted(week.revisions):
            revisions = http.get(f"/deployments/{id_}/revisions").json()["revisions"]
            assert len(revisions) == week.revisions[id_]
            week.send("DELETE", f"/deployments/{id_}", codes=(202,))
        until("the stopped ones to be gone", lambda: len(http.get("/deployments").json()["deployments"]) == 1, 60)
    rest(home, real)
    return before, footprint(home)


def rest(home, real) -> None:
    """Wait until nothing is on its way: one replica, and no drained one."""
    until("rest", lambda: [r.pid for r in real.refresh().replicas()] == of_kind(home, "replica"), 30)
    until("it to serve", lambda: real.refresh().status.replicas.ready == 1, 30)


def judge(before: Footprint, after: Footprint, lives: int) -> None:
    print(before, after, sep="\n")
    for kind, number in after.processes.items():
        assert number <= max(1, before.processes[kind]), f"more of {kind}"
    for kind in KINDS:
        assert after.descriptors[kind] <= before.descriptors[kind] + DESCRIPTORS, f"{kind} keeps descriptors"
        assert after.memory[kind] <= before.memory[kind] + MEMORY[kind], f"{kind} grows"
    for place in ("run", "state"):
        assert after.files[place] <= before.files[place] + 2, f"files stay in {place}"
    assert after.files["logs"] <= before.files["logs"] + 4 * lives + 4, "logs of what was deleted stay"


def test_some_hundred_changes_leave_nothing_behind(home, real):
    before, after = a_week(home, real, SHORT, 2)
    judge(before, after, 2)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_changes_leave_nothing_behind(home, real):
    before, after = a_week(home, real, LONG, 20)
    judge(before, after, 20)


def test_old_events_and_logs_go_and_new_ones_stay(home, real):
    old = datetime.now(timezone.utc) - timedelta(days=8)
    folder = home.logs / real.uid
    dead = folder / "dead.jsonl"
    dead.write_text("{}\n", encoding="utf-8")
    os.utime(dead, (time.time() - 8 * 86400,) * 2)
    with closing(sqlite3.connect(home.database, timeout=10)) as database, database:
        first = database.execute("SELECT min(seq) FROM events WHERE uid = ?", (real.uid,)).fetchone()[0]
        database.execute("UPDATE events SET at = ? WHERE seq = ?", (text_of(old), first))
    seqs = [e.seq for e in real.events()]
    assert seqs[0] == first
    pid = kill(home, "engine")
    until("a new engine", lambda: set(of_kind(home, "engine")) - set(pid), 30)
    until("the old event to go", lambda: first not in [e.seq for e in real.events()], 30)
    assert set(seqs[1:]) <= {e.seq for e in real.events()}
    until("the old log to go", lambda: not dead.exists(), 30)
    assert list(real.logs(tail=10)), "the log of what runs was taken too"
    assert len(real.history()) > 2, "history is never pruned"
