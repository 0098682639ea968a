"""Reads a request's body whole, not longer than it may take and not more than is allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from mdeploy_lab.runtime.asgi import Gone, Receive
from mdeploy_lab.runtime.dialect import Request
from mdeploy_lab.runtime.problems import BodyTooLarge, BodyTooSlow

READ_ON = 100_000_000
"""Bytes beyond the limit that are read and thrown away."""


class Bodies:
    """Reads bodies within a time in seconds and a limit in bytes."""

    def __init__(self, seconds: float, limit: int) -> None:
        self._seconds = seconds
        self._limit = limit

    async def whole(self, request: Request, receive: Receive) -> bytes:
        """Return the body.

        Raises
        ------
        BodyTooSlow, BodyTooLarge
            When it takes too long or is too much.
        Gone
            When the caller leaves before its end.
        """
        clock = _Clock(asyncio.current_task())
        timer = asyncio.get_running_loop().call_later(self._seconds, clock.ring)
        try:
            return await self._read(request.headers, receive)
        except asyncio.CancelledError:
            if not clock.rang:
                raise
            clock.forget()
            raise BodyTooSlow(
                f"the body did not arrive within {self._seconds:g} s", hint="send it faster or in smaller parts"
            ) from None
        finally:
            timer.cancel()

    async def _read(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        announced = headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > self._limit:
            raise self._too_large()
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise Gone
            part = message.get("body", b"")
            size += len(part)
            more = message.get("more_body", False)
            if size > self._limit:  # read on, or the caller's sending breaks before the refusal arrives
                parts.clear()
                if not more or size > self._limit + READ_ON:
                    raise self._too_large()
                continue
            parts.append(part)
            if not more:
                return parts[0] if len(parts) == 1 else b"".join(parts)

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(
            f"the body has more than {self._limit} bytes",
            hint="send fewer rows at a time, or raise max_payload",
            details={"max_payload": self._limit},
        )


class _Clock:
    """Ends a task's wait when it rings; ``wait_for`` would need a task of its own for each request."""

    __slots__ = ("_task", "rang")

    def __init__(self, task: asyncio.Task[Any] | None) -> None:
        self._task = task
        self.rang = False

    def ring(self) -> None:
        self.rang = True
        if self._task is not None:
            self._task.cancel()

    def forget(self) -> None:
        """Take the cancellation back, where Python counts them (3.11)."""
        if self._task is not None and hasattr(self._task, "uncancel"):
            self._task.uncancel()
