"""How a deployment shows itself: a line of text, a small escaped card, and its properties."""

from __future__ import annotations

from abc import ABC, abstractmethod
from html import escape
from typing import Any

from mdeploy_lab.client.mime import bundle
from mdeploy_lab.client.panels import Panel
from mdeploy_lab.client.progress import timeline_text
from mdeploy_lab.client.tables import one_line
from mdeploy_lab.client.views import replicas_text, traffic_text
from mdeploy_lab.models.deployment import Deployment, DeploymentSpec, DeploymentStatus

COLOURS = {
    "deployed": "#33ea33",
    "failed": "red",
    "deploying": "#fba500",
    "stopping": "#fba500",
    "stopped": "#aaaaaa",
}


class ShownDeployment(ABC):
    """The properties and the looks of a deployment's handle, asynchronous or not."""

    @abstractmethod
    def snapshot(self) -> Deployment:
        """Return the deployment as the API last told it."""

    def _current(self) -> Deployment:
        """Return the deployment that the properties speak of."""
        return self.snapshot()

    def _shown(self) -> tuple[Deployment, str]:
        """Return what ``repr`` shows, and a remark when that is not how it is now. Never raises."""
        return self.snapshot(), ""

    @property
    def id(self) -> str:
        """The id, which never changes and is part of the URL."""
        return self.snapshot().id

    @property
    def uid(self) -> str:
        """The identity behind the id: another deployment that gets the same id later has another."""
        return self.snapshot().uid

    @property
    def name(self) -> str:
        """The display name."""
        return self._current().spec.name

    @property
    def url(self) -> str:
        """The endpoint that callers use."""
        return self._current().url

    @property
    def api_url(self) -> str:
        """The same endpoint by its API name; empty without one."""
        return self._current().api_url

    @property
    def state(self) -> str:
        """``deploying``, ``deployed``, ``failed``, ``stopping`` or ``stopped``: of the wanted revision."""
        return self._current().status.state

    @property
    def health(self) -> str:
        """``healthy``, ``unhealthy`` or ``unknown``: of what answers."""
        return self._current().status.health

    @property
    def revision(self) -> int:
        """The newest revision's number."""
        return self._current().status.revision

    @property
    def spec(self) -> DeploymentSpec:
        """What is wanted."""
        return self._current().spec

    @property
    def status(self) -> DeploymentStatus:
        """What is observed."""
        return self._current().status

    def form(self) -> Panel:
        """Return the form that updates it; the last line of a cell shows it."""
        d, remark = self._shown()
        return Panel("form", d, f"%deploy update {d.id}", card(d, remark))

    def __repr__(self) -> str:
        return line(*self._shown())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShownDeployment) and self.uid == other.uid

    def __hash__(self) -> int:
        return hash(self.uid)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  # IPython's protocol
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        d, remark = self._shown()
        return card(d, remark)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return what a cell keeps: our own type, live in JupyterLab, with HTML and text beside it."""
        del include, exclude  # IPython filters itself
        d, remark = self._shown()
        return bundle(d, html=card(d, remark), text=line(d, remark))


def line(d: Deployment, remark: str = "") -> str:
    """Return a deployment on one line."""
    state = remark or f"{d.status.state}, {d.status.health}"
    return f"<deployment {d.id}: {state}, revision {d.status.revision}, {d.url}>"


def chip(state: str) -> str:
    """Return a state as a word with its colour beside it."""
    return f"<span style='color:{COLOURS.get(state, '#aaaaaa')}'>●</span> {escape(state.capitalize())}"


def card(d: Deployment, remark: str = "") -> str:
    """Return a deployment as a small HTML table without scripts; every text is escaped."""
    rows = [
        *([("Note", escape(remark))] if remark else []),
        ("Status", f"{chip(d.status.state)} · {escape(d.status.health)}"),
        ("Endpoint", f"<code>{escape(d.url)}</code> ({'public' if d.spec.public else 'private'})"),
        ("Model", f"<code>{escape(d.spec.template.model.uri)}</code> · revision {d.status.revision}"),
        ("Replicas", escape(f"{replicas_text(d)} · {d.spec.template.instance_type}")),
    ]
    if d.status.message:
        rows.append(("Message", escape(one_line(d.status.message))))
    if len(d.status.serving) > 1:
        rows.append(("Traffic", escape(traffic_text(d.status.serving))))
    if d.status.failure and d.status.failure.hint:
        rows.append(("Hint", escape(d.status.failure.hint)))
    if d.status.failure and d.status.failure.fix:
        rows.append(("Fix", f"<pre style='margin:0'>{escape(d.status.failure.fix)}</pre>"))
    if d.status.timeline and d.status.state == "deploying":
        rows.append(("Start", escape(timeline_text(d))))
    body = "".join(
        f"<tr><th style='text-align:left'>{title}</th><td style='text-align:left'>{cell}</td></tr>" for title, cell in rows
    )
    return f"<table><caption style='text-align:left'><b>{escape(d.spec.name)}</b></caption><tbody>{body}</tbody></table>"
