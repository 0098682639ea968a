"""Which API a target means: ``mdeploy`` is this machine's home, ``mdeploy:/https://…`` a server."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from mdeploy_lab.client.sync import Client, connect, default_client
from mdeploy_lab.errors import InvalidInput

TOKEN = "MDEPLOY_TOKEN"  # noqa: S105  # the name of a variable
_HINT = f"`mdeploy` is this machine; a server is `mdeploy:/https://host/mdeploy/api`, with its token in {TOKEN}"


def client_of(target: str) -> Client:
    """Return the client that a target URI means.

    Raises
    ------
    InvalidInput
        When what follows ``mdeploy:/`` is no address, or holds a secret: a URI is shown and logged.
    """
    url = target.partition(":")[2].lstrip("/")
    if not url:
        return default_client()
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidInput("the target is no address of a server", hint=_HINT)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise InvalidInput("the target is more than an address", hint=_HINT)
    return connect(url=url.rstrip("/"), token=os.environ.get(TOKEN, ""))
