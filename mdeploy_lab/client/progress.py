"""What a verb that takes a while tells the user: steps of the client, then the deployment as it starts."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import TextIO

from mdeploy_lab.models.deployment import Deployment, Phase


class Reporter:
    """Says nothing. Surfaces override; all methods are called in the thread that called the verb."""

    def step(self, text: str) -> None:
        """Show what the client does now, such as ``saving clf``."""

    def show(self, deployment: Deployment) -> None:
        """Show a deployment that is on its way."""

    def end(self) -> None:
        """Take the progress away."""


def phase_text(phase: Phase) -> str:
    """Return a phase with its time, or its progress while it runs."""
    if phase.seconds is not None:
        return f"{phase.name} {seconds_text(phase.seconds)}"
    share = f" {phase.progress:.0%}" if phase.progress is not None else ""
    return f"{phase.name}{share}{' ' + phase.detail if phase.detail else ''} …"


def seconds_text(seconds: float) -> str:
    """Return a duration: ``40 ms``, ``1.2 s``, ``3 min``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"  # noqa: PLR2004  # two minutes


def timeline_text(deployment: Deployment) -> str:
    """Return the start-up timeline on one line."""
    return " · ".join(phase_text(phase) for phase in deployment.status.timeline)


def progress_text(deployment: Deployment) -> str:
    """Return where a deployment is, on one line."""
    said = timeline_text(deployment) or deployment.status.message
    return f"{deployment.id} {deployment.status.state}" + (f": {said}" if said else "")


class TerminalReporter(Reporter):
    """One line on a terminal that is rewritten."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._began = time.monotonic()
        self._shown = ""

    def _write(self, text: str) -> None:
        columns = max(20, _columns(self._stream) - 1)
        line = f"{text} ({time.monotonic() - self._began:.1f} s)"[:columns]
        self._stream.write("\r" + line + " " * max(0, len(self._shown) - len(line)))
        self._stream.flush()
        self._shown = line

    def step(self, text: str) -> None:
        """Rewrite the line."""
        self._write(text)

    def show(self, deployment: Deployment) -> None:
        """Rewrite the line."""
        self._write(progress_text(deployment))

    def end(self) -> None:
        """Blank the line."""
        if self._shown:
            self._stream.write("\r" + " " * len(self._shown) + "\r")
            self._stream.flush()
            self._shown = ""


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 80


_surface: list[Callable[[], Reporter]] = []


def show_progress_with(make: Callable[[], Reporter] | None) -> None:
    """Let a surface, such as a notebook, show the progress of verbs that are given no reporter; None undoes it."""
    _surface[:] = [make] if make is not None else []


def default_reporter() -> Reporter:
    """Return a reporter for this process: the surface's own, a line on a terminal, or nothing."""
    if _surface:
        return _surface[0]()
    return TerminalReporter() if sys.stderr is not None and sys.stderr.isatty() else Reporter()
