"""The engine as this server sees it: a socket, started when it is needed."""

from __future__ import annotations

import asyncio
import importlib
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tornado.httputil import HTTPHeaders

from mdeploy_lab.errors import DeploymentNotFound, EngineUnavailable, from_body
from mdeploy_lab.paths import Home
from mdeploy_lab.server.upstream import Exchange, Target, UpstreamGone, plain_headers, read_json

if TYPE_CHECKING:
    from mdeploy_lab.client.start import Starter

FRESH_SECONDS = 2.0  # longer while the engine is away
REFUSED_SECONDS = 5.0


@dataclass(frozen=True)
class Access:
    """What the endpoint through Jupyter needs to know of a deployment."""

    public: bool
    gateway: Target
    host: str


class EngineLink:
    """Requests to the engine of one home."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._starter: Starter | None = None
        self._refused: tuple[float, EngineUnavailable] | None = None
        self._access: dict[str, tuple[float, Access]] = {}
        self._importing = asyncio.Lock()

    @property
    def target(self) -> Target:
        """Where the engine listens."""
        return Target(path=str(self.home.socket))

    @property
    def ended_on_purpose(self) -> bool:
        """Whether somebody stopped the engine: then only somebody's request starts it again, nothing by itself."""
        return (self.home.run / "engine.stopped").exists()

    async def open(self, method: str, path: str, headers: HTTPHeaders, *, asked: bool = True) -> Exchange:
        """Send a request's head, to an engine started for it when none answers.

        ``asked`` is false when no person waits, as when a subscription is made again.

        Raises
        ------
        EngineUnavailable
            When there is none and none could be started.
        """
        headers["Host"] = "mdeploy"
        try:
            return await Exchange.open(self.target, method, path, headers)
        except UpstreamGone as error:
            if self.ended_on_purpose and not asked:
                raise EngineUnavailable("the engine was stopped", hint="`mdeploy engine start` starts it") from error
            await self.start()
        try:
            return await Exchange.open(self.target, method, path, headers)
        except UpstreamGone as error:
            raise self.away() from error

    def away(self) -> EngineUnavailable:
        """Return the error that says that the engine does not answer."""
        return EngineUnavailable(
            "the engine does not answer",
            hint=f"`mdeploy engine start` starts it, `mdeploy doctor` helps; its log is {self.home.engine_log}",
        )

    async def start(self) -> None:
        """Start the engine, once for everybody who waits; a refusal is not asked for again at once.

        Raises
        ------
        EngineUnavailable
            With the engine's own reason.
        """
        if self._refused is not None and time.monotonic() < self._refused[0]:
            raise self._refused[1]
        starter = await self._loaded()
        starter.forget()
        try:
            await starter.ensure()
        except EngineUnavailable as error:
            self._refused = (time.monotonic() + REFUSED_SECONDS, error)
            raise
        self._refused = None

    async def _loaded(self) -> Starter:
        async with self._importing:
            if self._starter is None:
                module = await asyncio.to_thread(importlib.import_module, "mdeploy_lab.client.start")
                self._starter = module.Starter(self.home)
            return self._starter

    async def get(self, path: str) -> Any:
        """GET a small JSON document from an engine that already runs.

        Raises
        ------
        MDeployError
            What the engine said, or EngineUnavailable.
        """
        headers = plain_headers({"Host": "mdeploy", "Accept": "application/json"})
        try:
            status, body = await read_json(self.target, path, headers)
        except UpstreamGone as error:
            raise self.away() from error
        try:
            value = json.loads(body)
        except ValueError as error:
            raise self.away() from error
        if status >= 400:  # noqa: PLR2004
            raise from_body(value if isinstance(value, dict) else {}, status)
        return value

    async def access(self, deployment: str) -> Access:
        """Return whether a deployment is public and where its gateway listens; known for a while."""
        known = self._access.get(deployment)
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        try:
            info, value = await asyncio.gather(self.get("/info"), self.get(f"/deployments/{quote(deployment, safe='')}"))
        except EngineUnavailable:
            if known is None:
                raise
            return known[1]  # endpoints go on answering while the engine restarts
        if value["id"] != deployment:  # the engine also finds by name, the gateway does not
            raise DeploymentNotFound(f"there is no deployment {deployment}", hint="check the URL")
        target, host = gateway_target(str(info.get("gateway_url", "")))
        found = Access(public=bool(value["spec"]["public"]), gateway=target, host=host)
        if len(self._access) > 1000:  # noqa: PLR2004  # a caller who tries names must not fill the memory
            self._access.clear()
        self._access[deployment] = (time.monotonic() + FRESH_SECONDS, found)
        return found


def gateway_target(url: str) -> tuple[Target, str]:
    """Return where to connect for a gateway's URL, and the Host it answers to."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if not parts.hostname:
        raise EngineUnavailable("the gateway has no address yet", hint="try again in a moment")
    tls = parts.scheme == "https"
    return Target(host=parts.hostname, port=parts.port or (443 if tls else 80), tls=tls), parts.netloc
