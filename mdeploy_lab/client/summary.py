"""What a deploy ends with: the URL, how to call it, how long it took, what the rows said, what to know."""

from __future__ import annotations

from typing import Protocol

from mdeploy_lab.client.progress import seconds_text, timeline_text
from mdeploy_lab.client.views import traffic_text
from mdeploy_lab.models.deployment import Deployment

DEPLOY = "%deploy"


class Handle(Protocol):
    """What a summary needs of a deployment's handle."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth saying."""
        ...

    @property
    def changed(self) -> bool | None:
        """Whether the last verb changed anything; None when nothing was asked to change."""
        ...

    @property
    def new_revision(self) -> bool:
        """Whether it made a revision."""
        ...

    def snapshot(self) -> Deployment:
        """Return the deployment."""
        ...


def receipt_text(d: Deployment) -> str:
    """Return what the parity rows said, or nothing."""
    receipt = d.status.receipt
    if receipt is None or not receipt.rows:
        return ""
    if receipt.agreed == receipt.rows:
        return f"{receipt.agreed} of {receipt.rows} rows answered over HTTP as in the notebook"
    return f"only {receipt.agreed} of {receipt.rows} rows answered as in the notebook"


def call_text(d: Deployment) -> str:
    """Return a command that calls the endpoint and never holds a token: curl asks for it."""
    user = "" if d.spec.public else " -u CLIENT"
    return f"curl{user} -H 'Content-Type: application/json' -d @rows.json {d.url}/invocations"


def lines_of(handle: Handle, prefix: str = DEPLOY) -> list[tuple[str, str]]:
    """Return the summary as labelled lines; ``prefix`` is what commands begin with where the user is."""
    d = handle.snapshot()
    unchanged = ": nothing changed" if handle.changed is False and d.status.state == "deployed" else ""
    lines = [("", f"{d.spec.name} is {d.status.state}{unchanged}")]
    lines.append(("URL", d.url))
    if d.api_url:
        lines.append(("API URL", d.api_url))
    lines.append(("Model", f"{d.spec.template.model.uri}, revision {d.status.revision}"))
    if len(d.status.serving) > 1:
        lines.append(("Traffic", traffic_text(d.status.serving)))
    if d.status.state == "deployed":
        lines.append(("Call", call_text(d)))
        if not d.spec.public:
            lines.append(("Client", f"{prefix} clients add {d.id} CLIENT makes a client and its token"))
    if d.status.timeline and handle.new_revision:
        total = sum(phase.seconds or 0.0 for phase in d.status.timeline)
        lines.append(("Start", f"{timeline_text(d)} · together {seconds_text(total)}"))
    if receipt_text(d):
        lines.append(("Parity", receipt_text(d)))
    if d.status.state != "deployed" and d.status.message:
        lines.append(("Message", d.status.message))
    if d.status.failure and d.status.failure.fix:
        lines.append(("Fix", "in a cell: " + d.status.failure.fix.replace("\n", "\n" + " " * 20)))
    lines.extend(("Note", note) for note in handle.notes)
    return lines


def text_of(handle: Handle, prefix: str = DEPLOY) -> str:
    """Return the summary as text."""
    return "\n".join(f"{label + ':':<9}{text}" if label else text for label, text in lines_of(handle, prefix))
