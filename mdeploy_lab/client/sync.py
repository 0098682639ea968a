"""The synchronous face: ``md.deploy``, ``md.get``, …, and ``Client``; works inside a notebook's running loop."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from mdeploy_lab.client.core import AsyncClient, Surface
from mdeploy_lab.client.faces import synced, verb
from mdeploy_lab.client.loop import LOOP
from mdeploy_lab.client.progress import default_reporter
from mdeploy_lab.paths import home_root

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Client", "connect", "default_client", "deploy", "deployments", "get", "info"]


def surface() -> Surface:
    """Return where the user is: in IPython the lines to type are magics."""
    ipython = sys.modules.get("IPython")
    return "notebook" if ipython is not None and ipython.get_ipython() is not None else "shell"


class Client:
    """Every verb over one API: this machine's engine, or a server's with ``url`` and ``token``."""

    def __init__(
        self, *, url: str = "", token: str = "", home: str | os.PathLike[str] | None = None, start: bool = True
    ) -> None:
        root = os.fspath(home) if home is not None else None
        self.twin = AsyncClient(url=url, token=token, home=root, start=start, surface=surface(), reporters=default_reporter)
        LOOP.close_at_exit(self.twin)

    deploy = synced(AsyncClient.deploy)
    deployments = synced(AsyncClient.deployments)
    get = synced(AsyncClient.get)
    info = synced(AsyncClient.info)
    groups = synced(AsyncClient.groups)
    instance_types = synced(AsyncClient.instance_types)
    models = synced(AsyncClient.models)
    versions = synced(AsyncClient.versions)
    version = synced(AsyncClient.version)
    check_id = synced(AsyncClient.check_id)
    check_api_name = synced(AsyncClient.check_api_name)
    close = synced(AsyncClient.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        LOOP.run(self.twin.close())

    def __repr__(self) -> str:
        return f"<mdeploy client of {self.twin.transport.url or self.twin.transport.home}>"


def connect(*, url: str = "", token: str = "", home: str | os.PathLike[str] | None = None) -> Client:
    """Return a client of a remote server, or of this machine's home."""
    return Client(url=url, token=token, home=home)


_clients: dict[tuple[int, Path], Client] = {}
_lock = threading.Lock()


def default_client() -> Client:
    """Return the client of the home that is set now; one per home and process."""
    key = (os.getpid(), home_root())
    with _lock:
        if key not in _clients:
            _clients[key] = Client()
        return _clients[key]


deploy = verb(Client.deploy, default_client)
deployments = verb(Client.deployments, default_client)
get = verb(Client.get, default_client)
info = verb(Client.info, default_client)
