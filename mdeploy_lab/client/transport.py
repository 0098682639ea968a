"""HTTP to the API: over the home's socket or to a URL, with errors as the same Python classes the server raised."""

from __future__ import annotations

import getpass
import json
import os
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import BaseModel

from mdeploy_lab.client.start import Starter
from mdeploy_lab.client.unix import unix_transport
from mdeploy_lab.errors import EngineUnavailable, MDeployError, from_body
from mdeploy_lab.paths import Home

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 300.0
NDJSON = "application/x-ndjson"
LOST = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""The connection broke after the request may have been sent."""


def segment(text: str) -> str:
    """Return ``text`` as one segment of a path."""
    return quote(text, safe="")


def actor() -> str:
    """Return the OS user's name, which the engine believes on its own socket."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without an entry in passwd
        return f"uid{os.getuid()}"


class Transport:
    """Requests to one API. Bound to the event loop it is used on; ``keep`` keeps connections between requests."""

    def __init__(self, home: Home | None, *, url: str = "", token: str = "", keep: bool = True, start: bool = True) -> None:
        self.home = home
        self.url = url
        headers = {"User-Agent": "mdeploy-client"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if home is not None:
            headers["X-MDeploy-Actor"] = quote(actor(), safe="@.-_ ")
        limits = httpx.Limits(max_keepalive_connections=20 if keep else 0)
        self._http = httpx.AsyncClient(
            transport=unix_transport(str(home.socket), keep=keep) if home is not None else None,
            limits=limits,
            base_url=url or "http://mdeploy",
            headers=headers,
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            trust_env=home is None,
        )
        self._starter = Starter(home) if home is not None and start else None

    async def close(self) -> None:
        """Close the connections; the engine goes on."""
        await self._http.aclose()

    async def ready(self, say: Callable[[str], None] | None = None) -> None:
        """Make sure that an engine answers, and start one when that is ours to do."""
        if self._starter is not None:
            await self._starter.ensure(say)

    async def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """GET a JSON document."""
        return (await self.send("GET", path, params=params)).json()

    async def post(self, path: str, body: BaseModel | None = None, *, again: bool = True) -> Any:
        """POST a request type; ``again``: send it again when the connection broke, which the idempotency key makes safe."""
        return (await self.send("POST", path, body=body, again=again)).json()

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: BaseModel | None = None,
        accept: str = "application/json",
        again: bool = True,
    ) -> httpx.Response:
        """Send one request and return its answer.

        Raises
        ------
        MDeployError
            The class that the server raised, or EngineUnavailable when nothing answers.
        """
        headers = {"Accept": accept}
        content = None
        if body is not None:
            content = body.model_dump_json(exclude_unset=True).encode()
            headers["Content-Type"] = "application/json"
        if method == "POST":
            headers["Idempotency-Key"] = uuid.uuid4().hex
        request = self._http.build_request(method, path, params=_query(params), content=content, headers=headers)
        answer = await self._deliver(request, again=again and method in {"GET", "POST"})
        _check(answer)
        return answer

    async def exchange(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send one request for somebody else, as a widget is; return status and JSON, refusals included.

        Raises
        ------
        EngineUnavailable
            When nothing answers.
        """
        headers = {"Accept": "application/json"}
        if method == "POST":
            headers["Idempotency-Key"] = uuid.uuid4().hex
        request = self._http.build_request(method, path, json=body, headers=headers)
        answer = await self._deliver(request, again=method in {"GET", "POST"})
        try:
            return answer.status_code, answer.json() if answer.content else None
        except ValueError:
            return answer.status_code, None

    async def _deliver(self, request: httpx.Request, *, again: bool) -> httpx.Response:
        await self.ready()
        try:
            try:
                return await self._http.send(request)
            except httpx.ConnectError:
                await self._restart()
                return await self._http.send(request)
            except LOST:
                if not again:
                    raise
                await self._restart()
                return await self._http.send(request)
        except httpx.HTTPError as error:
            raise self._away(error) from error

    async def _restart(self) -> None:
        if self._starter is not None:
            self._starter.forget()
            await self._starter.ensure()

    def _away(self, error: httpx.HTTPError) -> EngineUnavailable:
        where = self.url or (str(self.home.socket) if self.home else "")
        if isinstance(error, httpx.TimeoutException):
            return EngineUnavailable(f"no answer from {where} in time", hint="try again; `mdeploy doctor` checks the machine")
        hint = "check the URL and the token" if self.url else "`mdeploy engine start` starts it, `mdeploy doctor` helps"
        return EngineUnavailable(f"nothing answers at {where}: {str(error) or type(error).__name__}", hint=hint)

    @asynccontextmanager
    async def _stream(self, path: str, params: Mapping[str, Any] | None) -> AsyncIterator[httpx.Response]:
        await self.ready()
        request = self._http.build_request(
            "GET",
            path,
            params=_query(params),
            headers={"Accept": NDJSON},
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS, read=None),
        )
        try:
            answer = await self._http.send(request, stream=True)
        except httpx.ConnectError:
            await self._restart()
            answer = await self._http.send(request, stream=True)
        try:
            if answer.is_error:
                await answer.aread()
                _check(answer)
            yield answer
        finally:
            await answer.aclose()

    async def lines(self, path: str, params: Mapping[str, Any] | None = None) -> AsyncGenerator[Any, None]:
        """Yield the JSON documents of a streamed answer until it ends.

        Raises
        ------
        EngineUnavailable
            When the connection breaks.
        """
        try:
            async with self._stream(path, params) as answer:
                async for line in answer.aiter_lines():
                    if line.strip():
                        yield json.loads(line)
        except httpx.HTTPError as error:
            raise self._away(error) from error


def _query(params: Mapping[str, Any] | None) -> dict[str, Any]:
    kept = {name: value for name, value in (params or {}).items() if value is not None}
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in kept.items()}


def _check(answer: httpx.Response) -> None:
    if not answer.is_error:
        return
    try:
        body = answer.json()
    except ValueError:
        body = None
    if isinstance(body, dict):
        raise from_body(body, answer.status_code)
    raise MDeployError(
        f"the server answered {answer.status_code} without a reason",
        hint="is this the address of an mdeploy API? `mdeploy info` shows the one of this machine",
    )
