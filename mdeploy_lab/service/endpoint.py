"""The owner's calls to an endpoint: over the gateway's private listener, with a pass of a few minutes."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from mdeploy_lab.errors import InvalidInput, NotServing, PredictFailed
from mdeploy_lab.gateway.base import Gateway
from mdeploy_lab.models.access import Pass
from mdeploy_lab.models.description import Description
from mdeploy_lab.models.requests import Predict, PredictResult
from mdeploy_lab.service.answers import Answers, Received
from mdeploy_lab.store.base import StoredDeployment

OWNER_HOST = "localhost"
JSON = "application/json"
DESCRIBE_SECONDS = 10.0
SOMEWHERE = '"GATEWAY:PORT"'
"""In a dialect's script, what only the engine knows: a replica does not know its gateway."""


class Passes(Protocol):
    """What issues passes."""

    def issue(self, uid: str, actor: str, ttl: float = ...) -> tuple[str, datetime]:
        """Return (token, expiry)."""
        ...


class Endpoint:
    """Calls deployments as their owner."""

    def __init__(self, gateway: Gateway, passes: Passes, used: Callable[[str, str, datetime], None], answers: Answers) -> None:
        self.answers = answers
        self._gateway = gateway
        self._passes = passes
        self.used = used
        self._client: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Close the connections, and forget the answers."""
        self.answers.close()
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
        path = await self._path(record, request)
        body, kind = _bytes_of(request), request.content_type
        started = time.perf_counter()
        try:
            answer, received = await asyncio.wait_for(
                self._receive(record, request.revision, path, body, kind, request.timeout, actor), request.timeout
            )
        except asyncio.TimeoutError as error:
            raise _late(request.timeout) from error
        return _result(answer, received, (time.perf_counter() - started) * 1000, raw=request.raw)

    async def describe(self, record: StoredDeployment, revision: int | None, actor: str) -> Description:
        """Return what the endpoint says of itself at ``/``.

        Raises
        ------
        NotServing
            When nothing answers.
        """
        answer = await self._post(record, revision, "/", b"", JSON, DESCRIBE_SECONDS, actor)
        if answer.status_code != httpx.codes.OK:
            raise _not_serving(record, revision, answer)
        try:
            told = Description.model_validate(answer.json())
        except ValueError as error:
            raise NotServing(
                f"the replicas of {record.id} were started by another version of mdeploy-lab and describe themselves otherwise",
                hint=f"start new ones: `mdeploy stop {record.id}`, then `mdeploy start {record.id}`",
            ) from error
        url = self.url(record.id, revision)
        here = _place(url)
        dialects = tuple(d.model_copy(update={"example": d.example.replace(SOMEWHERE, here)}) for d in told.dialects)
        return told.model_copy(update={"url": url, "public": record.spec.public, "dialects": dialects})

    async def _path(self, record: StoredDeployment, request: Predict) -> str:
        """Return where a dialect is: the usual ones are known, of others the endpoint is asked."""
        paths = {"invocations": "/invocations", "oip": f"/v2/models/{record.id}/infer", "arrow": "/predict", "describe": "/"}
        if request.dialect in paths:
            return paths[request.dialect]
        told = {d.name: d.path for d in (await self.describe(record, request.revision, "mdeploy")).dialects}
        if request.dialect not in told:
            raise InvalidInput(
                f"there is no dialect {request.dialect!r}",
                hint=f"use one of: {', '.join(told)}",
                details={"fields": {"dialect": "unknown"}},
            )
        return told[request.dialect]

    async def _receive(
        self, record: StoredDeployment, revision: int | None, path: str, body: bytes, kind: str, timeout: float, actor: str
    ) -> tuple[httpx.Response, Received]:
        """Ask, and read the answer to its end: into a file when it is large."""
        request = self._request(record, revision, path, body, kind, timeout, actor)
        with _told(timeout):
            answer = await self._http().send(request, stream=True)
            try:
                told = answer.headers.get("content-type", "")
                return answer, await self.answers.receive(record.uid, told, answer.aiter_bytes())
            finally:
                await answer.aclose()

    async def _post(
        self, record: StoredDeployment, revision: int | None, path: str, body: bytes, kind: str, timeout: float, actor: str
    ) -> httpx.Response:
        with _told(timeout):
            return await self._http().send(self._request(record, revision, path, body, kind, timeout, actor))

    def _request(
        self, record: StoredDeployment, revision: int | None, path: str, body: bytes, kind: str, timeout: float, actor: str
    ) -> httpx.Request:
        tail = f"/revision/{revision}" if revision is not None else ""
        token, _ = self._passes.issue(record.uid, actor)
        headers = {"content-type": kind, "x-mdeploy-pass": token}
        url = f"http://{OWNER_HOST}/deployment/{record.id}{tail}{path}"
        method = "GET" if path == "/" else "POST"
        return self._http().build_request(method, url, content=body or None, headers=headers, timeout=timeout)

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            transport = httpx.AsyncHTTPTransport(uds=self._gateway.private_socket, retries=1)
            self._client = httpx.AsyncClient(transport=transport, trust_env=False)
        return self._client


def _place(url: str) -> str:
    """Return the arguments with which a gRPC client in Python finds the gateway of a URL."""
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    return f'"{parts.hostname}:{parts.port or (443 if tls else 80)}"' + (", ssl=True" if tls else "")


@contextmanager
def _told(timeout: float) -> Iterator[None]:
    """Say what httpx raises in our words."""
    try:
        yield
    except httpx.TimeoutException as error:
        raise _late(timeout) from error
    except httpx.HTTPError as error:
        raise PredictFailed(
            f"the gateway cannot be reached: {error}", hint="see `mdeploy doctor`", details={"status": 502}
        ) from error


def _late(timeout: float) -> PredictFailed:
    return PredictFailed(
        f"no answer within {timeout:g} s", hint="give a longer timeout, or look at the logs", details={"status": 504}
    )


def _not_serving(record: StoredDeployment, revision: int | None, answer: httpx.Response) -> NotServing:
    """Return the gateway's refusal as an error; its own words say whether it is stopped, starting or failed."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    said = body if isinstance(body, dict) else {}
    what = f"revision {revision} of {record.id}" if revision is not None else record.id
    message = str(said.get("message") or f"it answered {answer.status_code}")
    return NotServing(
        f"nothing serves {what} now: {message}",
        hint=str(said.get("hint") or f"`mdeploy get {record.id}` says why"),
        details={"status": answer.status_code, "state": record.status.state},
    )


