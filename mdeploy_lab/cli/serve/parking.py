"""Answer callers while the script cannot be loaded: 503 with the line to mend, until the next save."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket

PATIENCE = 5.0
LONGEST_HEAD = 65536


class Parking:
    """Accepts on the trial's own socket as long as no replica does."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._server: asyncio.Server | None = None
        self._body = b""

    async def open(self, message: str, hint: str) -> None:
        """Begin to answer with a failure."""
        self._body = json.dumps({"message": message, "code": "script_failed", "hint": hint}).encode()
        if self._server is None:
            self._server = await asyncio.start_server(self._answer, sock=self._listener.dup(), limit=LONGEST_HEAD)

    async def close(self) -> None:
        """Leave the socket to a replica."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError):
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
            head = (
                f"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {len(self._body)}\r\n"
                "Retry-After: 1\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + self._body)
            await writer.drain()
        writer.close()
