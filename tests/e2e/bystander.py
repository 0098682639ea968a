"""A deployment that nobody changes, and its caller of 100 requests a second: what they may notice when something dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx

from mdeploy_lab.client.handle import Deployment
from mdeploy_lab.client.sync import Client
from mdeploy_lab.paths import Home
from tests.e2e.census import until
from tests.e2e.load import Answers, Load, busy

RATE = 100
SHORT, LONG = 1.0, 15.0
"""Seconds of failures: of one process that is started again, and of a replica with what it is forked from, or everything."""
REPLACED = 75.0
"""Seconds until a replica that is replaced is gone: as long as a request may take. One that hangs fails the caller before."""


def allowed(victim: str, replicas: int) -> float:
    """Return how many seconds of failures the caller may see when ``victim`` dies; 0: not one failure."""
    if victim == "everything":
        return LONG
    if victim == "envoy":
        return SHORT
    if replicas > 1:
        return 0.0
    return {"replica": SHORT, "replica and warm parent": LONG}.get(victim, 0.0)


@dataclass
class Bystander:
    """The deployment ``bystander``, called all the time; `judge` after each death."""

    client: Client
    made: Deployment
    answers: Answers
    replicas: int = 1
    seen: dict[tuple[str, int], list[tuple[int, float]]] = field(default_factory=dict)
    """By victim and number of replicas: how many requests failed, and for how many seconds (of a machine that is not busy)."""
    _judged: int = 0
    _turn: int = 0

    def pids(self) -> list[int]:
        return [r.pid or 0 for r in self.made.replicas()]

    def whole(self) -> bool:
        return self.made.refresh().status.replicas.ready == self.replicas == len(self.pids())

    def scale(self, replicas: int) -> None:
        """Run so many replicas; the caller must not notice."""
        self.made.refresh().update(replicas=replicas)
        self.replicas = replicas
        until("the bystander's replicas", self.whole, REPLACED)
        assert not self._new_failures(), self._story()

    def judge(self, victim: str, dead_at: float) -> None:
        """Assert that the caller is served again, and saw no more failures since the last time than ``victim`` excuses."""
        until(f"the bystander to be whole after the death of {victim}", self.whole, 30)
        self._served()
        failures = self._new_failures()
        most = allowed(victim, self.replicas)
        seconds = self._seconds(failures, dead_at if most == LONG else None)
        self.seen.setdefault((victim, self.replicas), []).append((len(failures), round(seconds, 2)))
        assert seconds <= most, f"{victim}, {self.replicas} replicas: {seconds:.2f} s of failures: {self._story()}"
        assert most or not failures, f"{len(failures)} requests failed when {victim} died: {self._story()}"
        assert [h.action for h in self.made.history()].count("create") == 1

    def _seconds(self, failures: list[float], since: float | None) -> float:
        """Return how long requests failed: until the last, from the first or from ``since``.

        On a busy machine the caller gets no further either, so it is no more than as many requests take.
        """
        if not failures:
            return 0.0
        if since is not None:
            return (failures[-1] - since) / busy()
        return min((failures[-1] - failures[0]) / busy(), len(failures) / RATE)

    def report(self) -> None:
        """Print what the caller saw, by what died."""
        answers = self.answers
        print(f"  caller: {answers.codes.total()} requests, {answers.rate:.0f} a second, ", end="")
        print(f"{answers.failed} failed, {answers.overloaded} overloaded")
        for (victim, replicas), outages in sorted(self.seen.items()):
            print(f"    {victim}, {replicas}: " + ", ".join(f"{count} in {span:g} s" for count, span in outages))

    def _story(self) -> str:
        """Return what was answered and what happened, for who looks for the cause."""
        events = [f"{e.at:%X.%f} {e.message}" for e in self.made.events()]
        return "\n".join([str(self.answers.said.most_common(5)), *events[-20:]])

    def _new_failures(self) -> list[float]:
        """Return when the requests began that failed since the last call."""
        failures = sorted(self.answers.failed_at[self._judged :])
        self._judged += len(failures)
        return failures

    def _served(self) -> None:
        """Wait until no request that began before now is open: the gateway leaves who lost the end of an answer open for a second."""
        count = self.answers.codes["200"]
        until("the caller to be served", lambda: self.answers.codes["200"] > count + RATE * 5 // 4, 30)

    def renew(self) -> None:
        """Start over with a new revision, which the caller must not notice: only the first restart of a replica is immediate, later ones are put off."""
        self._turn += 1
        self.made.refresh().update(env={"TURN": str(self._turn)}, timeout=60)
        until("the old revision's replicas to be gone", self.whole, REPLACED)
        assert not self._new_failures(), self._story()


@contextmanager
def bystander(client: Client, home: Home, model: object, example: Any) -> Iterator[Bystander]:
    """Deploy it, call it for the whole block, and take it away."""
    made = client.deploy(model, name="bystander", input_example=example, instance_type="nano", timeout=60)
    try:
        token = made.clients.add("load").token.reveal()
        body = {"dataframe_split": example.head(1).to_dict(orient="split")}
        ask = {"json": body, "headers": {"authorization": f"Bearer {token}"}, "trust_env": False}
        until("the token to work", lambda: httpx.post(f"{made.url}/invocations", **ask).status_code == HTTPStatus.OK)
        with Load(made.url, token, body, rate=RATE) as answers:
            until("the caller to be served", lambda: answers.codes["200"] > RATE, 30)
            assert not answers.failed, answers.said
            found = Bystander(client, made, answers)
            yield found
        found.report()
        assert answers.rate > 0.9 * RATE, "the caller was not steady"
    finally:
        made.delete()
    until("it to be gone", lambda: not client.deployments(search="bystander"), 30)
