"""A TCP address for a Unix socket, which remembers what clients said: stands where a server would."""

from __future__ import annotations

import asyncio

from typing_extensions import Self

from mdeploy_lab.client.loop import LOOP


class Relay:
    """Within ``with``, connections to ``url`` are connections to the socket."""

    def __init__(self, socket: str) -> None:
        self.heard = b""
        self._socket = socket
        self._tasks: set[asyncio.Task] = set()

    def __enter__(self) -> Self:
        self._server = LOOP.run(self._start())
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        LOOP.run(self._stop())

    async def _start(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        far_reader, far_writer = await asyncio.open_unix_connection(self._socket)
        try:
            await asyncio.gather(self._pump(reader, far_writer, heard=True), self._pump(far_reader, writer, heard=False))
        finally:
            writer.close()
            far_writer.close()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, heard: bool) -> None:
        while data := await source.read(65536):
            if heard:
                self.heard += data
            target.write(data)
            await target.drain()
        target.close()
