"""How metrics show themselves: the deployment in one line, its replicas in a table."""

from __future__ import annotations

from html import escape
from typing import Any

from mdeploy_lab.client.tables import html_table, text_table
from mdeploy_lab.models.metrics import DeploymentMetrics, ReplicaMetrics

HEADS = ("Replica", "Revision", "Requests", "Failed", "p50", "p95", "p99", "Feedback")


class ShownMetrics(DeploymentMetrics):
    """What a deployment's replicas counted; shows as text and a table."""

    def __repr__(self) -> str:
        return f"{self._head()}\n\n{text_table(HEADS, self._rows())}" if self.replicas else self._head()

    __str__ = __repr__

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  # IPython's protocol
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._head())}</p>" + (html_table(HEADS, self._rows()) if self.replicas else "")

    def _head(self) -> str:
        if not self.requests:
            return f"{self.deployment}: no requests yet"
        parts = [
            f"{self.requests} requests",
            f"{self.success_rate:.1%} answered" if self.success_rate is not None else "",
            f"p50 {_ms(self.p50_ms)}, p95 {_ms(self.p95_ms)}, p99 {_ms(self.p99_ms)}",
            f"{self.in_flight} in flight" if self.in_flight else "",
            f"reward {self.reward:.3g} of {self.feedback}" if self.reward is not None else "",
        ]
        return f"{self.deployment}: " + ", ".join(part for part in parts if part)

    def _rows(self) -> list[list[str]]:
        return [_row(each) for each in self.replicas]


def _row(each: ReplicaMetrics) -> list[str]:
    total = sum(c.count for c in each.requests)
    failed = sum(c.count for c in each.requests if c.status >= 400)  # noqa: PLR2004  # HTTP
    quantiles = [each.request_seconds.quantile(q) for q in (0.5, 0.95, 0.99)]
    shown = [_ms(None if q is None else q * 1000) for q in quantiles]
    name = f"{each.replica} (ended)" if each.ended else each.replica
    return [name, str(each.revision), str(total), str(failed), *shown, str(each.feedback)]


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.3g} ms"
