"""The asynchronous twins of ``md.*``: the same verbs on the running loop, ``await md.aio.deploy(…)``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from weakref import WeakKeyDictionary

from mdeploy_lab.client.core import AsyncClient
from mdeploy_lab.client.faces import verb
from mdeploy_lab.client.handle import AsyncDeployment
from mdeploy_lab.paths import home_root

__all__ = ["AsyncClient", "AsyncDeployment", "connect", "deploy", "deployments", "get", "info"]

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Path, AsyncClient]] = WeakKeyDictionary()


def default_client() -> AsyncClient:
    """Return the running loop's client of the home that is set now; it keeps no connection open."""
    mine = _clients.setdefault(asyncio.get_running_loop(), {})
    root = home_root()
    if root not in mine:
        mine[root] = AsyncClient(keep=False)
    return mine[root]


def connect(*, url: str = "", token: str = "", home: str | None = None) -> AsyncClient:
    """Return a client of a remote server, or of this machine's home; close it when you are done."""
    return AsyncClient(url=url, token=token, home=home)


deploy = verb(AsyncClient.deploy, default_client)
deployments = verb(AsyncClient.deployments, default_client)
get = verb(AsyncClient.get, default_client)
info = verb(AsyncClient.info, default_client)
