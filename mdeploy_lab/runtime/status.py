"""What a replica knows of itself: state, phases, failure; and who wants to hear of a change."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from mdeploy_lab.models.deployment import Failure, Phase, PhaseName, ReplicaState
from mdeploy_lab.runtime.spec import Hello, ReplicaSpec, Report


def utcnow() -> datetime:
    """Return the time, aware, in UTC."""
    return datetime.now(timezone.utc)


class ReplicaStatus:
    """The whole state of one replica. Changed on the event loop only."""

    def __init__(self, spec: ReplicaSpec, address: str) -> None:
        self._spec = spec
        self._address = address
        self._started_at = utcnow()
        self._phases: list[Phase] = []
        self._listeners: list[Callable[[Report], None]] = []
        self.state: ReplicaState = "starting"
        self.failure: Failure | None = None
        self.in_flight: Callable[[], int] = lambda: 0

    def listen(self, listener: Callable[[Report], None]) -> None:
        """Call ``listener`` with every later change."""
        self._listeners.append(listener)

    def hello(self) -> Hello:
        """Return the first line to whoever connects."""
        return Hello(
            replica=self._spec.replica,
            nonce=self._spec.nonce,
            pid=os.getpid(),
            started_at=self._started_at,
            state=self.state,
            address=self._address,
            phases=tuple(self._phases),
            failure=self.failure,
            in_flight=self.in_flight(),
        )

    def report(self) -> Report:
        """Return the newest of everything that changes."""
        return Report(state=self.state, phases=tuple(self._phases), failure=self.failure, in_flight=self.in_flight())

    def set(self, state: ReplicaState, failure: Failure | None = None) -> None:
        """Change the state and tell everybody."""
        self.state = state
        self.failure = failure
        self._tell()

    def _tell(self) -> None:
        report = self.report()
        for listener in self._listeners:
            listener(report)

    @contextmanager
    def phase(self, name: PhaseName, detail: str = "") -> Iterator[None]:
        """Show a phase while the block runs, and how long it took afterwards."""
        begun = time.monotonic()
        phase = Phase(name=name, started_at=utcnow(), detail=detail)
        self._phases.append(phase)
        index = len(self._phases) - 1
        self._tell()
        try:
            yield
        finally:
            self._phases[index] = phase.model_copy(update={"seconds": round(time.monotonic() - begun, 4)})
            self._tell()
