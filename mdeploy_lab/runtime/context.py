"""Who asks: the request that the current code works for, reachable from the model's own code."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

_NO_HEADERS: Mapping[bytes, bytes] = {}
_WITHHELD = frozenset({b"authorization", b"proxy-authorization", b"cookie"})
_WITHHELD_STARTS = (b"x-mdeploy-", b"x-envoy-")
_WITHHELD_WORDS = (b"token", b"secret", b"password", b"api-key", b"apikey", b"credential")


@dataclass(slots=True)
class RequestContext:
    """One request as the model may see it.

    Attributes
    ----------
    request_id
        In the answer's ``X-Request-Id`` and in every log line of the request.
    user
        The client whose token was used (``X-Forwarded-User``), set by the gateway; empty on a public endpoint.
    deployment, revision, replica
        What answers.
    dialect
        The name of the protocol that the caller speaks, such as ``invocations`` or ``oip``.
    """

    request_id: str = ""
    user: str = ""
    deployment: str = ""
    revision: int = 0
    replica: str = ""
    dialect: str = ""
    wire_headers: Mapping[bytes, bytes] = field(default_factory=lambda: _NO_HEADERS, repr=False, compare=False)

    @property
    def headers(self) -> dict[str, str]:
        """The request's headers, names in lower case, without those that carry a credential or are the gateway's own."""
        return {
            name.decode("latin-1"): value.decode("latin-1") for name, value in self.wire_headers.items() if not _withheld(name)
        }


def _withheld(name: bytes) -> bool:
    return name in _WITHHELD or name.startswith(_WITHHELD_STARTS) or any(word in name for word in _WITHHELD_WORDS)


_current: ContextVar[RequestContext | None] = ContextVar("mdeploy_request", default=None)


def current() -> RequestContext | None:
    """Return the request that is being answered, or None outside of one (on load, in warm-up, in a notebook)."""
    return _current.get()


request_context = current
"""The name that ``mdeploy_lab`` offers it under."""


def enter(context: RequestContext) -> None:
    """Make ``context`` the current one for the rest of this task or thread context."""
    _current.set(context)
