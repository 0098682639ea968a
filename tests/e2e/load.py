"""A steady caller: so many requests a second over the public endpoint, every answer kept."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx


@dataclass
class Answers:
    """What a steady caller saw."""

    codes: Counter[str] = field(default_factory=Counter)
    failed_at: list[float] = field(default_factory=list)
    revisions: Counter[str] = field(default_factory=Counter)

    @property
    def failed(self) -> int:
        return len(self.failed_at)

    @property
    def outage(self) -> float:
        """Seconds from the first to the last failure."""
        return self.failed_at[-1] - self.failed_at[0] if self.failed_at else 0.0


class Load:
    """``with Load(url, token, body, rate=100) as answers: …`` calls in a thread of its own until the block ends."""

    def __init__(self, url: str, token: str, body: object, *, rate: float = 100) -> None:
        self._url = f"{url}/invocations"
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._body = body
        self._interval = 1 / rate
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self.answers = Answers()

    def __enter__(self) -> Answers:
        self._thread.start()
        return self.answers

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        async with httpx.AsyncClient(headers=self._headers, limits=limits, timeout=20, trust_env=False) as http:
            tasks: set[asyncio.Task[None]] = set()
            due = time.monotonic()
            while not self._stop.is_set():
                task = asyncio.create_task(self._one(http))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                due += self._interval
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            await asyncio.gather(*tasks)

    async def _one(self, http: httpx.AsyncClient) -> None:
        started = time.monotonic()
        try:
            answer = await http.post(self._url, json=self._body)
            code = str(answer.status_code)
            self.answers.revisions[answer.headers.get("x-mdeploy-revision", "?")] += 1
        except httpx.HTTPError as error:
            code = type(error).__name__
        self.answers.codes[code] += 1
        if code != "200":
            self.answers.failed_at.append(started)
