"""The topics that browsers follow, and where the engine tells them. A feed lives as long as somebody follows its topic."""

from __future__ import annotations

import logging
from urllib.parse import parse_qsl, urlencode

from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.models.names import is_id
from mdeploy_lab.server.engine import EngineLink
from mdeploy_lab.server.feed import Feed, Wrap
from mdeploy_lab.server.outbox import Message, Outbox

DEPLOYMENTS = "deployments"
LOG_TAIL = 2000
LOG_FILTERS = frozenset({"replica", "revision"})


class Topics:
    """All feeds of this server, by topic."""

    def __init__(self, engine: EngineLink, log: logging.Logger) -> None:
        self._engine = engine
        self._log = log
        self._feeds: dict[str, Feed] = {}

    def join(self, topic: str, outbox: Outbox) -> None:
        """Let a browser follow a topic: ``deployments`` or ``log/<id>[?replica=…&revision=…]``.

        Raises
        ------
        InvalidInput
            When there is no such topic.
        """
        feed = self._feeds.get(topic)
        if feed is None:
            feed = self._feeds[topic] = self._feed(topic)
        feed.join(outbox)

    def _feed(self, topic: str) -> Feed:
        if topic == DEPLOYMENTS:
            return Feed(self._engine, "/events", dict, self._log)
        return Feed(self._engine, log_path(topic), log_wrap(topic), self._log, keep=LOG_TAIL)

    async def leave(self, topic: str, outbox: Outbox) -> None:
        """Stop following a topic."""
        feed = self._feeds.get(topic)
        if feed is not None:
            await feed.leave(outbox)
            if not feed and self._feeds.get(topic) is feed:
                del self._feeds[topic]

    async def close(self) -> None:
        """End all feeds."""
        while self._feeds:
            _, feed = self._feeds.popitem()
            await feed.close()


def log_path(topic: str) -> str:
    """Return the engine's path of a log topic."""
    name, _, query = topic.removeprefix("log/").partition("?")
    filters = parse_qsl(query, keep_blank_values=True)
    if not topic.startswith("log/") or not is_id(name) or any(key not in LOG_FILTERS for key, _ in filters):
        raise InvalidInput(
            f"there is no topic {topic[:200]!r}", hint="topics are deployments and log/<id>[?replica=…&revision=…]"
        )
    return f"/deployments/{name}/logs?{urlencode([*filters, ('follow', 'true'), ('tail', LOG_TAIL)])}"


def log_wrap(topic: str) -> Wrap:
    """Return what makes a message of a log line, tagged with the topic that was asked for."""
    name = topic.removeprefix("log/").partition("?")[0]

    def wrap(value: Message) -> Message:
        if "topic" in value:
            return {**value, "id": name, "subscription": topic}
        return {"topic": "log", "id": name, "line": value, "subscription": topic}

    return wrap
