"""The handle that users hold: a deployment whose properties are as of now."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal, overload

from mdeploy_lab.client.faces import sync_face, synced
from mdeploy_lab.client.handle import AsyncClients, AsyncDeployment
from mdeploy_lab.client.loop import LOOP
from mdeploy_lab.client.panels import FollowedLogs, Panel, View
from mdeploy_lab.client.show import ShownDeployment, card
from mdeploy_lab.client.views import Logs
from mdeploy_lab.errors import MDeployError, NotFound
from mdeploy_lab.models.deployment import Deployment as Snapshot
from mdeploy_lab.models.requests import PredictResult

FRESH_SECONDS = 0.1
"""Properties read within this time come from one answer, so that they fit each other."""


class Clients:
    """The named callers of one deployment: ``list``, ``add``, ``rotate``, ``remove``."""

    def __init__(self, twin: AsyncClients) -> None:
        self.twin = twin

    list = synced(AsyncClients.list)
    add = synced(AsyncClients.add)
    rotate = synced(AsyncClients.rotate)
    remove = synced(AsyncClients.remove)

    def __repr__(self) -> str:
        return repr(self.list())

    def _repr_html_(self) -> str:
        return self.list()._repr_html_()


class Deployment(ShownDeployment):
    """A handle on one deployment."""

    def __init__(self, twin: AsyncDeployment) -> None:
        self.twin = twin
        self._read_at = time.monotonic()

    @property
    def clients(self) -> Clients:
        """The callers that have a token."""
        return Clients(self.twin.clients)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the last deploy or update found worth saying."""
        return self.twin.notes

    @property
    def changed(self) -> bool | None:
        """Whether the last deploy or update changed anything; None when there was none."""
        return self.twin.changed

    @property
    def new_revision(self) -> bool:
        """Whether the last deploy or update made a revision."""
        return self.twin.new_revision

    predict = synced(AsyncDeployment.predict)
    answer = synced(AsyncDeployment.answer)
    describe = synced(AsyncDeployment.describe)
    metrics = synced(AsyncDeployment.metrics)
    update = synced(AsyncDeployment.update)
    history = synced(AsyncDeployment.history)
    revisions = synced(AsyncDeployment.revisions)
    diff = synced(AsyncDeployment.diff)
    rollback = synced(AsyncDeployment.rollback)
    traffic = synced(AsyncDeployment.traffic)
    stop = synced(AsyncDeployment.stop)
    start = synced(AsyncDeployment.start)
    delete = synced(AsyncDeployment.delete)
    wait = synced(AsyncDeployment.wait)
    replicas = synced(AsyncDeployment.replicas)
    log_replicas = synced(AsyncDeployment.log_replicas)
    events = synced(AsyncDeployment.events)
    refresh = synced(AsyncDeployment.refresh)

    def predict_stream(self, data: Any, *, revision: int | None = None, timeout: float | None = None) -> Iterator[Any]:
        """Yield the pieces of the answer of a model that has ``predict_stream``, as they come.

        Parameters
        ----------
        data
            As for ``predict``; also a chat's body with ``messages``.
        timeout
            Seconds between two pieces.

        Raises
        ------
        PredictFailed
            With the model's own cause.
        """
        pieces: Iterator[Any] = sync_face(LOOP.run(self.twin.predict_stream(data, revision=revision, timeout=timeout)))
        return pieces

    @overload
    def query(self) -> Panel: ...

    @overload
    def query(
        self,
        body: Any,
        *,
        dialect: str = ...,
        content_type: str = ...,
        revision: int | None = ...,
        timeout: float = ...,
    ) -> PredictResult: ...

    def query(self, body: Any = None, **options: Any) -> Panel | PredictResult:
        """Send a body in a dialect and return status, headers, latency and the answer; without a body the query tester.

        The options are those of ``md.aio``'s ``query``: ``dialect``, ``content_type``, ``revision``, ``timeout``.
        """
        if body is None:
            d, remark = self._shown()
            return Panel("query", d, f"%%deploy predict {d.id}", card(d, remark))
        return LOOP.run(self.twin.query(body, **options))

    @overload
    def logs(
        self,
        *,
        tail: int | None = ...,
        follow: Literal[False] = ...,
        replica: str | None = ...,
        since: datetime | timedelta | float | str | None = ...,
        revision: int | None = ...,
    ) -> Logs: ...

    @overload
    def logs(
        self,
        *,
        tail: int | None = ...,
        follow: Literal[True],
        replica: str | None = ...,
        since: datetime | timedelta | float | str | None = ...,
        revision: int | None = ...,
    ) -> FollowedLogs: ...

    def logs(
        self,
        *,
        tail: int | None = 2000,
        follow: bool = False,
        replica: str | None = None,
        since: datetime | timedelta | float | str | None = None,
        revision: int | None = None,
    ) -> Any:
        """Return the newest log lines, oldest first; with ``follow`` an iterator that goes on with new ones."""
        lines: Any = self.twin.logs(tail=tail, follow=follow, replica=replica, since=since, revision=revision)  # type: ignore[call-overload]
        found = sync_face(LOOP.run(lines))
        return FollowedLogs(found, self.snapshot(), {"replica": replica, "revision": revision}) if follow else found

    def widget(self, view: View = "card") -> Any:
        """Return it as a Jupyter widget, to be put beside others and observed.

        Parameters
        ----------
        view
            ``card``, ``overview``, ``query``, ``logs``, ``history``, ``clients``, ``events`` or ``form``.

        Raises
        ------
        NotCapable
            When ipywidgets and anywidget are not installed in this Python.
        """
        import mdeploy_lab

        return mdeploy_lab.widget(self, view=view)

    def snapshot(self) -> Snapshot:
        """Return the deployment as the API last told it."""
        return self.twin.snapshot()

    def _current(self) -> Snapshot:
        if self.twin.deleted or time.monotonic() - self._read_at > FRESH_SECONDS:
            LOOP.run(self.twin.refresh())
            self._read_at = time.monotonic()
        return self.twin.snapshot()

    def _shown(self) -> tuple[Snapshot, str]:
        try:
            return self._current(), ""
        except NotFound:
            return self.twin.snapshot(), "deleted"
        except MDeployError as error:
            return self.twin.snapshot(), f"as of a while ago: {error.message}"
