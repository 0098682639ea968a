"""httpx over a Unix socket by asyncio's own streams.

anyio, which httpx uses by default, lets a cancelled read on a Unix socket end as "Exception in callback Future.set_result" on
standard error when data comes in the same moment; and every wait here ends with such a cancellation.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

import httpcore
import httpx

from mdeploy_lab.client.deadline import within

T = TypeVar("T")


async def _within(
    work: Awaitable[T],
    seconds: float | None,
    late: type[Exception],
    broken: type[Exception],
    drop: Callable[[T], None] | None = None,
) -> T:
    """Await with httpcore's errors."""
    try:
        return await (work if seconds is None and drop is None else within(work, seconds, drop=drop))
    except asyncio.TimeoutError as error:
        raise late from error
    except OSError as error:
        raise broken(str(error)) from error


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await _within(self._reader.read(max_bytes), timeout, httpcore.ReadTimeout, httpcore.ReadError)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._writer.write(buffer)
        await _within(self._writer.drain(), timeout, httpcore.WriteTimeout, httpcore.WriteError)

    async def aclose(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise NotImplementedError

    def get_extra_info(self, info: str) -> Any:
        """Say whether the idle connection has ended, so that a stale one is not used again."""
        return self._reader.at_eof() if info == "is_readable" else None


class _Backend(httpcore.AsyncNetworkBackend):
    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        del socket_options
        opening = asyncio.open_unix_connection(path)
        pair = await _within(opening, timeout, httpcore.ConnectTimeout, httpcore.ConnectError, lambda pair: pair[1].close())
        return _Stream(*pair)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def unix_transport(path: str, *, keep: bool = True) -> httpx.AsyncHTTPTransport:
    """Return a transport to the HTTP server on a Unix socket."""
    transport = httpx.AsyncHTTPTransport(verify=False)  # no TLS on a socket; spares reading certificates
    transport._pool = httpcore.AsyncConnectionPool(  # noqa: SLF001  # httpx has no argument for the backend
        uds=path,
        max_connections=100,
        max_keepalive_connections=20 if keep else 0,
        keepalive_expiry=30.0,
        network_backend=_Backend(),
    )
    return transport
