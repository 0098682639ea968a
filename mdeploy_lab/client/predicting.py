"""The owner's own predictions: a pass of a few minutes, then straight to the gateway's private listener."""

# ruff: noqa: A002  # "id" is the word of the interface
from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx

from mdeploy_lab.client.answering import whole_answer
from mdeploy_lab.client.loop import in_caller
from mdeploy_lab.client.transport import CONNECT_SECONDS, Transport, segment
from mdeploy_lab.client.unix import unix_transport
from mdeploy_lab.errors import InvalidInput, PredictFailed
from mdeploy_lab.models.access import Pass
from mdeploy_lab.models.requests import Predict, PredictResult

ARROW = "application/vnd.apache.arrow.stream"
EVENT_STREAM = "text/event-stream"
DONE = "[DONE]"
CHAT_KEYS = frozenset({"messages", "prompt", "input"})
BODY_KEYS = frozenset({"dataframe_split", "dataframe_records", "instances", "inputs"})
PASS_MARGIN = timedelta(seconds=30)
LAST_TRY_STATUSES = frozenset({401, 403})


class Predictor:
    """Predictions on the deployments of one API, with their passes and connections kept."""

    def __init__(self, transport: Transport, *, keep: bool) -> None:
        self._transport = transport
        self._keep = keep
        self._passes: dict[str, Pass] = {}
        self._doors: dict[str, httpx.AsyncClient] = {}

    async def close(self) -> None:
        """Close the connections."""
        for door in self._doors.values():
            await door.aclose()
        self._doors.clear()

    async def predict(self, id: str, data: Any, *, revision: int | None, timeout: float | None) -> Any:
        """Return the model's answer as its own method gives it: type, dtype, shape and index.

        Raises
        ------
        PredictFailed
            With the model's own cause, the status and the request id.
        """
        if self._transport.home is None:
            return await self._by_api(id, data, revision=revision, timeout=timeout)
        if isinstance(data, dict) and BODY_KEYS & data.keys():
            content = json.dumps(data).encode()
            answer = await self._send(id, "/invocations", content, "application/json", revision, timeout)
            return answer.json().get("predictions")
        from mdeploy_lab import values

        content = await in_caller(lambda: values.encode(data))
        answer = await self._send(id, "/predict", content, ARROW, revision, timeout)
        return await in_caller(lambda: values.decode(answer.content))

    async def stream(self, id: str, data: Any, *, revision: int | None, timeout: float | None) -> AsyncIterator[Any]:
        """Yield the pieces of the model's answer as they come.

        Raises
        ------
        PredictFailed
            With the model's own cause, also when it comes in the middle.
        """
        if self._transport.home is None:
            raise InvalidInput(
                "a remote API has no streams",
                hint="call the deployment's URL with Accept: text/event-stream and a client's token",
            )
        body = data if isinstance(data, dict) and (BODY_KEYS | CHAT_KEYS) & data.keys() else _body(data)
        allowed = await self._pass(id)
        middle = f"/revision/{revision}" if revision is not None else ""
        headers = {"x-mdeploy-pass": allowed.token, "Content-Type": "application/json", "Accept": EVENT_STREAM}
        limits = httpx.Timeout(timeout, connect=CONNECT_SECONDS)
        url = f"{allowed.base_url}{middle}/invocations"
        try:
            async with self._door(allowed).stream(
                "POST", url, content=json.dumps(body).encode(), headers=headers, timeout=limits
            ) as answer:
                if answer.is_error:
                    await answer.aread()
                    raise refused(answer.status_code, _json(answer.text), answer.text, answer.headers, id)
                async for event, text in _events(answer.aiter_lines()):
                    if event == "error":
                        raise refused(500, _json(text), text, answer.headers, id)
                    if text == DONE:
                        return
                    yield json.loads(text)
        except httpx.HTTPError as error:
            raise PredictFailed(
                f"the stream of {id} broke off: {error or type(error).__name__}", hint=f"`mdeploy logs {id}` may say why"
            ) from error

    async def _by_api(self, id: str, data: Any, *, revision: int | None, timeout: float | None) -> Any:
        """Predict over a remote API, as JSON: its gateway's private listener is not ours to reach."""
        body = data if isinstance(data, dict) and BODY_KEYS & data.keys() else {"inputs": _plain(data)}
        request = Predict(body=body, revision=revision, timeout=timeout or 60.0)
        answer = await self._transport.post(f"/deployments/{segment(id)}/predict", request)
        result = PredictResult.model_validate(answer)
        if result.status >= httpx.codes.BAD_REQUEST:
            raise refused(result.status, result.body, result.text, result.headers, id)
        found = json.loads(await whole_answer(self._transport, id, result)) if result.truncated else result.body
        return found.get("predictions") if isinstance(found, dict) else found

    async def _send(
        self, id: str, path: str, content: bytes, kind: str, revision: int | None, timeout: float | None
    ) -> httpx.Response:
        answer = await self._once(id, path, content, kind, revision, timeout)
        if answer.status_code in LAST_TRY_STATUSES:
            self._passes.pop(id, None)
            answer = await self._once(id, path, content, kind, revision, timeout)
        if answer.is_error:
            try:
                body = answer.json()
            except ValueError:
                body = None
            raise refused(answer.status_code, body, answer.text, answer.headers, id)
        return answer

    async def _once(
        self, id: str, path: str, content: bytes, kind: str, revision: int | None, timeout: float | None
    ) -> httpx.Response:
        allowed = await self._pass(id)
        middle = f"/revision/{revision}" if revision is not None else ""
        headers = {"x-mdeploy-pass": allowed.token, "Content-Type": kind, "Accept": f"{kind}, application/json;q=0.5"}
        limits = httpx.Timeout(timeout, connect=CONNECT_SECONDS)
        try:
            return await self._door(allowed).post(
                f"{allowed.base_url}{middle}{path}", content=content, headers=headers, timeout=limits
            )
        except httpx.TimeoutException as error:
            raise PredictFailed(
                f"{id} did not answer within {timeout:g} s" if timeout else f"{id} did not answer",
                hint="give it longer with timeout=",
                details={"status": 504},
            ) from error
        except httpx.HTTPError as error:
            raise PredictFailed(
                f"the gateway does not answer: {error}", hint="`mdeploy doctor` checks it", details={"status": 503}
            ) from error

    def _door(self, allowed: Pass) -> httpx.AsyncClient:
        door = self._doors.get(allowed.socket)
        if door is None:
            transport = unix_transport(allowed.socket, keep=self._keep) if allowed.socket else None
            door = httpx.AsyncClient(transport=transport, trust_env=False)
            self._doors[allowed.socket] = door
        return door

    async def _pass(self, id: str) -> Pass:
        kept = self._passes.get(id)
        if kept is not None and kept.expires_at - PASS_MARGIN > datetime.now(timezone.utc):
            return kept
        fresh = Pass.model_validate(await self._transport.post(f"/deployments/{segment(id)}/pass"))
        self._passes[id] = fresh
        return fresh


