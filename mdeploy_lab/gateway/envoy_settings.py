"""What the gateway's configuration is made from, besides the routes; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

__all__ = ["EnvoySettings", "allowed_hosts"]

_ANY = {"0.0.0.0", "::", ""}  # noqa: S104  # recognised here, bound only when the user says so
_LOCAL = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class EnvoySettings:
    """Everything about one gateway that is not a route.

    Attributes
    ----------
    node
        A nonce that proves a running Envoy is the one that this home started.
    hosts
        Host names that the public listener answers for, without ports.
    suffix
        ``<id>.<suffix>`` serves a deployment at its root.
    jwks
        Public keys of the owner's passes.
    proof
        Answered at ``/.mdeploy/proof`` on the public listener: shows that the port is ours.
    """

    node: str
    proof: str
    bind: str
    port: int
    hosts: tuple[str, ...]
    suffix: str
    jwks: Mapping[str, Any]
    private_socket: str
    probe_socket: str
    admin_socket: str
    directory: str
    access_log: str
    tls_cert: str = ""
    tls_key: str = ""

    @property
    def tls(self) -> bool:
        """Whether the public listener speaks TLS."""
        return bool(self.tls_cert)


def allowed_hosts(bind: str, public_url: str) -> tuple[str, ...]:
    """Return the host names that may be in a request's Host: this machine's own, the bound address, the public URL's."""
    names = [*_LOCAL]
    if bind not in _ANY:
        names.append(f"[{bind}]" if ":" in bind else bind)
    host = urlsplit(public_url).hostname if public_url else None
    if host:
        names.append(f"[{host}]" if ":" in host else host)
    return tuple(sorted({name.lower() for name in names}))
