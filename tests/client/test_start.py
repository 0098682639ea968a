"""An engine of an older version hands over; of a newer one is used as it is."""

from __future__ import annotations

import asyncio
import json

import pytest

from mdeploy_lab.client.start import Starter
from mdeploy_lab.paths import Home

OLD, NEW = "0.0.1", "99.0"


async def old_engine(home, version, asked):
    """A server that says it is of a version, and goes away when it is asked to hand over."""

    async def answer(reader, writer):
        line = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[0]
        asked.append(line.rsplit(" ", 1)[0])
        if "handover" in line:
            home.socket.unlink()
            writer.write(b"HTTP/1.1 202 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        else:
            info = {"version": version, "api_version": "1", "engine": "local", "pid": 1}
            body = json.dumps(info).encode()
            writer.write(b"HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(answer, path=str(home.socket))


@pytest.mark.parametrize(("version", "started"), [(OLD, 1), (NEW, 0)])
async def test_the_newest_version_wins(tmp_path, monkeypatch, version, started):
    home, asked, starts, said = Home(tmp_path, tmp_path), [], [], []
    server = await old_engine(home, version, asked)

    async def start(self, say):
        starts.append(self)

    monkeypatch.setattr(Starter, "_start", start)
    starter = Starter(home)
    try:
        await asyncio.gather(starter.ensure(said.append), starter.ensure(said.append))
    finally:
        server.close()
    assert len(starts) == started
    assert asked.count("POST /engine/handover") == started
    assert bool(said) == bool(started)
    await starter.ensure()
    assert len(starts) == started