def _body(data: Any) -> dict[str, Any]:
    """Return data as a body for ``/invocations``."""
    if hasattr(data, "columns") and hasattr(data, "to_json"):
        return {"dataframe_split": json.loads(data.to_json(orient="split"))}
    return {"inputs": _plain(data)}


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, str]]:
    """Yield (event, data) of server-sent events."""
    event = ""
    data: list[str] = []
    async for line in lines:
        if not line:
            if data:
                yield event, "\n".join(data)
            event = ""
            data = []
            continue
        name, _, value = line.partition(":")
        if name == "event":
            event = value.strip()
        elif name == "data":
            data.append(value.removeprefix(" "))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _plain(data: Any) -> Any:
    """Return data as JSON values, for an API that is reached by JSON only."""
    for name in ("to_dict", "tolist"):
        method = getattr(data, name, None)
        if callable(method):
            return method(orient="list") if name == "to_dict" and hasattr(data, "columns") else method()
    return data


def refused(status: int, body: Any, text: str, headers: Any, id: str) -> PredictFailed:
    """Return an endpoint's error answer as an error: the model's own cause, the status, the request id."""
    said = body if isinstance(body, dict) else {}
    message = said.get("message") or said.get("error") or text.strip()[:500] or f"{id} answered {status}"
    request_id = str(headers.get("x-request-id", ""))
    details = said.get("details") if isinstance(said.get("details"), dict) else {}
    hint = said.get("hint") or f"`mdeploy logs {id}` has the trace" + (f" of request {request_id}" if request_id else "")
    return PredictFailed(
        f"{id} answered {status}: {message}",
        hint=str(hint),
        details={**(details or {}), "status": status, "request_id": request_id, "body": body if said else text[:2000]},
    )
