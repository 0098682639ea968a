"""The public port: chosen once per home and kept, because callers write it down."""

from __future__ import annotations

import json
import secrets
import socket
from pathlib import Path

from mdeploy_lab.errors import EngineUnavailable, HomeUnusable

__all__ = ["check_free", "kept_port"]

_FIRST, _COUNT = 20_000, 10_000
"""Below Linux' ephemeral ports, so that no outgoing connection of somebody sits on a kept port by chance."""


def kept_port(state: Path, bind: str) -> int:
    """Return the home's port; the first time, a free one is chosen and written to ``state``/gateway.json.

    Raises
    ------
    EngineUnavailable
        When no port is free.
    HomeUnusable
        When the choice cannot be kept.
    """
    path = state / "gateway.json"
    try:
        port = json.loads(path.read_text())["port"]
        if isinstance(port, int) and 0 < port < 65_536:  # noqa: PLR2004  # the range of ports
            return port
    except (OSError, ValueError, KeyError, TypeError):
        pass
    port = _choose(bind)
    temporary = path.with_suffix(".new")
    try:
        temporary.write_text(json.dumps({"port": port}) + "\n")
        temporary.replace(path)
    except OSError as error:
        raise HomeUnusable(
            f"cannot write {path}: {error.strerror or error}", hint="make the home writable, or free some space"
        ) from error
    return port


def check_free(bind: str, port: int) -> None:
    """Return when nobody listens on the port.

    Raises
    ------
    EngineUnavailable
        When somebody does, or when the address is not this machine's.
    """
    try:
        _try(bind, port)
    except PermissionError as error:
        raise EngineUnavailable(
            f"no right to listen on port {port}", hint="set gateway.port in config.toml to a port above 1023"
        ) from error
    except OSError as error:
        if error.errno == 98:  # noqa: PLR2004  # EADDRINUSE
            raise EngineUnavailable(
                f"port {port} on {bind} is taken by another program",
                hint=f"find it with `ss -ltnp 'sport = :{port}'` and end it, or set gateway.port in config.toml; "
                "callers' URLs then change",
                details={"port": port, "bind": bind},
            ) from error
        raise EngineUnavailable(
            f"cannot listen on {bind}: {error.strerror or error}", hint="set gateway.bind to an address of this machine"
        ) from error


def _try(bind: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((bind, port))
        probe.listen(1)


def _choose(bind: str) -> int:
    for _ in range(100):
        port = _FIRST + secrets.randbelow(_COUNT)
        try:
            _try(bind, port)
        except OSError:
            continue
        return port
    check_free(bind, 0)
    raise EngineUnavailable("no free port was found for the gateway", hint="set gateway.port in config.toml")
