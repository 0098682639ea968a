"""An order reaches a replica that is busy when it comes."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from pathlib import Path

from mdeploy_lab.engines.local.control import order
from mdeploy_lab.runtime.control import ControlServer
from mdeploy_lab.runtime.spec import Order
from mdeploy_lab.runtime.status import ReplicaStatus
from tests.runtime.conftest import make_spec


async def test_an_order_to_a_busy_replica_is_read() -> None:
    with tempfile.TemporaryDirectory(prefix="mdc-", dir="/tmp") as folder:
        spec = make_spec(Path(folder), Path(folder))
        heard: list[float] = []
        loop = asyncio.new_event_loop()
        server = ControlServer(spec.control, ReplicaStatus(spec, "unix:/nowhere"), lambda seconds, _: heard.append(seconds))
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(server.open(), loop).result(5)
            for turn in range(20):
                loop.call_soon_threadsafe(time.sleep, 0.02)  # so that the order is there before it is looked at
                assert await order(Path(spec.control), Order(seconds=turn))
                assert heard[-1] == turn
            asyncio.run_coroutine_threadsafe(server.close(), loop).result(5)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(5)
            loop.close()
        assert not await order(Path(spec.control), Order(seconds=1))
