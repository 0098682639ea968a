"""What callers say of an answer afterwards: how good it was, and what would have been right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Feedback:
    """One judgement."""

    reward: float
    """How good the answer was; 1.0 is a success, 0.0 is none."""
    request_id: str = ""
    """The request that was answered, where the caller said it."""
    truth: Any = None
    """What would have been right, as it came."""


class Rewards:
    """Counts what was said of one model's answers."""

    def __init__(self) -> None:
        self.count = 0
        self.sum = 0.0

    def __call__(self, feedback: Feedback) -> None:
        """Count one."""
        self.count += 1
        self.sum += feedback.reward
