"""The crash matrix: SIGKILL at a random moment of every operation x everything that can die.

After each round: what was acknowledged is there, history and revisions count on without gap or double, exactly the
replicas that are wanted run, and who calls another deployment 100 times a second saw no more failures than that death
excuses. The seed is printed, and ``MDEPLOY_CRASH_SEED`` repeats it.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from mdeploy_lab.client.sync import Client
from mdeploy_lab.errors import MDeployError
from mdeploy_lab.paths import Home
from tests.e2e.bystander import Bystander, bystander
from tests.e2e.census import census, kill, kill_everything, kill_pids, of_kind, until

VICTIMS = ("engine", "supervisor", "warm parent", "replica", "replica and warm parent", "envoy", "everything")
OPERATIONS = ("create", "update", "rollback", "traffic", "stop", "start", "delete")
SEED = int(os.environ.get("MDEPLOY_CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
LATEST = 0.6
"""Seconds after the operation's beginning within which the kill comes."""


@dataclass
class Round:
    """One operation that is interrupted."""

    client: Client
    home: Home
    models: tuple[object, object]
    example: object
    chance: random.Random
    other: Bystander
    spared: list[int] = field(default_factory=list)
    """The bystander's replicas but one: replicas die one of a deployment, not all of it at once."""
    dead_at: float = 0.0

    def deploy(self, name: str, which: int = 0, *, wait: bool = True) -> None:
        self.client.deploy(
            self.models[which], name=name, input_example=self.example, instance_type="nano", wait=wait, timeout=60
        )

    def prepare(self, operation: str) -> str:
        """Bring a deployment to where ``operation`` makes sense; returns its id."""
        name = f"m-{operation}-{self.chance.randrange(10**6)}"
        if operation == "create":
            return name
        self.deploy(name)
        if operation in {"rollback", "traffic"}:
            self.deploy(name, 1)
        if operation == "start":
            self.client.get(name).stop()
        return name

    def act(self, operation: str, id_: str) -> None:
        """Do it, without waiting for the end."""
        if operation == "create":
            self.deploy(id_, wait=False)
            return
        one = self.client.get(id_)
        acts: dict[str, Callable[[], object]] = {
            "update": lambda: self.deploy(id_, 1, wait=False),
            "rollback": lambda: one.rollback(to=1, wait=False),
            "traffic": lambda: one.traffic({1: 40, 2: 60}, wait=False),
            "stop": lambda: one.stop(wait=False),
            "start": lambda: one.start(wait=False),
            "delete": one.delete,
        }
        acts[operation]()

    def interrupted(self, operation: str, id_: str, victim: str) -> bool:
        """Act while ``victim`` dies at a random moment; returns whether the act was acknowledged."""
        killer = threading.Thread(target=self._kill_later, args=(victim,))
        killer.start()
        try:
            self.act(operation, id_)
        except MDeployError:
            return False
        else:
            return True
        finally:
            killer.join()

    def _kill_later(self, victim: str) -> None:
        time.sleep(self.chance.uniform(0, LATEST))
        if victim == "everything":
            kill_everything(self.home)
        elif victim.startswith("replica"):
            kinds = {"replica", "warm parent"} if "warm" in victim else {"replica"}
            kill_pids(p.pid for p in census(self.home) if p.kind in kinds and p.pid not in self.spared)
        else:
            kill(self.home, victim)  # type: ignore[arg-type]
        self.dead_at = time.monotonic()


def settled(client: Client) -> bool:
    """Return whether nothing is on its way."""
    found = client.deployments()
    return all(d.state in {"deployed", "stopped"} and d.status.observed_version == d.snapshot().resource_version for d in found)


def stories(client: Client) -> list[str]:
    """Return what each deployment says of itself, for who looks for the cause."""
    found = client.deployments()
    told = [f"{d.id} is {d.state}: {d.status.message}" for d in found]
    return [*told, *(f"{d.id} {e.at:%X.%f} {e.message}" for d in found for e in list(d.events())[-12:])]


def check(turn: Round, operation: str, id_: str, *, acknowledged: bool) -> None:
    """Assert that nothing was lost, doubled or orphaned."""
    client, home = turn.client, turn.home
    client.info()
    try:
        until("everything to settle", lambda: settled(client), 60)
    except AssertionError as error:
        raise AssertionError("\n".join([str(error), *stories(client)])) from error
    found = {d.id: d for d in client.deployments()}
    if acknowledged:
        assert (id_ in found) == (operation != "delete")
    if id_ in found:
        history = found[id_].history()
        assert [h.number for h in history][::-1] == list(range(1, len(history) + 1))
        revisions = found[id_].revisions()
        assert sorted(r.number for r in revisions) == list(range(1, len(revisions) + 1))
        assert sum(h.new_revision for h in history) == len(revisions)
        done = [h.action for h in history].count(operation if operation in {"rollback", "traffic", "stop"} else "create")
        assert done == 1 or (not acknowledged and done == 0)

    def wanted() -> list[int]:
        return sorted(r.pid or 0 for d in client.deployments() for r in d.replicas())  # 0: between two starts

    until("exactly the wanted replicas", lambda: wanted() == sorted(of_kind(home, "replica")), 30)
    running = [d for d in client.deployments() if d.state == "deployed"]
    until("each running one ready", lambda: all(d.refresh().status.replicas.ready >= 1 for d in running), 30)
    for kind in ("engine", "supervisor", "envoy"):
        until(f"one {kind}", lambda k=kind: len(of_kind(home, k)) == 1, 30)
    assert not [p for p in census(home) if p.kind == "other"]


def clear(client: Client) -> None:
    """Delete all but the bystander."""
    for left in client.deployments():
        if left.id != "bystander":
            left.delete()
    until("it to be gone", lambda: [d.id for d in client.deployments()] == ["bystander"], 30)


def run(client, home, models, example, pairs, seed):
    """Run the pairs; the bystander has two replicas in the second half."""
    print(f"crash matrix: seed {seed}, {len(pairs)} rounds")
    with bystander(client, home, models[0], example) as other:
        turn = Round(client, home, models, example, random.Random(seed), other)
        for number, (operation, victim) in enumerate(pairs):
            if number == (len(pairs) + 1) // 2:
                other.scale(2)
            print(f"  {operation} x {victim}, {other.replicas} beside it", flush=True)
            id_ = turn.prepare(operation)
            before, *turn.spared = other.pids()
            acknowledged = turn.interrupted(operation, id_, victim)
            check(turn, operation, id_, acknowledged=acknowledged)
            other.judge(victim, turn.dead_at)
            assert (before in other.pids()) == (not victim.startswith(("replica", "everything"))), "the wrong one died"
            if victim.startswith("replica"):
                other.renew()
            clear(client)


def test_every_operation_survives_the_death_of_something(client, home, models, iris):
    victims = random.Random(SEED).sample(VICTIMS, len(OPERATIONS))
    run(client, home, models, iris[0].head(), list(zip(OPERATIONS, victims, strict=True)), SEED)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("turn", range(int(os.environ.get("MDEPLOY_CRASH_ROUNDS", "3"))))
def test_every_operation_survives_the_death_of_everything(turn, client, home, models, iris):
    pairs = [(o, v) for o in OPERATIONS for v in VICTIMS]
    random.Random(SEED + turn).shuffle(pairs)
    run(client, home, models, iris[0].head(), pairs, SEED + turn)
