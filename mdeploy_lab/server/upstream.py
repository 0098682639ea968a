"""One HTTP exchange with the engine or the gateway, streamed in both directions with back-pressure.

Tornado's own client hands chunks over without waiting for whoever takes them, so a slow browser would make the server hold
a whole log or answer in memory. Here the next chunk is read when the last one has been taken.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tornado.http1connection import HTTP1Connection, HTTP1ConnectionParameters
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine, ResponseStartLine
from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient

UNLIMITED = 1 << 62
CHUNK_BYTES = 64 * 1024
CONNECT_SECONDS = 5.0

Head = Callable[[int, str, HTTPHeaders], Awaitable[None]]
Chunk = Callable[[bytes], Awaitable[None]]


class UpstreamGone(Exception):
    """Raised when nobody listens, or when the connection broke before the answer was complete.

    Whoever knows what was asked turns it into an `MDeployError`.
    """


@dataclass(frozen=True)
class Target:
    """Where to connect: a Unix socket's path, or a host and port."""

    path: str = ""
    host: str = ""
    port: int = 0
    tls: bool = False

    async def connect(self) -> IOStream:
        """Open a stream, or raise `UpstreamGone`."""
        try:
            return await asyncio.wait_for(self._open(), CONNECT_SECONDS)
        except (OSError, StreamClosedError, asyncio.TimeoutError) as error:
            raise UpstreamGone(f"cannot connect: {error or 'timed out'}") from error

    async def _open(self) -> IOStream:
        if not self.path:
            context = ssl.create_default_context() if self.tls else None
            return await TCPClient().connect(self.host, self.port, ssl_options=context)
        stream = IOStream(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        try:
            return await stream.connect(self.path)
        except BaseException:
            stream.close()
            raise


class Exchange:
    """A request on its own connection: write the body, then read the answer."""

    def __init__(self, stream: IOStream) -> None:
        parameters = HTTP1ConnectionParameters(
            no_keep_alive=True, chunk_size=CHUNK_BYTES, max_body_size=UNLIMITED, decompress=False
        )
        self._connection = HTTP1Connection(stream, is_client=True, params=parameters)
        self._deaf = False

    @classmethod
    async def open(cls, target: Target, method: str, path: str, headers: HTTPHeaders) -> Exchange:
        """Connect and send the request's head.

        Raises
        ------
        UpstreamGone
            When nobody listens.
        """
        exchange = cls(await target.connect())
        headers["Connection"] = "close"
        await exchange._send(exchange._connection.write_headers(RequestStartLine(method, path, "HTTP/1.1"), headers))
        return exchange

    async def write(self, chunk: bytes) -> None:
        """Send a part of the body. What an upstream that has already answered no longer reads is dropped."""
        if not self._deaf:
            await self._send(self._connection.write(chunk))

    async def _send(self, sent: Awaitable[None]) -> None:
        try:
            await sent
        except StreamClosedError:
            self._deaf = True

    async def answer(self, on_head: Head, on_chunk: Chunk) -> None:
        """Finish the body and hand the answer over, piece by piece.

        Raises
        ------
        UpstreamGone
            When the connection broke before the answer was complete.
        """
        if not self._deaf:
            self._connection.finish()
        reader = _Reader(on_head, on_chunk, self.close)
        try:
            await self._connection.read_response(reader)
        except StreamClosedError as error:
            if reader.error is None:
                raise UpstreamGone("the connection broke") from error
        finally:
            self.close()
        if reader.error is not None:
            raise reader.error
        if not reader.complete:
            raise UpstreamGone("the connection broke before the answer was complete")

    def close(self) -> None:
        """Give the connection up."""
        with suppress(StreamClosedError):
            self._connection.close()


class _Reader(HTTPMessageDelegate):
    """Keeps what a callback raised, which tornado would only log, and closes the connection."""

    def __init__(self, on_head: Head, on_chunk: Chunk, close: Callable[[], None]) -> None:
        self._on_head = on_head
        self._on_chunk = on_chunk
        self._close = close
        self.error: BaseException | None = None
        self.complete = False

    async def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> None:
        if isinstance(start_line, ResponseStartLine) and start_line.code >= 200:  # noqa: PLR2004  # after a 1xx comes more
            await self._guard(self._on_head(start_line.code, start_line.reason, headers))

    async def data_received(self, chunk: bytes) -> None:
        if self.error is None:
            await self._guard(self._on_chunk(chunk))

    async def _guard(self, call: Awaitable[None]) -> None:
        try:
            await call
        except BaseException as error:  # noqa: BLE001  # also a cancellation; `answer` raises it again
            self.error = error
            self._close()

    def finish(self) -> None:
        self.complete = True

    def on_connection_close(self) -> None:
        self.complete = False


async def read_json(target: Target, path: str, headers: HTTPHeaders) -> tuple[int, bytes]:
    """GET a small document whole."""
    exchange = await Exchange.open(target, "GET", path, headers)
    status = 0
    body = bytearray()

    async def head(code: int, reason: str, headers: HTTPHeaders) -> None:
        nonlocal status
        del reason, headers
        status = code

    async def chunk(data: bytes) -> None:
        body.extend(data)

    await exchange.answer(head, chunk)
    return status, bytes(body)


def plain_headers(values: dict[str, Any]) -> HTTPHeaders:
    """Return headers from a dict."""
    headers = HTTPHeaders()
    for name, value in values.items():
        headers.add(name, str(value))
    return headers
