"""SIGKILL where only one replica serves: an outage of a second at most, and 15 s when its warm parent dies with it."""

from __future__ import annotations

import pytest

from tests.e2e.census import Kind, kill, kill_everything, of_kind, until
from tests.e2e.load import Load


@pytest.fixture(scope="module")
def single(client, models, iris):
    """Return a deployment with one replica, a token and a body."""
    made = client.deploy(models[0], name="single", input_example=iris[0].head(), instance_type="nano", timeout=60)
    token = made.clients.add("load").token.reveal()
    return made, token, {"dataframe_split": iris[0].head(1).to_dict(orient="split")}


def killed(home, single, kinds: tuple[Kind, ...]):
    """Kill under 100 requests a second; return what the caller saw when it is served again."""
    made, token, body = single
    with Load(made.url, token, body) as answers:
        until("load", lambda: answers.codes["200"] > 50)
        dead = kill(home, *kinds)
        for kind in kinds:
            until(f"a new {kind}", lambda k=kind: set(of_kind(home, k)) - set(dead), 30)
        until("it to be ready", lambda: made.refresh().status.replicas.ready == 1, 30)
        count = answers.codes["200"]
        until("load", lambda: answers.codes["200"] > count + 100, 30)
    assert len(made.history()) == 1
    assert [r.pid for r in made.replicas()] == of_kind(home, "replica")
    return answers


def test_the_outage_is_short_when_the_only_replica_dies(home, single):
    answers = killed(home, single, ("replica",))
    assert answers.outage <= 1.0, answers.codes


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("kinds", [("engine",), ("warm parent",), ("engine", "supervisor")])
def test_no_request_is_lost_when_what_steers_dies(kinds, home, single, client):
    made, token, body = single
    with Load(made.url, token, body) as answers:
        until("load", lambda: answers.codes["200"] > 20)
        until(f"a {kinds[0]}", lambda: of_kind(home, kinds[0]), 30)
        dead = kill(home, *kinds)
        client.info()
        for kind in kinds:
            until(f"a new {kind}", lambda k=kind: set(of_kind(home, k)) - set(dead), 30)
        count = answers.codes["200"]
        until("load", lambda: answers.codes["200"] > count + 100)
    assert answers.failed == 0, answers.codes


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_it_serves_soon_when_the_replica_and_its_warm_parent_die_together(home, single):
    answers = killed(home, single, ("replica", "warm parent"))
    assert answers.outage <= 15.0, answers.codes


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_it_serves_soon_when_everything_dies(home, single, client):
    made, token, body = single
    kill_everything(home)
    client.info()
    with Load(made.url, token, body) as answers:
        took = until("an answer", lambda: answers.codes["200"], 30)
    assert took <= 15.0
