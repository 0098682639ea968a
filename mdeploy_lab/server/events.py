"""The WebSocket of one browser: topics in, messages out."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

import mdeploy_lab
from mdeploy_lab.errors import InvalidInput, MDeployError
from mdeploy_lab.server.identity import AUTH_RESOURCE, Decorator, actor
from mdeploy_lab.server.outbox import Outbox
from mdeploy_lab.server.topics import DEPLOYMENTS, Topics

TOPICS_LIMIT = 100
_signed_in: Decorator[Any] = ws_authenticated


class EventsHandler(WebSocketMixin, ExtensionHandlerMixin, WebSocketHandler, JupyterHandler):  # type: ignore[misc]  # untyped
    """Sends ``Change`` objects, and before them what this server is and whether the engine answers.

    Everybody follows ``deployments``; ``{"subscribe": "log/churn"}`` adds a topic and ``{"unsubscribe": …}`` takes it away.
    """

    auth_resource = AUTH_RESOURCE

    def initialize(self, name: str, topics: Topics) -> None:
        """Take the server's topics."""
        super().initialize(name)
        self._topics = topics
        self._outbox = Outbox()
        self._joined: set[str] = set()
        self._writer: asyncio.Task[None] | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._can_write = False

    @_signed_in
    async def get(self, *args: Any, **kwargs: Any) -> None:
        """Open the WebSocket for those who may read."""
        if not await self._allowed("read"):
            raise HTTPError(403, f"User is not authorized to read on resource: {AUTH_RESOURCE}.")
        self._can_write = await self._allowed("write")
        opened = super().get(*args, **kwargs)
        if opened is not None:
            await opened

    async def _allowed(self, action: str) -> bool:
        allowed = self.authorizer.is_authorized(self, self.current_user, action, AUTH_RESOURCE)
        return bool(await ensure_async(allowed))

    def open(self, *args: Any, **kwargs: Any) -> None:
        """Greet, and follow the deployments."""
        super().open(*args, **kwargs)
        self._outbox.put(
            {
                "topic": "server",
                "version": mdeploy_lab.__version__,
                "actor": actor(self.identity_provider, self.current_user),
                "can_write": self._can_write,
            }
        )
        self._join(DEPLOYMENTS)
        self._writer = asyncio.create_task(self._write(), name="mdeploy events")

    def _join(self, topic: str) -> None:
        if len(self._joined) >= TOPICS_LIMIT:
            raise InvalidInput(f"a browser can follow {TOPICS_LIMIT} topics", hint="close some logs")
        self._topics.join(topic, self._outbox)
        self._joined.add(topic)

    async def _write(self) -> None:
        with suppress(WebSocketClosedError):
            while True:
                message = await self._outbox.get()
                await self.write_message(json.dumps(message, separators=(",", ":")))

    async def on_message(self, message: str | bytes) -> None:
        """Take a topic in or out."""
        try:
            asked = json.loads(message)
            if "subscribe" in asked:
                self._join(str(asked["subscribe"]))
            elif "unsubscribe" in asked:
                topic = str(asked["unsubscribe"])
                self._joined.discard(topic)
                await self._topics.leave(topic, self._outbox)
        except MDeployError as error:
            self._outbox.put({"topic": "error", "subscription": str(asked.get("subscribe", "")), "error": error.to_body()})
        except (ValueError, TypeError):
            self.close(1003, "messages are JSON objects")

    def on_close(self) -> None:
        """Leave everything that was followed."""
        super().on_close()
        if self._writer is not None:
            self._writer.cancel()
        joined, self._joined = self._joined, set()
        self._leaving = asyncio.create_task(self._leave(joined), name="mdeploy events end")

    async def _leave(self, joined: set[str]) -> None:
        for topic in joined:
            await self._topics.leave(topic, self._outbox)
