"""The owner's calls to an endpoint: over the gateway's private listener, with a pass of a few minutes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import httpx

from mdeploy_lab.errors import InvalidInput, PredictFailed
from mdeploy_lab.gateway.base import Gateway
from mdeploy_lab.models.access import Pass
from mdeploy_lab.models.requests import Predict, PredictResult
from mdeploy_lab.store.base import StoredDeployment

BODY_SHOWN = 2_000_000
"""Bytes of an answer that the query tester passes on."""

OWNER_HOST = "localhost"


class Passes(Protocol):
    """What issues passes."""

    def issue(self, uid: str, actor: str, ttl: float = ...) -> tuple[str, datetime]:
        """Return (token, expiry)."""
        ...


class Endpoint:
    """Calls deployments as their owner."""

    def __init__(self, gateway: Gateway, passes: Passes, used: Callable[[str, str, datetime], None]) -> None:
        self._gateway = gateway
        self._passes = passes
        self.used = used
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    def url(self, id_: str, revision: int | None = None) -> str:
        """Return the URL that callers use."""
        tail = f"/revision/{revision}" if revision is not None else ""
        return f"{self._gateway.base_url}/deployment/{id_}{tail}"

    def api_url(self, group: str, api_name: str) -> str:
        """Return the URL by API name; empty without one."""
        return f"{self._gateway.base_url}/api/{group}/{api_name}" if api_name else ""

    def new_pass(self, record: StoredDeployment, actor: str) -> Pass:
        """Return a pass for one deployment."""
        token, expires = self._passes.issue(record.uid, actor)
        base = f"http://{OWNER_HOST}/deployment/{record.id}"
        return Pass(token=token, expires_at=expires, socket=self._gateway.private_socket, base_url=base)

    async def invoke(self, record: StoredDeployment, revision: int, body: object) -> tuple[int, Any]:
        """Post a JSON body to a revision's ``/invocations``; returns (status, parsed answer)."""
        answer = await self._post(
            record, revision, "/invocations", json.dumps(body).encode(), "application/json", 60.0, "mdeploy"
        )
        try:
            return answer.status_code, answer.json()
        except ValueError:
            return answer.status_code, answer.text

    async def predict(self, record: StoredDeployment, request: Predict, actor: str) -> PredictResult:
        """Answer the query tester.

        Raises
        ------
        InvalidInput
            For a dialect that does not exist.
        PredictFailed
            When the endpoint cannot be reached at all.
        """
        paths = {"invocations": "/invocations", "oip": f"/v2/models/{record.id}/infer", "describe": "/"}
        if request.dialect not in paths:
            raise InvalidInput(f"there is no dialect {request.dialect!r}", hint=f"use one of: {', '.join(paths)}")
        body = _bytes_of(request.body)
        started = time.perf_counter()
        answer = await self._post(
            record, request.revision, paths[request.dialect], body, request.content_type, request.timeout, actor
        )
        latency = (time.perf_counter() - started) * 1000
        return _result(answer, latency)

    async def _post(
        self, record: StoredDeployment, revision: int | None, path: str, body: bytes, kind: str, timeout: float, actor: str
    ) -> httpx.Response:
        tail = f"/revision/{revision}" if revision is not None else ""
        token, _ = self._passes.issue(record.uid, actor)
        headers = {"content-type": kind, "x-mdeploy-pass": token}
        url = f"http://{OWNER_HOST}/deployment/{record.id}{tail}{path}"
        method = "GET" if path == "/" else "POST"
        try:
            return await self._http().request(method, url, content=body or None, headers=headers, timeout=timeout)
        except httpx.TimeoutException as error:
            raise PredictFailed(
                f"no answer within {timeout:g} s", hint="give a longer timeout, or look at the logs", details={"status": 504}
            ) from error
        except httpx.HTTPError as error:
            raise PredictFailed(
                f"the gateway cannot be reached: {error}", hint="see `mdeploy doctor`", details={"status": 502}
            ) from error

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            transport = httpx.AsyncHTTPTransport(uds=self._gateway.private_socket, retries=1)
            self._client = httpx.AsyncClient(transport=transport, trust_env=False)
        return self._client


def _bytes_of(body: Any) -> bytes:
    """Return a body as it is sent: text as it is, anything else as JSON."""
    try:
        return body.encode() if isinstance(body, str) else json.dumps(body).encode()
    except UnicodeEncodeError:
        reason = "it has half a character, which cannot be sent"
        raise InvalidInput(f"body: {reason}", hint="send text that is Unicode", details={"fields": {"body": reason}}) from None


def _result(answer: httpx.Response, latency: float) -> PredictResult:
    content = answer.content
    cut = len(content) > BODY_SHOWN
    text = content[:BODY_SHOWN].decode("utf-8", "replace")
    body: Any = None
    if not cut and "json" in answer.headers.get("content-type", ""):
        try:
            body = answer.json()
        except ValueError:
            body = None
    return PredictResult(
        status=answer.status_code,
        headers=dict(answer.headers),
        body=body,
        text="" if body is not None else text,
        truncated=cut,
        latency_ms=round(latency, 3),
    )
