"""Who asks: the request that the current code works for, reachable from the model's own code."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestContext:
    """One request as the model may see it."""

    request_id: str
    user: str = ""
    deployment: str = ""
    revision: int = 0
    replica: str = ""


_current: ContextVar[RequestContext | None] = ContextVar("mdeploy_request", default=None)


def current() -> RequestContext | None:
    """Return the request that is being answered, or None outside of one (on load, in warm-up)."""
    return _current.get()


def enter(context: RequestContext) -> None:
    """Make ``context`` the current one for the rest of this task or thread context."""
    _current.set(context)
