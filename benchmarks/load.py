"""Keeps a number of connections busy with one request and measures: with wrk where there is one, else by itself."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httptools


@dataclass(frozen=True)
class Target:
    """Where to send: ``tcp:127.0.0.1:80`` or ``unix:/path``, the path, and headers."""

    name: str
    address: str
    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Result:
    """What came of it."""

    per_second: float
    p50_ms: float
    errors: int


def has_wrk(targets: list[Target]) -> bool:
    """Return whether wrk can be used for all of these, so that they are measured alike."""
    return shutil.which("wrk") is not None and all(t.address.startswith("tcp:") for t in targets)


def run(target: Target, body: bytes, connections: int, seconds: float, *, wrk: bool) -> Result:
    """Send ``body`` for ``seconds`` over ``connections``, one request at a time on each."""
    if wrk:
        return _wrk(target, body, connections, seconds)
    import uvloop

    return uvloop.run(_own(target, body, connections, seconds))


def _host(target: Target) -> str:
    return target.address.removeprefix("tcp:") if target.address.startswith("tcp:") else "localhost"


# -- our own ------------------------------------------------------------------------------------------------------------


class _Connection(asyncio.Protocol):
    """One connection: as soon as an answer is whole, the next request goes out."""

    def __init__(self, request: bytes, times: list[float], failures: list[int]) -> None:
        self._request = request
        self._times = times
        self._failures = failures
        self._began = 0.0
        self._transport: Any = None  # uvloop's is no asyncio.Transport
        self._parser: Any = None
        self.closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._began = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._times.append(time.perf_counter() - self._began)
        status = self._parser.get_status_code()
        if status != 200:
            self._failures.append(status)
        if self.closing:
            self._transport.close()
        else:
            asyncio.get_running_loop().call_soon(self._next)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's protocol
        if not self.closing:
            self._failures.append(0)


async def _own(target: Target, body: bytes, connections: int, seconds: float) -> Result:
    head = {"Host": _host(target), "Content-Type": "application/json", "Content-Length": str(len(body)), **target.headers}
    lines = "".join(f"{k}: {v}\r\n" for k, v in head.items())
    request = f"POST {target.path} HTTP/1.1\r\n{lines}\r\n".encode() + body
    times: list[float] = []
    failures: list[int] = []
    loop = asyncio.get_running_loop()
    made = []
    began = time.perf_counter()
    for _ in range(connections):
        if target.address.startswith("unix:"):
            path = target.address.removeprefix("unix:")
            _, protocol = await loop.create_unix_connection(lambda: _Connection(request, times, failures), path)
        else:
            host, _, port = target.address.removeprefix("tcp:").rpartition(":")
            _, protocol = await loop.create_connection(lambda: _Connection(request, times, failures), host, int(port))
        made.append(protocol)
    await asyncio.sleep(seconds)
    elapsed = time.perf_counter() - began
    done = list(times)
    for protocol in made:
        protocol.closing = True
    await asyncio.sleep(0.1)
    if not done:
        return Result(0, 0, len(failures) or 1)
    return Result(len(done) / elapsed, statistics.median(done) * 1000, len(failures))


# -- wrk ----------------------------------------------------------------------------------------------------------------

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


def _wrk(target: Target, body: bytes, connections: int, seconds: float) -> Result:
    headers = {"Content-Type": "application/json", **target.headers}
    script = 'wrk.method = "POST"\n'
    script += "".join(f"wrk.headers[ {_lua(k)} ] = {_lua(v)}\n" for k, v in headers.items())
    script += f"wrk.body = {_lua(body.decode())}\n"
    handle, name = tempfile.mkstemp(suffix=".lua")  # 0600: it has a token in it
    try:
        with os.fdopen(handle, "w") as file:
            file.write(script)
        url = f"http://{_host(target)}{target.path}"
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency", "-s", name, url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    finally:
        Path(name).unlink()
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])
    middle = re.search(r"50%\s+([\d.]+)(us|ms|s)", said)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return Result(rate, float(middle[1]) * _UNITS[middle[2]], int(wrong[1]) if wrong else 0)


def _lua(text: str) -> str:
    return f"[==[{text}]==]"
