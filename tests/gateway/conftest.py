"""A real Envoy in a home of its own, replicas that echo, and a client that sends exactly what it is told to."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from mdeploy_lab.gateway.base import Backend, Credential, Route
from mdeploy_lab.gateway.envoy import EnvoyGateway
from mdeploy_lab.gateway.tokens import make_token
from mdeploy_lab.models.deployment import Address
from mdeploy_lab.paths import Home


@contextmanager
def new_home():
    root = Path(tempfile.mkdtemp(prefix="gw-", dir="/tmp"))
    yield Home(root / "home", root / "run").create()
    shutil.rmtree(root)


@pytest.fixture
def home():
    with new_home() as made:
        yield made


class Uses:
    """What was reported of uses of tokens."""

    def __init__(self):
        self.seen = []

    def __call__(self, id_, key, at):
        self.seen.append((id_, key, at))


@pytest.fixture
def used():
    return Uses()


@pytest.fixture
async def gateway(home, used):
    envoy = EnvoyGateway(home)
    await envoy.open({}, used)
    yield envoy
    await envoy.shutdown()


@dataclass
class Client:
    """A client's token and what the gateway keeps of it."""

    name: str
    token: str
    credential: Credential


def client(name="web"):
    made = make_token(name)
    return Client(name, made.token, Credential(client=name, key_id=made.key_id, sha1=made.sha1))


def route(id_, *targets, secret="", clients=(), public=False, weights=None, **more):
    """One backend per target unless ``weights`` says otherwise: {revision: (weight, [targets])}."""
    table = weights or {1: (100, list(targets))}
    backends = tuple(
        Backend(
            revision=revision,
            weight=weight,
            addresses=tuple(Address(target=t, secret=secret if t.startswith("tcp") else "") for t in addresses),
        )
        for revision, (weight, addresses) in table.items()
    )
    return Route(
        uid=more.pop("uid", f"uid-{id_}"),
        id=id_,
        group="default",
        public=public,
        credentials=tuple(c.credential for c in clients),
        backends=more.pop("backends", backends),
        **more,
    )


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    def seen(self, name):
        """All values of a header that the replica saw."""
        return [v for n, v in self.json["headers"] if n == name]


async def call(where, path, *headers, method="GET", body=b"", host="127.0.0.1", version="1.1", raw=None):
    """Send one request, headers in order and repeated as given; ``where``: a gateway, a port, or a Unix path."""
    if isinstance(where, str):
        reader, writer = await asyncio.open_unix_connection(where, limit=1 << 24)
    else:
        port = where if isinstance(where, int) else where.health()["port"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    try:
        lines = [f"{method} {path} HTTP/{version}", *([f"host: {host}"] if host else []), *headers, "connection: close"]
        if body:
            lines.append(f"content-length: {len(body)}")
        writer.write(raw if raw is not None else "\r\n".join([*lines, "", ""]).encode() + body)
        return await asyncio.wait_for(receive(reader), 20)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def receive(reader):
    """Read one answer."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(lines[0].split(" ")[1]), headers, body)


def bearer(token):
    return f"authorization: Bearer {token}"


def basic(name, token):
    import base64

    return "authorization: Basic " + base64.b64encode(f"{name}:{token}".encode()).decode()


async def until(condition, what, deadline=10.0):
    """Poll until a condition holds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    while True:
        result = condition()
        if asyncio.iscoroutine(result):
            result = await result
        if result:
            return result
        assert loop.time() < end, f"waited {deadline} s for {what}"
        await asyncio.sleep(0.01)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
