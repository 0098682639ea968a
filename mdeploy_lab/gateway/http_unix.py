"""A very small HTTP/1.1 client over a stream, for Envoy's admin socket and our own probes.

It exists because a change of routes is confirmed in milliseconds, of which a general client would take most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

__all__ = ["Answer", "Connection", "tcp", "unix"]

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_LIMIT = 1 << 26


class Answer(NamedTuple):
    """Status and body."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


class Connection:
    """One keep-alive connection that is opened when it is needed; one request at a time.

    Raises
    ------
    OSError
        From ``request``: refused, closed or garbled; the connection is then closed, and the next request opens a new one.
    """

    def __init__(self, connect: Callable[[], Awaitable[_Streams]]) -> None:
        self._connect = connect
        self._streams: _Streams | None = None
        self._lock = asyncio.Lock()

    @property
    def peer(self) -> object:
        """The socket, or None when it is not connected."""
        return self._streams[1].get_extra_info("socket") if self._streams else None

    async def request(self, path: str, *, method: str = "GET", timeout: float = 5.0) -> Answer:
        """Return the answer to one request, which must not need a body."""
        async with self._lock:
            try:
                return await asyncio.wait_for(self._exchange(method, path), timeout)
            except asyncio.TimeoutError as error:
                await self.close()
                raise TimeoutError(f"no answer to {method} {path} within {timeout:g} s") from error
            except (OSError, ValueError, asyncio.IncompleteReadError) as error:
                await self.close()
                raise OSError(f"{method} {path}: {error}") from error
            except asyncio.CancelledError:
                await self.close()
                raise

    async def _exchange(self, method: str, path: str) -> Answer:
        if self._streams is None:
            self._streams = await self._connect()
        reader, writer = self._streams
        writer.write(f"{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ", 2)[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        if headers.get("transfer-encoding") == "chunked":
            body = await _chunks(reader)
        else:
            body = await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            await self.close()
        return Answer(status, body)

    async def close(self) -> None:
        """Close the connection."""
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].close()
            with suppress(OSError):
                await streams[1].wait_closed()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    await reader.readuntil(b"\r\n")
    return b"".join(parts)


def unix(path: str) -> Connection:
    """Return a connection to a Unix socket."""
    return Connection(lambda: asyncio.open_unix_connection(path, limit=_LIMIT))


def tcp(host: str, port: int) -> Connection:
    """Return a connection to a TCP port."""
    return Connection(lambda: asyncio.open_connection(host, port, limit=_LIMIT))
