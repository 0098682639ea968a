"""What a widget's front end asks of its kernel: requests of the REST interface, topics, and the interface's own code.

It is used where there is no Jupyter server with our extension; where there is one, the front end asks that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from mdeploy_lab.client.loop import LOOP
from mdeploy_lab.errors import InvalidInput, MDeployError
from mdeploy_lab.notebook.bundle import interface
from mdeploy_lab.notebook.channels import DEPLOYMENTS, Channels, Message

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
KIND = "mdeploy"
"""The key that tells our messages from others on the widget's comm."""


class Relay:
    """The kernel's end of one widget's conversation. ``send`` may be called from any thread."""

    def __init__(self, channels: Channels, send: Callable[[Message], None], asked: Callable[[str, Any, Any], None]) -> None:
        self._channels = channels
        self._send = send
        self._asked = asked
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._topics: dict[str, Callable[[Message], None]] = {}

    def receive(self, content: Any) -> None:
        """Take one message of the front end; what it means is done on the client's loop."""
        if isinstance(content, Mapping) and isinstance(content.get(KIND), str):
            LOOP.soon(self._act, dict(content))

    def offer(self, message: Message, name: str) -> None:
        """Pass on what concerns one deployment, although the front end has not asked: a busy kernel does not hear it ask."""
        if DEPLOYMENTS not in self._topics and (message["topic"] == "engine" or message.get("id") == name):
            self._send({KIND: "push", "message": message})

    def close(self) -> None:
        """End everything that the front end follows or waits for."""
        LOOP.soon(self._close)

    def _close(self) -> None:
        for topic in tuple(self._topics):
            self._unsubscribe(topic)
        for task in tuple(self._tasks.values()):
            task.cancel()

    def _act(self, content: dict[str, Any]) -> None:
        kind, number, topic = content[KIND], content.get("n", 0), str(content.get("topic", ""))
        if kind == "request":
            self._tasks[number] = asyncio.create_task(self._answer(number, content))
        elif kind == "cancel" and number in self._tasks:
            self._tasks.pop(number).cancel()
        elif kind == "subscribe":
            self._subscribe(topic)
        elif kind == "unsubscribe":
            self._unsubscribe(topic)
        elif kind == "interface":
            self._send({KIND: "interface", "code": interface()})
        elif kind == "asked":  # over REST, so that the kernel has not seen it
            self._asked(str(content.get("path", "")), content.get("body"), content.get("answer"))

    async def _answer(self, number: int, content: Mapping[str, Any]) -> None:
        method, path, body = str(content.get("method")), str(content.get("path")), content.get("body")
        try:
            if method not in METHODS or not path.startswith("/"):
                raise InvalidInput("that is no request of the REST interface", hint="see docs/reference.md")
            status, value = await self._channels.client.transport.exchange(method, path, body)
        except MDeployError as error:
            status, value = error.http_status, error.to_body()
        finally:
            self._tasks.pop(number, None)
        self._send({KIND: "answer", "n": number, "status": status, "body": value})
        self._asked(path, body, value if status < 400 else None)  # noqa: PLR2004

    def _subscribe(self, topic: str) -> None:
        if topic in self._topics:
            return

        def listener(message: Message) -> None:
            self._send({KIND: "push", "message": message})

        for message in self._channels.greeting():
            listener(message)
        try:
            self._channels.join(topic, listener)
        except MDeployError as error:
            listener({"topic": "error", "subscription": topic, "error": error.to_body()})
            return
        self._topics[topic] = listener

    def _unsubscribe(self, topic: str) -> None:
        listener = self._topics.pop(topic, None)
        if listener is not None:
            self._channels.leave(topic, listener)
