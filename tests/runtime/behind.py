"""Real replicas behind a real gateway, for clients that block: the gateway's event loop runs in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from mdeploy_lab.gateway.base import Route
from mdeploy_lab.gateway.envoy import EnvoyGateway
from tests.gateway.conftest import new_home

DEADLINE = 60


class Door:
    """A gateway whose routes can be changed from a test."""

    def __init__(self, loop: asyncio.AbstractEventLoop, gateway: EnvoyGateway) -> None:
        self._loop = loop
        self.gateway = gateway
        self.port = gateway.health()["port"]

    def put(self, *routes: Route) -> None:
        for route in routes:
            run(self._loop, self.gateway.put(route))


def run(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run_coroutine_threadsafe(work, loop).result(DEADLINE)


@contextmanager
def door() -> Iterator[Door]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    with new_home() as home:
        gateway = EnvoyGateway(home)
        run(loop, gateway.open({}, lambda *_: None))
        try:
            yield Door(loop, gateway)
        finally:
            run(loop, gateway.shutdown())
            loop.call_soon_threadsafe(loop.stop)
            thread.join(DEADLINE)
            loop.close()
