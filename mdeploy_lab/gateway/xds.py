"""Filesystem xDS: documents are renamed into place, then Envoy is asked until it serves them.

``confirm`` returns when Envoy's main thread has accepted every document, and when every worker has answered a probe with the
new mark.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from contextlib import suppress
from pathlib import Path

from mdeploy_lab.errors import EngineUnavailable
from mdeploy_lab.gateway.envoy_config import PROBE_PATH, Document
from mdeploy_lab.gateway.http_unix import Connection, unix

__all__ = ["Refused", "Xds"]

_TICK = 0.0005
_STATS = {
    "listeners": "listener_manager.lds",
    "clusters": "cluster_manager.cds",
    "public": "http.public.rds.public",
    "private": "http.private.rds.private",
    "probe": "http.probe.rds.probe",
}
_FILTER = "|".join(re.escape(prefix) for prefix in _STATS.values())
_QUERY = (
    f"/stats?filter=^({_FILTER})\\.(version_text|update_rejected)$".replace("\\", "%5C").replace("|", "%7C").replace("^", "%5E")
)


class Refused(EngineUnavailable):
    """Raised when Envoy refuses a document."""


class Xds:
    """The documents of one Envoy.

    Parameters
    ----------
    directory
        Where the documents lie.
    admin
        Envoy's admin.
    probe_socket
        The listener that answers with the mark of the tables; it is asked on one connection per worker.
    """

    def __init__(self, directory: Path, admin: Connection, probe_socket: str, workers: int) -> None:
        self._directory = directory
        self._admin = admin
        self._probes = [unix(probe_socket) for _ in range(workers)]
        self._written: dict[str, Document] = {}
        self._rejected: dict[str, int] = {}

    def write(self, name: str, document: Document) -> bool:
        """Put a document in place; False when it is there already."""
        if self._written.get(name) == document:
            return False
        path = self._directory / f"{name}.json"
        temporary = path.with_suffix(".new")
        with open(temporary, "w", opener=_private) as file:  # Path.open takes no opener
            file.write(document.text)
        temporary.replace(path)
        self._written[name] = document
        return True

    async def restarted(self, *, adopted: bool = False) -> None:
        """Forget what a former Envoy said; of an adopted one, take what it refused before as known."""
        self._rejected = {}
        await self.close()
        if adopted:
            values = await self._values()
            self._rejected = {name: _count(values, prefix) for name, prefix in _STATS.items()}

    async def confirm(self, deadline: float, *, workers: bool = True) -> None:
        """Return when Envoy serves what is written (``deadline``: by ``time.monotonic``).

        Raises
        ------
        Refused
            When it refuses a document.
        EngineUnavailable
            When it does not answer in time.
        """
        if workers:
            mark = self._written["probe"].version
            tick = _TICK
            for probe in self._probes:
                while await self._mark(probe) != mark:
                    tick = await self._pause(tick, deadline, "serve")
        tick = _TICK
        while not await self._accepted():
            tick = await self._pause(tick, deadline, "accept")

    async def alive(self, patience: float) -> bool:
        """Return whether every worker answers."""
        try:
            for probe in self._probes:
                await probe.request(PROBE_PATH, timeout=patience)
        except OSError:
            return False
        return True

    async def close(self) -> None:
        """Close the probe connections."""
        for probe in self._probes:
            await probe.close()

    async def _accepted(self) -> bool:
        values = await self._values()
        for name, prefix in _STATS.items():
            rejected, known = _count(values, prefix), self._rejected.get(name, 0)
            self._rejected[name] = rejected
            if rejected > known:
                raise Refused(f"the gateway refuses its {name}", details={"document": name})
        return all(
            values.get(f"{prefix}.version_text", "").strip('"') == self._written[name].version
            for name, prefix in _STATS.items()
            if name in self._written
        )

    async def _values(self) -> dict[str, str]:
        try:
            answer = await self._admin.request(_QUERY)
        except OSError:
            return {}
        return dict(line.split(": ", 1) for line in answer.text.splitlines() if ": " in line)

    async def _mark(self, probe: Connection) -> str:
        with suppress(OSError):
            return (await probe.request(PROBE_PATH)).text
        return ""

    async def _pause(self, tick: float, deadline: float, verb: str) -> float:
        """Wait a little, and return a slightly longer wait for the next time."""
        if time.monotonic() > deadline:
            raise EngineUnavailable(
                f"the gateway did not {verb} its new configuration in time",
                hint="the machine may be overloaded: try again; `mdeploy doctor` looks at the gateway",
            )
        await asyncio.sleep(tick)
        return min(tick * 1.3, 0.02)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _count(values: dict[str, str], prefix: str) -> int:
    return int(values.get(f"{prefix}.update_rejected", "0"))
