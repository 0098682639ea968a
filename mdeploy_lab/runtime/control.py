"""The control socket: says hello, reports every change, takes orders. Several may be connected."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from mdeploy_lab.runtime.spec import Order, Report
from mdeploy_lab.runtime.status import ReplicaStatus

log = logging.getLogger(__name__)

BEHIND = 1_000_000
"""Bytes that a listener may leave unread before it is dropped."""


class ControlServer:
    """Listens on the replica's control socket."""

    def __init__(
        self, path: str, status: ReplicaStatus, on_drain: Callable[[float, bool], None], *, tied: bool = False
    ) -> None:
        self._path = Path(path)
        self._status = status
        self._on_drain = on_drain
        self._tied = tied
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        status.listen(self._broadcast)

    async def open(self) -> None:
        """Listen; a socket file left by a dead replica of the same name is replaced (the lock says that it is dead)."""
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, path=str(self._path))
        finally:
            os.umask(mask)

    async def close(self) -> None:
        """Flush what was said, within a second, and stop listening."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._writers):
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                await asyncio.wait_for(writer.drain(), 1)
            writer.close()
        self._path.unlink(missing_ok=True)

    def _broadcast(self, report: Report) -> None:
        line = report.model_dump_json().encode() + b"\n"
        for writer in tuple(self._writers):
            if writer.transport.get_write_buffer_size() > BEHIND:
                writer.transport.abort()
            else:
                writer.write(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self._status.hello().model_dump_json().encode() + b"\n")
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                self._obey(line)
        except ConnectionError:
            pass  # whoever gave an order hung up before it heard what became of it
        except (OSError, ValueError) as error:  # ValueError: a line longer than the reader's limit
            log.warning("a control connection broke: %s", type(error).__name__)
        finally:
            self._writers.discard(writer)
            writer.close()
            if self._tied and not self._writers:
                self._on_drain(0.0, False)

    def _obey(self, line: bytes) -> None:
        try:
            order = Order.model_validate_json(line)
        except ValidationError:
            log.warning("an order was not understood")
            return
        self._on_drain(order.seconds, order.turn_away)
