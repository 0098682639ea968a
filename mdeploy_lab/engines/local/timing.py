"""The engine's numbers of seconds and tries in one place, so that a test can make them small."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds, unless a name says otherwise."""

    backoff_first: float = 0.5
    backoff_most: float = 30.0
    healthy_after: float = 60.0
    """Ready for so long, and earlier exits are forgotten."""
    crash_loop: int = 5
    """Exits in a row, none of them after being ready, that make a crash loop."""
    adopt_wait: float = 2.0
    """How long ``open`` waits for a living replica's hello before it goes on in the background."""
    adopt_deadline: float = 20.0
    """A replica that holds its life lock and is silent for so long is killed."""
    memory_interval: float = 0.5
    log_interval: float = 1.0
    follow_interval: float = 0.1
    term_wait: float = 3.0
    kill_wait: float = 10.0


class BackOff:
    """How long to wait before the next start: not at all the first time, then doubling."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self.exits = 0
        """Exits in a row since the replica was last ready."""
        self._step = 0

    def exited(self, *, ready_for: float | None) -> float:
        """Take note of an exit; ``ready_for`` is None when it never was ready. Return the seconds to wait."""
        if ready_for is not None:
            self.exits = 0
            if ready_for >= self._timing.healthy_after:
                self._step = 0
        self.exits += 1
        wait = 0.0 if self._step == 0 else self._timing.backoff_first * 2 ** (self._step - 1)
        self._step += 1
        return min(wait, self._timing.backoff_most)

    @property
    def looping(self) -> bool:
        """Whether it is a crash loop."""
        return self.exits >= self._timing.crash_loop
