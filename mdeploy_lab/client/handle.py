"""One deployment, asynchronously: every verb that a deployment has, written once."""

# ruff: noqa: A002  # "id" is the word of the interface
from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, overload

from mdeploy_lab.client import views
from mdeploy_lab.client.editing import edit, request_of
from mdeploy_lab.client.endpoint import AsyncEndpoint
from mdeploy_lab.client.intake import Capturing
from mdeploy_lab.client.moments import moment
from mdeploy_lab.client.progress import Reporter
from mdeploy_lab.client.tables import Table
from mdeploy_lab.client.tokens import NewClient
from mdeploy_lab.client.transport import segment
from mdeploy_lab.client.waiting import Goal, fetch
from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.models.access import ClientInfo, NewToken
from mdeploy_lab.models.deployment import Batching, Deployment, Replica, Revision, TrafficTarget
from mdeploy_lab.models.history import Diff, DiffOf, Event, HistoryEntry, LogLine, LogReplica
from mdeploy_lab.models.requests import (
    Act,
    AddClient,
    Changed,
    Rollback,
    RotateClient,
    SetTraffic,
    UpdateDeployment,
)

if TYPE_CHECKING:
    from mdeploy_lab.client.core import AsyncClient

WHOLE = 100
EVERYTHING = 10**9


class AsyncClients:
    """The named callers of one deployment."""

    def __init__(self, client: AsyncClient, id: str) -> None:
        self._transport = client.transport
        self._path = f"/deployments/{segment(id)}/clients"

    async def list(self) -> Table[ClientInfo]:
        """Return the clients, without their tokens."""
        answer = await self._transport.get(self._path)
        return views.clients(ClientInfo.model_validate(c) for c in answer["clients"])

    async def add(self, name: str) -> NewClient:
        """Add a client; ``.token`` is its token, which can be read only now."""
        answer = await self._transport.post(self._path, request_of(AddClient, {"name": name}), again=False)
        return NewClient.of(NewToken.model_validate(answer))

    async def rotate(self, name: str, *, overlap: float = 86_400.0) -> NewClient:
        """Give a client a new token; the old one works for ``overlap`` seconds more."""
        path = f"{self._path}/{segment(name)}/rotate"
        answer = await self._transport.post(path, request_of(RotateClient, {"overlap": overlap}), again=False)
        return NewClient.of(NewToken.model_validate(answer))

    async def remove(self, name: str) -> None:
        """Remove a client; its tokens stop working."""
        await self._transport.send("DELETE", f"{self._path}/{segment(name)}")


