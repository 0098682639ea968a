"""A stand-in for the engine and the gateway, for what the real ones do too rarely: breaking, stalling, telling all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_unix_socket
from tornado.web import Application, RequestHandler, stream_request_body

Answer = Callable[[RequestHandler], Awaitable[None]]


def deployment(name: str = "churn", *, public: bool = False, state: str = "deployed", version: int = 1) -> dict[str, Any]:
    at = "2026-11-21T10:00:00Z"
    return {
        "id": name,
        "uid": f"uid-{name}",
        "spec": {
            "name": name,
            "group": "default",
            "public": public,
            "stopped": state in {"stopped", "stopping"},
            "replicas": 1,
            "template": {"model": {"uri": f"models:/{name}/1", "requested": ""}},
            "metadata": {},
        },
        "status": {
            "state": state,
            "health": "healthy",
            "message": "",
            "failure": None,
            "revision": 1,
            "replicas": {"wanted": 1, "ready": 1},
        },
        "url": f"http://127.0.0.1:8000/deployment/{name}",
        "resource_version": version,
        "created_at": at,
        "created_by": "jo",
        "updated_at": at,
        "updated_by": "jo",
    }


class StubEngine:
    """Answers what a test puts in, remembers what it was asked, and streams what a test says."""

    def __init__(self) -> None:
        self.deployments: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, Any]] = []
        self.answers: dict[tuple[str, str], Answer] = {}
        self.streams: list[asyncio.Queue[dict[str, Any] | None]] = []
        self.gateway_url = ""
        self._server: HTTPServer | None = None

    def start(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._server = HTTPServer(Application([(r"(/.*)", _Engine, {"stub": self})]))
        self._server.add_socket(bind_unix_socket(str(path)))

    async def stop(self) -> None:
        for stream in self.streams:
            stream.put_nowait(None)
        if self._server is not None:
            self._server.stop()
            await self._server.close_all_connections()
            self._server = None

    def say(self, change: dict[str, Any]) -> None:
        for stream in self.streams:
            stream.put_nowait(change)


class _Engine(RequestHandler):
    def initialize(self, stub: StubEngine) -> None:
        self.stub = stub

    def compute_etag(self) -> None:
        return None

    async def _any(self, path: str) -> None:
        body = json.loads(self.request.body) if self.request.body else None
        query = {name: [value.decode() for value in values] for name, values in self.request.arguments.items()}
        self.stub.asked.append(
            {
                "method": self.request.method,
                "path": path,
                "uri": self.request.uri,
                "query": query,
                "body": body,
                "headers": dict(self.request.headers.get_all()),
            }
        )
        answer = self.stub.answers.get((str(self.request.method), path))
        if answer is not None:
            await answer(self)
        elif path == "/events":
            await self._stream()
        elif path == "/info":
            self.write({"version": "0.1.0", "gateway_url": self.stub.gateway_url, "engine": "local", "api_version": "1"})
        elif path == "/deployments" and self.request.method == "GET":
            self.write({"deployments": list(self.stub.deployments.values())})
        elif path.startswith("/deployments/") and path[13:] in self.stub.deployments:
            self.write(self.stub.deployments[path[13:]])
        else:
            self.set_status(404)
            self.write({"message": "no such thing", "reason": "DeploymentNotFound", "code": "deployment_not_found",
                        "hint": "near: secret-name", "details": {}})  # fmt: skip

    async def _stream(self) -> None:
        queue: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        queue.put_nowait({"topic": "hello"})
        self.stub.streams.append(queue)
        self.set_header("Content-Type", "application/x-ndjson")
        try:
            while (change := await queue.get()) is not None:
                self.write(json.dumps(change) + "\n")
                await self.flush()
        except StreamClosedError:
            pass
        finally:
            self.stub.streams.remove(queue)

    def on_connection_close(self) -> None:
        for queue in self.stub.streams:
            queue.put_nowait({"topic": "hello"})

    get = post = put = patch = delete = head = _any


class StubGateway:
    """A model behind a gateway: says what reached it, and answers what a test wants."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.seen: list[dict[str, Any]] = []
        self.answer: Answer | None = None
        self._server: HTTPServer | None = None

    def start(self) -> None:
        self._server = HTTPServer(Application([(r"(/.*)", _Model, {"gateway": self})]), max_body_size=1 << 40)
        self._server.listen(self.port, "127.0.0.1")

    async def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            await self._server.close_all_connections()


@stream_request_body
class _Model(RequestHandler):
    def initialize(self, gateway: StubGateway) -> None:
        self.gateway = gateway
        self.size = 0
        self.start = b""

    def compute_etag(self) -> None:
        return None

    def data_received(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self.start = (self.start + chunk)[:1000]

    async def _any(self, _path: str) -> None:
        self.gateway.seen.append(
            {
                "method": self.request.method,
                "uri": self.request.uri,
                "headers": list(self.request.headers.get_all()),
                "size": self.size,
                "start": self.start,
            }
        )
        if self.gateway.answer is not None:
            await self.gateway.answer(self)
        else:
            self.write({"predictions": [1]})

    get = post = put = patch = delete = head = options = _any
