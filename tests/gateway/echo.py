"""A replica for tests: answers with what it saw; its query, or the header x-test, makes it slow, break the connection, or fail.

As a program: ``python echo.py unix:/path|tcp:127.0.0.1:port NAME``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from urllib.parse import parse_qs


class Echo:
    def __init__(self, name="r", secret=""):
        self.name = name
        self.secret = secret
        self.count = 0
        self.seen = []
        self.target = ""
        self._server = None
        self._writers = set()

    async def start(self, target="tcp:127.0.0.1:0"):
        kind, _, rest = target.partition(":")
        if kind == "unix":
            self._server = await asyncio.start_unix_server(self._serve, rest, limit=1 << 24)
            self.target = target
        else:
            host, _, port = rest.rpartition(":")
            self._server = await asyncio.start_server(self._serve, host, int(port), limit=1 << 24)
            self.target = f"tcp:{host}:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def stop(self):
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _one(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, raw_path, _ = head[0].split(" ")
        headers = [[n.lower(), v.strip()] for n, _, v in (line.partition(":") for line in head[1:] if line)]
        named = dict(headers)
        if "early" in raw_path:
            writer.write(b"HTTP/1.1 413 X\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
            await writer.drain()
            while await reader.read(1 << 16):
                pass
            return False
        size = 0
        if named.get("transfer-encoding") == "chunked":
            while n := int(await reader.readline(), 16):
                await reader.readexactly(n + 2)
                size += n
            await reader.readline()
        else:
            size = int(named.get("content-length", 0))
            await reader.readexactly(size)
        self.count += 1
        seen = {"replica": self.name, "method": method, "path": raw_path, "headers": headers, "size": size}
        self.seen.append(seen)
        query = {**parse_qs(raw_path.partition("?")[2]), **parse_qs(named.get("x-test", ""))}
        if "sleep" in query:
            await asyncio.sleep(float(query["sleep"][0]))
        if "reset" in query and query["reset"][0] in {self.name, "*"}:
            writer.transport.abort()
            return False
        status = int(query.get("status", ["200"])[0])
        if self.secret and named.get("x-mdeploy-replica") != self.secret:
            status = 403
        body = json.dumps(seen).encode()
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n".encode())
        if "cut" in query:
            await writer.drain()
            writer.transport.abort()
            return False
        writer.write(body)
        await writer.drain()
        return True


async def main():
    echo = await Echo(sys.argv[2]).start(sys.argv[1])
    print(echo.target, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