class AsyncDeployment(AsyncEndpoint):
    """A handle on one deployment. Its properties are as of the last answer; ``refresh`` asks again."""

    def __init__(self, client: AsyncClient, snapshot: Deployment, notes: tuple[str, ...] = ()) -> None:
        self._snapshot = snapshot
        self._notes = notes
        self.changed: bool | None = None
        self.new_revision = False
        self.deleted = False
        self.client = client
        self._transport = client.transport

    def snapshot(self) -> Deployment:
        """Return the deployment as the API last told it."""
        return self._snapshot

    def _shown(self) -> tuple[Deployment, str]:
        return self._snapshot, "deleted" if self.deleted else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the last deploy or update found worth saying."""
        return self._notes

    @property
    def clients(self) -> AsyncClients:
        """The callers that have a token."""
        return AsyncClients(self.client, self.id)

    async def refresh(self) -> AsyncDeployment:
        """Read the deployment again."""
        self._snapshot = await fetch(self._transport, self.id)
        return self

    # -- reading -----------------------------------------------------------------------------------------------

    async def history(self) -> Table[HistoryEntry]:
        """Return every change that somebody made, newest first."""
        answer = await self._transport.get(f"{self._path}/history")
        found = views.history(HistoryEntry.model_validate(h) for h in answer["history"])
        return found.live_as("history", self._snapshot)

    async def revisions(self) -> Table[Revision]:
        """Return every revision, newest first."""
        answer = await self._transport.get(f"{self._path}/revisions")
        return views.revisions(Revision.model_validate(r) for r in answer["revisions"])

    async def diff(self, before: int, after: int, *, of: DiffOf = "revisions") -> views.DiffTable:
        """Return what differs between two revisions, or entries of the history: fields, then model against model."""
        answer = await self._transport.get(f"{self._path}/diff", {"from": before, "to": after, "of": of})
        return views.DiffTable(Diff.model_validate(answer))

    async def replicas(self) -> Table[Replica]:
        """Return the replicas that run."""
        answer = await self._transport.get(f"{self._path}/replicas")
        return views.replicas(Replica.model_validate(r) for r in answer["replicas"])

    async def log_replicas(self) -> Table[LogReplica]:
        """Return the replicas whose logs are kept, those that exited too; ``logs(replica=…)`` reads one."""
        answer = await self._transport.get(f"{self._path}/logs/replicas")
        return views.log_replicas(LogReplica.model_validate(r) for r in answer["replicas"])

    async def events(self) -> Table[Event]:
        """Return what was observed, oldest first."""
        answer = await self._transport.get(f"{self._path}/events")
        return views.events(Event.model_validate(e) for e in answer["events"]).live_as("events", self._snapshot)

    @overload
    async def logs(
        self,
        *,
        tail: int | None = ...,
        follow: Literal[False] = ...,
        replica: str | None = ...,
        since: datetime | timedelta | float | str | None = ...,
        revision: int | None = ...,
    ) -> views.Logs: ...

    @overload
    async def logs(
        self,
        *,
        tail: int | None = ...,
        follow: Literal[True],
        replica: str | None = ...,
        since: datetime | timedelta | float | str | None = ...,
        revision: int | None = ...,
    ) -> AsyncIterator[LogLine]: ...

    async def logs(
        self,
        *,
        tail: int | None = 2000,
        follow: bool = False,
        replica: str | None = None,
        since: datetime | timedelta | float | str | None = None,
        revision: int | None = None,
    ) -> views.Logs | AsyncIterator[LogLine]:
        """Return the newest log lines, oldest first; with ``follow`` an iterator that goes on with new ones.

        Parameters
        ----------
        tail
            At most this many lines; None for all that are kept.
        since
            A time, or how long ago: ``"10m"``, seconds, a timedelta.
        """
        start = moment(since)
        params = {
            "tail": tail if tail is not None else EVERYTHING,
            "replica": replica,
            "revision": revision,
            "since": start.isoformat() if start else None,
            "follow": follow or None,
        }
        lines = self._transport.lines(f"{self._path}/logs", params)
        if follow:
            return _log_lines(lines)
        return views.Logs([LogLine.model_validate(line) async for line in lines], self._snapshot)

    # -- changing ----------------------------------------------------------------------------------------------

    async def update(
        self,
        *,
        model: Any = None,
        name: str | None = None,
        replicas: int | None = None,
        max_replicas: int | None = None,
        instance_type: str | None = None,
        public: bool | None = None,
        env: Mapping[str, str] | None = None,
        secret_env: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        description: str | None = None,
        message: str = "",
        api_name: str | None = None,
        image: str | None = None,
        image_pull_secret: str | None = None,
        method: str | None = None,
        isolate: bool | None = None,
        batching: Batching | None = None,
        predict_timeout: float | None = None,
        max_payload: int | None = None,
        start_timeout: float | None = None,
        check_parity: bool | None = None,
        start: bool = False,
        dry_run: bool = False,
        input_example: Any = None,
        script: str | os.PathLike[str] | None = None,
        wait: bool = True,
        timeout: float | None = None,
        reporter: Reporter | None = None,
    ) -> AsyncDeployment:
        """Change what is given; what is None stays. A new revision only when what runs changes.

        An edit that somebody else made meanwhile is kept, unless it changed the same field: then StaleEdit.
        """
        given = {k: v for k, v in locals().items() if k in UpdateDeployment.model_fields and v is not None}
        given.pop("model", None)
        fields = {k: v for k, v in given.items() if v is not False or k not in {"start", "dry_run"}}
        if model is None and script is not None:
            model = self.spec.template.model.uri
        if model is not None:
            how = Capturing(method or self.spec.template.runtime.method, input_example)
            taken = await self.client.take_in(model, name=self.name, how=how, reporter=reporter, script=script)
            fields |= taken.fields
            self._notes = taken.notes
        if not message:
            fields.pop("message", None)
        changed = await edit(self._transport, self._snapshot, fields)
        return await self._settle(changed, wait=wait and not dry_run, timeout=timeout, reporter=reporter)

    async def rollback(
        self,
        to: int,
        *,
        message: str = "",
        wait: bool = True,
        timeout: float | None = None,
        reporter: Reporter | None = None,
    ) -> AsyncDeployment:
        """Make a new revision that repeats an old one; it gets all the traffic."""
        answer = await self._transport.post(f"{self._path}/rollback", request_of(Rollback, {"to": to, "message": message}))
        return await self._settle(Changed.model_validate(answer), wait=wait, timeout=timeout, reporter=reporter)

    async def traffic(
        self,
        targets: Mapping[int, int] | Literal["newest"] | None = None,
        *,
        message: str = "",
        wait: bool = True,
        timeout: float | None = 60.0,
    ) -> dict[int, int]:
        """Return percent by revision; with ``targets`` set it first.

        Parameters
        ----------
        targets
            ``{2: 90, 3: 10}`` (together 100), or ``"newest"``: all to the newest revision that is ready, as at first.
        """
        if targets is None:
            await self.refresh()
            return {t.revision: t.percent for t in self._snapshot.status.serving}
        request = request_of(SetTraffic, {"targets": _targets(targets), "message": message})
        answer = await self._transport.send("PUT", f"{self._path}/traffic", body=request)
        await self._settle(Changed.model_validate(answer.json()), wait=wait, timeout=timeout, reporter=None)
        kept = self._snapshot.spec.traffic or self._snapshot.status.serving
        return {t.revision: t.percent for t in kept}

    async def stop(
        self, *, message: str = "", wait: bool = True, timeout: float | None = 120.0, reporter: Reporter | None = None
    ) -> AsyncDeployment:
        """Stop it: id and URL stay, the endpoint answers 503."""
        answer = await self._transport.post(f"{self._path}/stop", request_of(Act, {"message": message}))
        changed = Changed.model_validate(answer)
        return await self._settle(changed, wait=wait, timeout=timeout, reporter=reporter, goal="stopped")

    async def start(
        self, *, message: str = "", wait: bool = True, timeout: float | None = None, reporter: Reporter | None = None
    ) -> AsyncDeployment:
        """Start it again, or try again after a failure."""
        answer = await self._transport.post(f"{self._path}/start", request_of(Act, {"message": message}))
        return await self._settle(Changed.model_validate(answer), wait=wait, timeout=timeout, reporter=reporter)

    async def delete(self, *, wait: bool = True, timeout: float | None = 120.0) -> None:
        """Delete it and everything kept of it; its registered model stays."""
        answer = await self._transport.send("DELETE", self._path)
        self._snapshot = Deployment.model_validate(answer.json())
        self.deleted = True
        if wait:
            await self.client.wait(self.id, "deleted", timeout=timeout)

    async def wait(
        self, state: Goal = "deployed", *, timeout: float | None = None, reporter: Reporter | None = None
    ) -> AsyncDeployment:
        """Wait until it is ``deployed``, ``healthy``, ``stopped``, ``failed`` or ``deleted``.

        Raises
        ------
        DeployFailed
            When it failed; waiting never goes on after that.
        WaitTimeout
            When ``timeout`` seconds are over.
        """
        seen = await self.client.wait(self.id, state, timeout=timeout, reporter=reporter)
        self._snapshot = seen or self._snapshot
        return self

    async def _settle(
        self,
        changed: Changed,
        *,
        wait: bool,
        timeout: float | None,
        reporter: Reporter | None,
        goal: Goal = "deployed",
    ) -> AsyncDeployment:
        """Take in a change's answer, and wait for what it wants."""
        self._snapshot = changed.deployment
        self.changed, self.new_revision = changed.changed, changed.new_revision
        self._notes = (*self._notes, *(n for n in changed.notes if n not in self._notes))
        if wait and goal == "deployed" and changed.deployment.spec.stopped:
            self._notes = (*self._notes, f"{self.id} is stopped and stays so: start it when you want it")
        elif wait:
            await self.wait(goal, timeout=timeout, reporter=reporter)
        return self


async def _log_lines(lines: AsyncIterator[Any]) -> AsyncIterator[LogLine]:
    async for line in lines:
        yield LogLine.model_validate(line)


def _targets(wanted: Mapping[int, int] | str) -> tuple[TrafficTarget, ...] | None:
    if wanted == "newest":
        return None
    if not isinstance(wanted, Mapping) or not wanted:
        raise InvalidInput("traffic is percent by revision", hint='like {2: 90, 3: 10}, or "newest"')
    total = sum(wanted.values())
    if total != WHOLE:
        raise InvalidInput(f"the shares add up to {total} %, not 100 %", hint="like {2: 90, 3: 10}")
    return tuple(request_of(TrafficTarget, {"revision": r, "percent": p}) for r, p in wanted.items())
