"""Real replicas behind a real gateway, for clients that block: the gateway's event loop runs in a thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from mdeploy_lab.gateway.base import Route
from mdeploy_lab.gateway.envoy import EnvoyGateway
from tests.gateway.conftest import new_home

DEADLINE = 60


class Door:
    """A gateway whose routes can be changed from a test."""

    def __init__(self, gateway: EnvoyGateway) -> None:
        self.gateway = gateway
        self.port = gateway.health()["port"]
        self.loop = asyncio.get_running_loop()
        self.ended = asyncio.Event()

    def put(self, *routes: Route) -> None:
        async def all_of_them() -> None:
            await asyncio.gather(*(self.gateway.put(route) for route in routes))

        asyncio.run_coroutine_threadsafe(all_of_them(), self.loop).result(DEADLINE)


async def _serve(gateway: EnvoyGateway, opened: Future[Door]) -> None:
    try:
        await gateway.open({}, lambda *_: None)
        made = Door(gateway)
        opened.set_result(made)
        await made.ended.wait()
    except BaseException as error:
        opened.set_exception(error)
        raise
    finally:
        await gateway.shutdown()


@contextmanager
def door() -> Iterator[Door]:
    with new_home() as home:
        opened: Future[Door] = Future()
        thread = threading.Thread(target=lambda: asyncio.run(_serve(EnvoyGateway(home), opened)), daemon=True)
        thread.start()
        made = opened.result(DEADLINE)
        try:
            yield made
        finally:
            made.loop.call_soon_threadsafe(made.ended.set)
            thread.join(DEADLINE)
