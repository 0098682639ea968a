"""Progress in a cell: one output that is updated, and becomes the summary."""

from __future__ import annotations

import time
from html import escape
from typing import Any

from IPython.display import display

from mdeploy_lab.client.progress import Reporter, TerminalReporter, progress_text, seconds_text
from mdeploy_lab.client.show import chip
from mdeploy_lab.client.summary import lines_of, text_of
from mdeploy_lab.models.deployment import Deployment


class CellReporter(Reporter):
    """One display that is updated in place."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._shown = ""
        self._began = time.monotonic()

    def _put(self, text: str, html: str) -> None:
        if html == self._shown:
            return
        self._shown = html
        bundle = {"text/plain": text, "text/html": html}
        if self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)

    def step(self, text: str) -> None:
        """Show what the client does."""
        self._put(f"{text} …", f"<div>{escape(text)} …</div>")

    def show(self, deployment: Deployment) -> None:
        """Show where the deployment is."""
        text = progress_text(deployment)
        self._put(text, f"<div>{chip(deployment.status.state)} {escape(text)}</div>")

    def finish(self, handle: Any) -> None:
        """Show the summary in the place of the progress."""
        took = ("Took", seconds_text(time.monotonic() - self._began))
        rows = [*lines_of(handle), took]
        body = "".join(
            f"<tr><th style='text-align:left'>{escape(label)}</th><td style='text-align:left'>{_cell(label, text)}</td></tr>"
            for label, text in rows
            if label
        )
        told = rows[0][1].replace(" is deployed", "", 1)  # the chip beside it says so
        title = f"<div>{chip(handle.snapshot().status.state)} <b>{escape(told)}</b></div>"
        self._put(f"{text_of(handle)}\nTook:    {took[1]}", f"{title}<table><tbody>{body}</tbody></table>")


def _cell(label: str, text: str) -> str:
    return f"<code>{escape(text)}</code>" if label in {"URL", "Call", "Client"} else escape(text)


class LineReporter(TerminalReporter):
    """IPython in a terminal: a line that is rewritten, then the summary as text."""

    def _write(self, text: str) -> None:
        if self._stream.isatty():
            super()._write(text)

    def finish(self, handle: Any) -> None:
        """Print the summary."""
        self.end()
        print(text_of(handle))  # noqa: T201  # the answer to a magic


def reporter_for(ipython: Any) -> CellReporter | LineReporter:
    """Return what shows progress where this shell shows things."""
    return CellReporter() if getattr(ipython, "kernel", None) is not None else LineReporter()
