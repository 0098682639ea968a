"""SIGKILL of everything, one after another and at once: what was asked is what comes back, no orphan, no double."""

from __future__ import annotations

import os
import signal

import pytest

from tests.e2e.census import census, kill, kill_everything, of_kind, until
from tests.e2e.load import Load

REPLICAS = 2


@pytest.fixture(scope="module")
def steady(client, models, iris):
    """Return a deployment with two replicas and a token."""
    x, _ = iris
    made = client.deploy(models[0], name="steady", input_example=x.head(), replicas=REPLICAS, timeout=60)
    token = made.clients.add("load").token.reveal()
    return made, token, {"dataframe_split": x.head(1).to_dict(orient="split")}


@pytest.fixture(autouse=True)
def whole(home, steady):
    """After each kill: everything is there again, once."""
    yield
    made, _, _ = steady
    until("one engine, one supervisor, one Envoy", lambda: all(len(of_kind(home, k)) == 1 for k in SINGLE))
    until("all replicas ready", lambda: made.refresh().status.replicas.ready == REPLICAS, 20)
    replicas = made.replicas()
    assert len(replicas) == REPLICAS
    assert sorted(r.pid for r in replicas) == sorted(of_kind(home, "replica")), census(home)
    assert made.revision == 1
    assert len(made.history()) == 1


SINGLE = ("engine", "supervisor", "envoy")


@pytest.mark.parametrize("victim", ["supervisor", "engine", "warm parent", "registry"])
def test_no_request_is_lost_when_what_steers_dies(victim, home, steady):
    made, token, body = steady
    before = of_kind(home, "replica")
    with Load(made.url, token, body) as answers:
        until("load", lambda: answers.codes["200"] > 20)
        until(f"a {victim}", lambda: of_kind(home, victim))
        dead = kill(home, victim)
        if victim != "registry":
            until(f"a new {victim}", lambda: set(of_kind(home, victim)) - set(dead), 30)
        until("load", lambda: answers.codes["200"] > 150)
    assert answers.failed == 0, answers.codes
    assert of_kind(home, "replica") == before


def test_no_request_is_lost_when_one_of_two_replicas_dies(home, steady):
    made, token, body = steady
    with Load(made.url, token, body) as answers:
        until("load", lambda: answers.codes["200"] > 20)
        victim = made.replicas()[0].pid
        os.kill(victim, signal.SIGKILL)
        until(
            "a new replica",
            lambda: victim not in [r.pid for r in made.replicas()] and made.refresh().status.replicas.ready == 2,
        )
        until("load", lambda: answers.codes["200"] > 100)
    assert answers.failed == 0, answers.codes


def test_the_outage_is_short_when_the_gateway_dies(home, steady):
    made, token, body = steady
    with Load(made.url, token, body) as answers:
        until("load", lambda: answers.codes["200"] > 20)
        dead = kill(home, "envoy")
        until("a new Envoy", lambda: set(of_kind(home, "envoy")) - set(dead))
        count = answers.codes["200"]
        until("load", lambda: answers.codes["200"] > count + 50)
    assert answers.outage <= 1.0, answers.codes


def test_everything_killed_at_once_comes_back(client, home, steady):
    made, token, body = steady
    kill_everything(home)
    assert client.get("steady").name == "steady"
    with Load(made.url, token, body) as answers:
        took = until("an answer", lambda: answers.codes["200"], 30)
    assert took <= 15
