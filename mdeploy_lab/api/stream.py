"""What is pushed: changes over a WebSocket or as NDJSON, and log lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from mdeploy_lab.api.context import Parts, PartsOf
from mdeploy_lab.engines.base import LogQuery
from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.models.history import Change, LogLine
from mdeploy_lab.models.names import is_id

router = APIRouter(tags=["streams"])

NDJSON = "application/x-ndjson"
KEEPALIVE = 20.0
TAIL = 2000
PART_BYTES = 65_536
SHOWN_CHARACTERS = 32_000
"""Characters of a line's message in JSON; text has it whole."""


def lines_of(model: type[BaseModel], *others: str) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI is told of a stream: this type in each line, or text of another content type."""
    content: dict[str, Any] = {NDJSON: {}, **{other: {"schema": {"type": "string"}} for other in others}}
    return {200: {"model": model, "description": f"NDJSON: {model.__name__} per line", "content": content}}


def describe(document: dict[str, Any]) -> None:
    """Say in an OpenAPI document that streams are NDJSON: FastAPI puts every type under ``application/json``."""
    for path in document["paths"].values():
        for operation in path.values():
            content = operation["responses"].get("200", {}).get("content", {})
            if content.get(NDJSON) == {}:
                content[NDJSON] = content.pop("application/json")


async def changes(parts: Parts, ids: frozenset[str]) -> AsyncIterator[Change]:
    """Yield a hello, then every change; a hello again when nothing happened for a while, so that a dead peer is noticed."""
    async with parts.hub.subscribe(ids) as subscription:
        yield Change(topic="hello")
        while True:
            try:
                yield await asyncio.wait_for(anext(subscription), KEEPALIVE)
            except asyncio.TimeoutError:
                yield Change(topic="hello")


def ndjson(value: BaseModel) -> bytes:
    """Return one line."""
    return value.model_dump_json().encode() + b"\n"


@router.get("/events", response_class=StreamingResponse, responses=lines_of(Change))
async def stream_events(parts: PartsOf, id: Annotated[tuple[str, ...], Query()] = ()) -> StreamingResponse:  # noqa: A002
    """Stream changes as NDJSON (``Change`` per line); the same path answers a WebSocket."""

    async def lines() -> AsyncIterator[bytes]:
        async for change in changes(parts, frozenset(id)):
            yield ndjson(change)

    return StreamingResponse(lines(), media_type=NDJSON)


@router.websocket("/events")
async def socket_events(socket: WebSocket, parts: PartsOf, id: Annotated[tuple[str, ...], Query()] = ()) -> None:  # noqa: A002
    """Push changes to one listener until it goes."""
    await socket.accept()

    async def push() -> None:
        async for change in changes(parts, frozenset(id)):
            await socket.send_text(change.model_dump_json())

    sender = asyncio.create_task(push())
    try:
        while True:
            await socket.receive_text()
    except WebSocketDisconnect:
        pass
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)


@router.get("/deployments/{id}/logs", response_class=StreamingResponse, responses=lines_of(LogLine, "text/plain"))
async def stream_logs(
    id: str,  # noqa: A002  # the path's word
    parts: PartsOf,
    tail: Annotated[int | None, Query(ge=0, description="newest lines; 2000, or all of a download")] = None,
    replica: str | None = None,
    revision: int | None = None,
    since: datetime | None = None,
    *,
    follow: bool = False,
    download: Annotated[bool, Query(description="everything, as a file to save")] = False,
    accept: Annotated[str, Header()] = "",
) -> StreamingResponse:
    """Read the newest lines as text, or as NDJSON (``LogLine`` per line) when asked for; ``follow`` goes on."""
    if follow and download:
        raise InvalidInput(
            "a download ends, and follow does not",
            hint="leave out one of them",
            details={"fields": {"follow": "with download"}},
        )
    query = LogQuery(tail=TAIL if tail is None and not download else tail, replica=replica, revision=revision, since=since)
    found = await parts.service.logs(id, query, follow=follow)
    as_json = NDJSON in accept
    lines = (ndjson(shown(line)) if as_json else text_of(line) async for line in found)
    headers = {}
    if download:
        name = "-".join(part for part in (id if is_id(id) else "deployment", replica and safe(replica)) if part)
        headers["Content-Disposition"] = f'attachment; filename="{name}.{"ndjson" if as_json else "log"}"'
    kind = NDJSON if as_json else "text/plain; charset=utf-8"
    return StreamingResponse(lines if follow else together(lines), media_type=kind, headers=headers)


async def together(lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what comes at once in larger parts: each part costs as much as a line."""
    part = bytearray()
    async for line in lines:
        part += line
        if len(part) >= PART_BYTES:
            yield bytes(part)
            part.clear()
    if part:
        yield bytes(part)


def safe(name: str) -> str:
    """Return a name that can stand in a file's name."""
    return "".join(c for c in name if c.isascii() and (c.isalnum() or c in "-_"))[:100]


def shown(line: LogLine) -> LogLine:
    """Return a line as JSON shows it: a very long one cut, and how much of it was left out."""
    if len(line.message) <= SHOWN_CHARACTERS:
        return line
    left_out = line.left_out + len(line.message) - SHOWN_CHARACTERS
    return line.model_copy(update={"message": line.message[:SHOWN_CHARACTERS], "left_out": left_out})


def text_of(line: LogLine) -> bytes:
    """Return a log line as people read it."""
    level = f" {line.level}" if line.level else ""
    name = f" {line.logger}:" if line.logger else ""
    rest = f" … {line.left_out} characters left out" if line.left_out else ""
    return f"{line.at:%Y-%m-%d %H:%M:%S.%f}"[:23].encode() + f" [{line.replica}]{level}{name} {line.message}{rest}\n".encode()
