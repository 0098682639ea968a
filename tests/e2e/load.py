"""A steady caller: so many requests a second over the public endpoint, every answer kept.

It is a process of its own, so that it calls on time whatever the test does meanwhile; it is told what to call on its input,
says each answer on its output, and ends with its input.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
"""Seconds that a request may take."""
BUSY = 2
"""Runnable processes for each core; on a machine with more of them everything takes longer, and so may this."""
TOO_BUSY = 1.5
KEPT = 64
"""Connections that are kept when they are not in use."""
REQUEST_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def busy() -> float:
    """Return how much longer things take because this machine has other work, 1 when it has little."""
    return max(1.0, os.getloadavg()[0] / (BUSY * (os.cpu_count() or 1)))


@dataclass
class Answers:
    """What a steady caller saw."""

    codes: Counter[str] = field(default_factory=Counter)
    failed_at: list[float] = field(default_factory=list)
    """When the requests began that failed, by ``time.monotonic``."""
    revisions: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    """What the answers of failed requests said."""
    overloaded: int = 0
    """Requests that were refused because too many waited, on a machine whose other work leaves no room for so many."""
    began: float = 0.0
    ended: float = 0.0

    @property
    def failed(self) -> int:
        return len(self.failed_at)

    @property
    def outage(self) -> float:
        """Seconds from the first to the last failure."""
        return max(self.failed_at) - min(self.failed_at) if self.failed_at else 0.0

    @property
    def rate(self) -> float:
        """Requests a second, from the first to the last."""
        return self.codes.total() / (self.ended - self.began)

    def add(self, began: float, code: str, revision: str, said: str) -> None:
        self.began = min(self.began or began, began)
        self.ended = max(self.ended, began)
        self.codes[code] += 1
        self.revisions[revision] += 1
        if '"overloaded"' in said and busy() > TOO_BUSY:
            self.overloaded += 1
        elif code != "200":
            self.failed_at.append(began)
            self.said[f"{code} of revision {revision}: {REQUEST_ID.sub('', said)}"] += 1


class Load:
    """``with Load(url, token, body, rate=100) as answers: …`` calls until the block ends."""

    def __init__(self, url: str, token: str, body: object, *, rate: float = 100) -> None:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._task = {"url": f"{url}/invocations", "headers": headers, "body": body, "interval": 1 / rate}
        self.answers = Answers()

    def __enter__(self) -> Answers:
        # Not of the home: it must not be taken for one of its processes, and killed or counted as left behind.
        environ = {k: v for k, v in os.environ.items() if not k.startswith("MDEPLOY_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.load"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
            cwd=ROOT,
            text=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(self._task) + "\n")
        self._process.stdin.flush()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        return self.answers

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            assert self._process.wait(PATIENCE + 10) == 0, "the caller itself failed"
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join()
            self._process.stdout.close()  # type: ignore[union-attr]

    def _read(self) -> None:
        for line in self._process.stdout or ():
            began, code, revision, said = line.rstrip("\n").split(" ", 3)
            self.answers.add(float(began), code, revision, said)


class Caller:
    """The process' own side: starts a request at each moment that is due, whether or not earlier ones were answered.

    It speaks HTTP by itself, over connections that it keeps, because a client library would cost more than the endpoint.
    """

    def __init__(self, url: str, headers: dict[str, str], body: object, interval: float) -> None:
        parts, content = urlsplit(url), json.dumps(body).encode()
        self._address = (parts.hostname, parts.port)
        lines = [f"POST {parts.path} HTTP/1.1", f"host: {parts.netloc}", f"content-length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in {**headers, "content-type": "application/json"}.items()]
        self._request = "\r\n".join([*lines, "", ""]).encode() + content
        self._interval = interval
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Call until ``stop``, and then wait for what is open."""
        tasks: set[asyncio.Task[None]] = set()
        due = time.monotonic()
        while not stop.is_set():
            task = asyncio.create_task(self._one())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            due += self._interval
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        await asyncio.gather(*tasks)
        for _, writer in self._idle:
            writer.close()

    async def _one(self) -> None:
        began = time.monotonic()
        try:
            code, revision, body = await asyncio.wait_for(self._post(), PATIENCE)
            said = "" if code == "200" else body.decode(errors="replace").replace("\n", " ")[:500]
        except (OSError, EOFError, ValueError, asyncio.TimeoutError) as error:
            code, revision, said = type(error).__name__, "?", str(error)
        sys.stdout.write(f"{began!r} {code} {revision} {said}\n")
        sys.stdout.flush()

    def _kept(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Return a connection that is not in use and not known to be closed, as any client does."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return None

    async def _post(self) -> tuple[str, str, bytes]:
        """Return the status, the revision that answered, and the body; a connection that fails is not used again."""
        reader, writer = self._kept() or await asyncio.open_connection(*self._address)
        try:
            writer.write(self._request)
            start, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers["content-length"]))
        except BaseException:
            writer.close()
            raise
        if headers.get("connection") == "close" or len(self._idle) >= KEPT:
            writer.close()
        else:
            self._idle.append((reader, writer))
        return start.split()[1], headers.get("x-mdeploy-revision", "?"), body


async def main() -> None:
    """Call as the first line of the input says, until the input ends."""
    task = json.loads(sys.stdin.readline())
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def wait() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=wait, daemon=True).start()
    await Caller(**task).run(stop)


if __name__ == "__main__":
    asyncio.run(main())