def _bytes_of(request: Predict) -> bytes:
    """Return a body as it is sent: bytes and text as they are, anything else as JSON."""
    if request.body_base64 is not None:
        try:
            return base64.b64decode(request.body_base64, validate=True)
        except ValueError:
            raise _refused("body_base64", "it is no base64", "send bytes in base64, and no body beside them") from None
    body = request.body
    try:
        return body.encode() if isinstance(body, str) else json.dumps(body).encode()
    except UnicodeEncodeError:
        raise _refused("body", "it has half a character, which cannot be sent", "send text that is Unicode") from None


def _refused(field: str, reason: str, hint: str) -> InvalidInput:
    return InvalidInput(f"{field}: {reason}", hint=hint, details={"fields": {field: reason}})


def _result(answer: httpx.Response, received: Received, latency: float, *, raw: bool) -> PredictResult:
    kind = answer.headers.get("content-type", "")
    body, text, binary = _shown("" if raw else kind, received)
    revision = answer.headers.get("x-mdeploy-revision", "")
    return PredictResult(
        status=answer.status_code,
        headers=dict(answer.headers),
        content_type=kind,
        body=body,
        text=text,
        body_base64=binary,
        size=received.size,
        truncated=received.cut,
        answer=received.token,
        replica=answer.headers.get("x-mdeploy-replica-id", ""),
        revision=int(revision) if revision.isdigit() else None,
        latency_ms=round(latency, 3),
    )


def _shown(kind: str, received: Received) -> tuple[Any, str, str]:
    """Return the answer as JSON, as text, or as base64; what was cut is text."""
    if received.cut:
        return None, received.start.decode("utf-8", "replace"), ""
    try:
        text = received.start.decode()
    except UnicodeDecodeError:
        return None, "", base64.b64encode(received.start).decode()
    if "json" in kind:
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):
            return None, text, ""
        return (None, text, "") if body is None else (body, "", "")
    return None, text, ""
