"""What an engine's tests need: a plan in one call, waiting with a deadline, calling a replica, and counting processes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from mdeploy_lab.config import INSTANCE_TYPES
from mdeploy_lab.engines.base import Engine, LogQuery, RevisionObservation, RevisionPlan
from mdeploy_lab.models.access import InstanceType
from mdeploy_lab.models.deployment import Interpreter, Model, RevisionTemplate, RuntimeOptions
from mdeploy_lab.models.history import Event, LogLine
from mdeploy_lab.paths import Home

T = TypeVar("T")
SIZES = {t.name: t for t in INSTANCE_TYPES}
_numbers = itertools.count(1)


async def until(condition: Callable[[], T], *, what: str = "", timeout: float = 30.0) -> T:
    """Return the first true value of ``condition``; fail with the last one after ``timeout``."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    while not (value := condition()):
        assert loop.time() < deadline, f"waited {timeout} s for {what or condition}: {value!r}"
        await asyncio.sleep(0.01)
    return value


@dataclass
class Harness:
    """An open engine with what it said."""

    engine: Engine
    home: Home
    models: dict[str, Path]
    events: list[tuple[str, Event]] = field(default_factory=list)
    notified: list[str] = field(default_factory=list)

    async def open(self) -> None:
        await self.engine.open(self.notified.append, lambda uid, event: self.events.append((uid, event)))

    def plan(
        self,
        model: str,
        *,
        replicas: int = 1,
        revision: int = 1,
        uid: str = "",
        flavors: tuple[str, ...] = ("python_function",),
        size: str | InstanceType = "small",
        start_timeout: float = 60,
        python: str = "",
        isolate: bool = False,
        **template: Any,
    ) -> RevisionPlan:
        interpreter = Interpreter(path=python, version="3.11.0") if python else None
        return RevisionPlan(
            uid=uid or f"uid{next(_numbers)}",
            deployment="churn",
            group="default",
            revision=revision,
            template=RevisionTemplate(
                model=Model(uri=f"models:/{model}/1", source=str(self.models[model]), flavors=flavors, interpreter=interpreter),
                runtime=RuntimeOptions(isolate=isolate),
                **template,
            ),
            instance_type=SIZES[size] if isinstance(size, str) else size,
            replicas=replicas,
            start_timeout=start_timeout,
        )

    def seen(self, plan: RevisionPlan) -> RevisionObservation:
        return self.engine.observe(plan.uid)[plan.revision]

    async def run(self, plan: RevisionPlan, *, timeout: float = 60) -> RevisionObservation:
        """Ensure a plan and wait until exactly its replicas are ready."""
        await self.engine.ensure(plan)
        return await self.ready(plan, timeout=timeout)

    async def ready(self, plan: RevisionPlan, *, timeout: float = 60) -> RevisionObservation:
        def there() -> bool:
            seen = self.seen(plan)
            assert seen.failure is None, seen.failure
            return len(seen.ready) == plan.replicas == len(seen.replicas)

        await until(there, what=f"{plan.replicas} ready replicas", timeout=timeout)
        return self.seen(plan)

    async def fails(self, plan: RevisionPlan, *, timeout: float = 60) -> RevisionObservation:
        await self.engine.ensure(plan)
        await until(lambda: self.seen(plan).failure, what="a failure", timeout=timeout)
        return self.seen(plan)

    async def gone(self, plan: RevisionPlan, *, drain: float = 0) -> None:
        await self.engine.remove(plan.uid, plan.revision, drain=drain)

    async def lines(self, plan: RevisionPlan, **query: Any) -> list[LogLine]:
        return [line async for line in self.engine.logs(plan.uid, LogQuery(**query), follow=False)]

    def kinds(self, uid: str) -> list[str]:
        return [event.kind for owner, event in self.events if owner == uid]


async def ask(address: Any, rows: int = 1, *, timeout: float = 30) -> Any:
    """Return the predictions of a replica."""
    kind, _, place = address.target.partition(":")
    uds = place if kind == "unix" else None
    base = "http://replica" if uds else f"http://{place}"
    headers = {"X-MDeploy-Replica": address.secret} if address.secret else {}
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=uds), base_url=base, timeout=timeout) as client:
        answer = await client.post("/invocations", json={"inputs": [[1.0]] * rows}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


def processes(home: Home) -> dict[str, set[int]]:
    """Return every life lock of a home that is open somewhere, and by whom (this process excepted)."""
    found: dict[str, set[int]] = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            for fd in Path(entry.path, "fd").iterdir():
                with contextlib.suppress(OSError):
                    target = str(fd.readlink())
                    if target.startswith(str(home.run)) and target.endswith(".life"):
                        found.setdefault(target, set()).add(int(entry.name))
    return found


def alive(pid: int) -> bool:
    """Return whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def command(pid: int) -> str:
    """Return a process's command line."""
    return Path(f"/proc/{pid}/cmdline").read_text()
