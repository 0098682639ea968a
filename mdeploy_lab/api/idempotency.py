"""``Idempotency-Key``: a POST that is sent twice acts once, and both get the same answer."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Header
from pydantic import BaseModel

from mdeploy_lab.errors import Conflict
from mdeploy_lab.service.clock import utc_now
from mdeploy_lab.store.base import Store

Key = Annotated[str, Header(alias="Idempotency-Key", max_length=200)]
M = TypeVar("M", bound=BaseModel)

_running: dict[str, asyncio.Lock] = {}


async def once(store: Store, key: str, path: str, request: BaseModel, kind: type[M], act: Callable[[], Awaitable[M]]) -> M:
    """Return the kept answer for ``key``, or act and keep it.

    Raises
    ------
    Conflict
        When the key was used for another request.
    """
    if not key:
        return await act()
    digest = hashlib.sha256(f"{path}\n{request.model_dump_json()}".encode()).hexdigest()
    lock = _running.setdefault(key, asyncio.Lock())
    try:
        async with lock:
            known = await store.recall(key)
            if known is not None:
                if known[0] != digest:
                    raise Conflict("this Idempotency-Key was used for another request", hint="make a new key per request")
                return kind.model_validate_json(known[1])
            answer = await act()
            await store.remember(key, digest, answer.model_dump_json(), utc_now())
            return answer
    finally:
        if not lock.locked():
            _running.pop(key, None)
