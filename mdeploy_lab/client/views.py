"""How the things of a deployment stand in tables: which columns, which words."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mdeploy_lab.client.mime import view_bundle
from mdeploy_lab.client.panels import lines_html
from mdeploy_lab.client.tables import Column, Table, ago, html_table, one_line, text_table
from mdeploy_lab.models.access import ClientInfo, Group, InstanceType
from mdeploy_lab.models.deployment import Deployment, Replica, Revision, TrafficTarget
from mdeploy_lab.models.history import Diff, Event, FieldChange, HistoryEntry, LogLine, LogReplica
from mdeploy_lab.models.registry import ModelVersionDetails, ModelVersionInfo, RegisteredModelInfo

MEBI = 2**20


def traffic_text(targets: Iterable[TrafficTarget]) -> str:
    """Return a split in words: ``2: 90 %, 3: 10 %``."""
    return ", ".join(f"{t.revision}: {t.percent} %" for t in targets)


def replicas_text(deployment: Deployment) -> str:
    """Return running and wanted replicas."""
    count = deployment.status.replicas
    return f"{count.ready}/{count.wanted}"


DEPLOYMENTS = (
    Column[Deployment]("ID", lambda d: d.id),
    Column[Deployment]("Name", lambda d: d.spec.name),
    Column[Deployment]("State", lambda d: d.status.state),
    Column[Deployment]("Health", lambda d: d.status.health),
    Column[Deployment]("Revision", lambda d: str(d.status.revision)),
    Column[Deployment]("Replicas", replicas_text),
    Column[Deployment]("Model", lambda d: d.spec.template.model.uri),
    Column[Deployment]("Group", lambda d: d.spec.group),
    Column[Deployment]("Last Updated", lambda d: f"{ago(d.updated_at)} by {d.updated_by}"),
    Column[Deployment]("Endpoint", lambda d: d.url),
)
HISTORY = (
    Column[HistoryEntry]("#", lambda h: str(h.number)),
    Column[HistoryEntry]("Action", lambda h: h.action),
    Column[HistoryEntry]("Revision", lambda h: f"{h.revision}{' (new)' if h.new_revision else ''}"),
    Column[HistoryEntry]("Model", lambda h: h.spec.template.model.uri),
    Column[HistoryEntry]("User", lambda h: h.actor),
    Column[HistoryEntry]("Time", lambda h: ago(h.at)),
    Column[HistoryEntry]("Message", lambda h: h.message),
    Column[HistoryEntry]("Changed", lambda h: ", ".join(c.path for c in h.changes)),
)
REVISIONS = (
    Column[Revision]("Revision", lambda r: str(r.number)),
    Column[Revision]("Model", lambda r: r.template.model.uri),
    Column[Revision]("Instance Type", lambda r: r.template.instance_type),
    Column[Revision]("Repeats", lambda r: str(r.repeats or "")),
    Column[Revision]("User", lambda r: r.created_by),
    Column[Revision]("Time", lambda r: ago(r.created_at)),
    Column[Revision]("Message", lambda r: r.message),
    Column[Revision]("URL", lambda r: r.url),
)
EVENTS = (
    Column[Event]("Time", lambda e: f"{e.at:%Y-%m-%d %H:%M:%S}"),
    Column[Event]("Level", lambda e: e.level),
    Column[Event]("Kind", lambda e: e.kind),
    Column[Event]("Message", lambda e: e.message),
    Column[Event]("Cause", lambda e: e.cause),
    Column[Event]("User", lambda e: e.actor),
)
REPLICAS = (
    Column[Replica]("Replica", lambda r: r.id),
    Column[Replica]("Revision", lambda r: str(r.revision)),
    Column[Replica]("State", lambda r: r.state),
    Column[Replica]("Process", lambda r: str(r.pid or "")),
    Column[Replica]("Started", lambda r: ago(r.started_at)),
    Column[Replica]("Restarts", lambda r: str(r.restarts)),
    Column[Replica]("Memory", lambda r: f"{r.memory_bytes / MEBI:.0f} MiB" if r.memory_bytes is not None else ""),
    Column[Replica]("Message", lambda r: r.message),
)
LOG_REPLICAS = (
    Column[LogReplica]("Replica", lambda r: r.replica),
    Column[LogReplica]("Revision", lambda r: str(r.revision)),
    Column[LogReplica]("Runs", lambda r: "yes" if r.live else "no"),
    Column[LogReplica]("First Line", lambda r: ago(r.first)),
    Column[LogReplica]("Last Line", lambda r: ago(r.last)),
    Column[LogReplica]("Size", lambda r: f"{r.bytes / 1000:.1f} kB"),
)
CLIENTS = (
    Column[ClientInfo]("Client", lambda c: c.name),
    Column[ClientInfo]("Tokens", lambda c: str(len(c.secrets))),
    Column[ClientInfo]("Last Used", lambda c: ago(c.last_used_at) or "never"),
    Column[ClientInfo]("Created", lambda c: f"{ago(c.created_at)} by {c.created_by}"),
)
CHANGES = (
    Column[FieldChange]("Field", lambda c: c.path),
    Column[FieldChange]("Before", lambda c: value_text(c.old)),
    Column[FieldChange]("After", lambda c: value_text(c.new)),
)
GROUPS = (
    Column[Group]("Group", lambda g: f"{g.name} ({g.title})" if g.title else g.name),
    Column[Group]("Enabled", lambda g: "yes" if g.enabled else "no"),
    Column[Group]("Deployments", lambda g: _of(g.used.deployments, g.quota.deployments)),
    Column[Group]("vCPU", lambda g: _of(g.used.cpu, g.quota.cpu)),
    Column[Group]("Memory (MiB)", lambda g: _of(g.used.memory // MEBI, g.quota.memory and g.quota.memory // MEBI)),
    Column[Group]("GPU", lambda g: _of(g.used.gpu, g.quota.gpu)),
)
INSTANCE_TYPES = (
    Column[InstanceType]("Instance Type", lambda t: t.name),
    Column[InstanceType]("vCPU", lambda t: f"{t.cpu:g}"),
    Column[InstanceType]("Memory", lambda t: f"{t.memory // MEBI} MiB"),
    Column[InstanceType]("GPU", lambda t: str(t.gpu)),
    Column[InstanceType]("Description", lambda t: t.description),
)
MODELS = (
    Column[RegisteredModelInfo]("Model", lambda m: m.name),
    Column[RegisteredModelInfo]("Latest Version", lambda m: m.latest_version),
    Column[RegisteredModelInfo]("Aliases", lambda m: ", ".join(f"{a} → {v}" for a, v in sorted(m.aliases.items()))),
    Column[RegisteredModelInfo]("Last Modified", lambda m: ago(m.updated_at)),
    Column[RegisteredModelInfo]("Description", lambda m: m.description),
)


VERSIONS = (
    Column[ModelVersionInfo]("Version", lambda v: v.version),
    Column[ModelVersionInfo]("Aliases", lambda v: ", ".join(v.aliases)),
    Column[ModelVersionInfo]("Metrics", lambda v: ", ".join(f"{k}={m:.4g}" for k, m in sorted(v.metrics.items()))),
    Column[ModelVersionInfo]("Parameters", lambda v: ", ".join(f"{k}={p}" for k, p in sorted(v.params.items()))),
    Column[ModelVersionInfo]("Registered At", lambda v: ago(v.created_at)),
    Column[ModelVersionInfo]("URI", lambda v: v.uri),
)


def _of(used: float, quota: float | None) -> str:
    return f"{used:g}" if quota is None else f"{used:g} of {quota:g}"


def value_text(value: Any) -> str:
    """Return a JSON value on one line; nothing for null."""
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def history(items: Iterable[HistoryEntry]) -> Table[HistoryEntry]:
    """Return history entries as a table."""
    return Table(items, HISTORY, "no history")


def revisions(items: Iterable[Revision]) -> Table[Revision]:
    """Return revisions as a table."""
    return Table(items, REVISIONS, "no revisions")


def events(items: Iterable[Event]) -> Table[Event]:
    """Return events as a table."""
    return Table(items, EVENTS, "no events")


def replicas(items: Iterable[Replica]) -> Table[Replica]:
    """Return replicas as a table."""
    return Table(items, REPLICAS, "no replica runs")


def log_replicas(items: Iterable[LogReplica]) -> Table[LogReplica]:
    """Return the replicas whose logs are kept as a table."""
    return Table(items, LOG_REPLICAS, "no logs are kept")


def clients(items: Iterable[ClientInfo]) -> Table[ClientInfo]:
    """Return clients as a table."""
    return Table(items, CLIENTS, 'no clients: .clients.add("web") makes one')


def groups(items: Iterable[Group]) -> Table[Group]:
    """Return groups as a table."""
    return Table(items, GROUPS, "No group is configured for you to launch a server. Please contact admin.")


def instance_types(items: Iterable[InstanceType]) -> Table[InstanceType]:
    """Return instance types as a table."""
    return Table(items, INSTANCE_TYPES, "no instance types")


def models(items: Iterable[RegisteredModelInfo]) -> Table[RegisteredModelInfo]:
    """Return registered models as a table."""
    return Table(items, MODELS, "no registered models yet: deploying an object from a notebook registers it")


def versions(items: Iterable[ModelVersionInfo]) -> Table[ModelVersionInfo]:
    """Return the versions of a registered model as a table."""
    return Table(items, VERSIONS, "it has no versions yet")


class VersionView(ModelVersionDetails):
    """One version of a registered model; shows as a table of its properties."""

    def _rows(self) -> list[list[str]]:
        rows = [("URI", self.uri), ("Aliases", ", ".join(self.aliases)), ("Registered At", ago(self.created_at))]
        rows += [("Source Run", self.run_id), ("Source", self.source), ("Description", self.description)]
        rows += [(f"metrics.{k}", f"{v:g}") for k, v in sorted(self.metrics.items())]
        rows += [(f"params.{k}", v) for k, v in sorted(self.params.items())]
        rows += [(f"tags.{k}", v) for k, v in sorted(self.tags.items())]
        if self.signature is not None:
            rows += [(f"inputs.{f.name or n}", f.type.text) for n, f in enumerate(self.signature.inputs or ())]
            rows += [(f"outputs.{f.name or n}", f.type.text) for n, f in enumerate(self.signature.outputs or ())]
        return [[title, one_line(text)] for title, text in [*rows, ("Note", self.note)] if text]

    def __repr__(self) -> str:
        return text_table(("Property", "Value"), self._rows())

    __str__ = __repr__

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  # IPython's protocol
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        return html_table(("Property", "Value"), self._rows())


class DiffTable(Table[FieldChange]):
    """What differs between two revisions or history entries: their fields, then model against model."""

    def __init__(self, diff: Diff) -> None:
        what = "revisions" if diff.of == "revisions" else "history entries"
        empty = f"{what} {diff.before} and {diff.after} {'run the same' if diff.of == 'revisions' else 'are the same'}"
        super().__init__([*diff.changes, *(diff.model or ())], CHANGES, empty)
        self.of = diff.of
        self.before = diff.before
        self.after = diff.after
        self.changes = diff.changes
        self.model = diff.model
        self.note = diff.note

    def _rest(self) -> str:
        return super()._rest() + (f"\n{self.note}" if self.note else "")


class Logs(list[LogLine]):
    """Log lines that show as text, and live in JupyterLab."""

    def __init__(self, lines: Iterable[LogLine], deployment: Deployment | None = None) -> None:
        super().__init__(lines)
        self._deployment = deployment

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any] | None:
        del include, exclude  # IPython filters itself
        if self._deployment is None:
            return None
        html = lines_html(log_text(line) for line in self)
        return view_bundle("logs", self._deployment, html=html, text=repr(self), options={})

    def __repr__(self) -> str:
        return "\n".join(log_text(line) for line in self) or "no log lines yet"

    __str__ = __repr__

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  # IPython's protocol
        printer.text(repr(self))


def log_text(line: LogLine) -> str:
    """Return a log line as text: time, replica, level, logger, message."""
    where = " ".join(part for part in (line.replica, line.level, line.logger) if part)
    return f"{line.at:%Y-%m-%d %H:%M:%S.%f}"[:-3] + f" {where}: {line.message}"
