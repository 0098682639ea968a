"""Who acts: JupyterHub's user where there is a hub, otherwise the operating system's."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import quote

AUTH_RESOURCE = "mdeploy"
Method = TypeVar("Method", bound=Callable[..., Any])
Decorator = Callable[[Method], Method]
SAFE = "@.-_ "


def actor(identity_provider: object, user: Any) -> str:
    """Return the name that history shows.

    Jupyter's own token login makes up a new user name for every request, so it names nobody; JupyterHub's does.
    """
    if type(identity_provider).__module__.split(".")[0] == "jupyterhub":
        name = getattr(user, "username", "") or (user.get("name", "") if isinstance(user, dict) else "")
        if name:
            return str(name)
    return os_user()


def hub_groups(identity_provider: object, user: Any) -> frozenset[str] | None:
    """Return the names of the JupyterHub groups that the user is in; None where no hub says.

    JupyterHub's single-user server asks the hub for the user and keeps the answer for ``HubAuth.cache_max_age`` seconds (five
    minutes unless configured): that old may this be.
    """
    if type(identity_provider).__module__.split(".")[0] != "jupyterhub":
        return None
    known = user if isinstance(user, dict) else getattr(user, "hub_user", None)
    found = known.get("groups") if isinstance(known, dict) else None
    return frozenset(map(str, found)) if isinstance(found, list | tuple | set) else None


def os_user() -> str:
    """Return the name of the user this server runs as."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry in passwd
        return f"uid{os.getuid()}"


def header_value(name: str) -> str:
    """Return a name as ``X-MDeploy-Actor`` carries it: percent-encoded UTF-8."""
    return quote(name, safe=SAFE)


def header_list(names: Iterable[str]) -> str:
    """Return names as ``X-MDeploy-Groups`` carries them: each percent-encoded, with commas between them."""
    return ",".join(quote(name, safe="") for name in sorted(names))
