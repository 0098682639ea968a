"""Listen to a replica over its control socket: one hello, then a report per change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

from pydantic import ValidationError

from mdeploy_lab.runtime.spec import Hello, Order, Report

LINE_LIMIT = 16 * 2**20
"""A failure carries a traceback, so a line may be long."""
TRIES = 3


async def reports(path: Path, *, patience: float = 0.02) -> AsyncIterator[Hello | Report]:
    """Yield what a replica says, for ever: connect again when the connection is lost. Cancel to stop.

    A replica that has just started is tried often, later less often.
    """
    wait = patience
    while True:
        try:
            reader, writer = await asyncio.open_unix_connection(str(path), limit=LINE_LIMIT)
        except OSError:
            await asyncio.sleep(wait)
            wait = min(wait * 1.1, 0.5)
            continue
        wait = patience
        try:
            while line := await _line(reader):
                message = _parsed(line)
                if message is not None:
                    yield message
        finally:
            writer.close()
        await asyncio.sleep(wait)


async def order(path: Path, what: Order, *, timeout: float = 2.0) -> bool:
    """Send one order; return whether it was read.

    The replica closes the connection when it has read to its end. Whoever hangs up before that loses the order: the replica
    greets first, and a greeting to nobody breaks the connection with everything in it.
    """
    for _ in range(TRIES):
        try:
            return await asyncio.wait_for(_hand_over(path, what), timeout)
        except (ConnectionError, asyncio.TimeoutError):
            continue  # the connection broke, or the replica is busy: it takes an order twice as once
        except OSError:
            return False
    return False


async def _hand_over(path: Path, what: Order) -> bool:
    reader, writer = await asyncio.open_unix_connection(str(path), limit=LINE_LIMIT)
    try:
        writer.write(what.model_dump_json().encode() + b"\n")
        await writer.drain()
        writer.write_eof()
        while await reader.read(LINE_LIMIT):
            pass
    finally:
        writer.close()
    return True


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except (OSError, ValueError):
        return b""


def _parsed(line: bytes) -> Hello | Report | None:
    """Return the message, or None for one that this version does not know."""
    try:
        raw = json.loads(line)
        return Hello.model_validate(raw) if raw.get("kind") == "hello" else Report.model_validate(raw)
    except (ValueError, ValidationError, AttributeError):
        return None
