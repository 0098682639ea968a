"""One wanted replica: its process started, watched, restarted, and ended without a trace."""

from __future__ import annotations

import asyncio
import math
import os
import secrets
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from mdeploy_lab.models.access import InstanceType
from mdeploy_lab.models.deployment import Address, Failure, Phase, Replica, ReplicaState, RevisionTemplate
from mdeploy_lab.models.history import Level
from mdeploy_lab.paths import Home
from mdeploy_lab.runtime.child import DUMP_SIGNAL
from mdeploy_lab.runtime.spec import Hello, Order, ReplicaSpec, Report

from . import memory
from .control import order, reports
from .environ import base_environment, resolve_secrets, thread_variables
from .evidence import evidence
from .files import Listen, ReplicaFiles, open_listener, take
from .launcher import Launcher
from .problems import StartProblem, crash_problem, engine_problem, memory_problem, stuck_problem
from .processes import Exit, ReplicaProcess, kill_leftovers
from .timing import BackOff, Timing

Killed = Literal["", "memory", "stuck", "wedged", "silent"]
DUMP_WAIT = 0.3
LAUNCH_PATIENCE = 5.0
"""How long the end of a slot waits for a fork that was ordered, before it ends a warm parent that seems to hang."""


@dataclass(frozen=True)
class Shop:
    """What every slot of an engine works with."""

    home: Home
    launcher: Launcher
    timing: Timing
    now: Callable[[], datetime]
    listen: Listen
    environ: Mapping[str, str]
    sizes: Collection[InstanceType]
    drain: float


@dataclass(frozen=True)
class Prepared:
    """What a process needs that takes time to get."""

    model_path: str
    interpreter: str


class Owner(Protocol):
    """What a slot needs from its revision."""

    uid: str
    deployment: str
    group: str
    revision: int
    start_timeout: float

    @property
    def template(self) -> RevisionTemplate:
        """What runs."""
        ...

    @property
    def instance_type(self) -> InstanceType:
        """How large."""
        ...

    async def prepare(self) -> Prepared:
        """Get what a process needs; raises ``StartProblem``."""
        ...

    def changed(self) -> None:
        """Hear that an observation may have changed."""
        ...

    def retire(self, slot: Slot) -> None:
        """Hear that a slot is to be ended, because that had begun before it was adopted."""
        ...

    def failed(self, failure: Failure) -> None:
        """Hear that a slot has given up."""
        ...

    def tell(self, kind: str, message: str, *, level: Level = "info", cause: str = "", replica: str = "") -> None:
        """Record an event."""
        ...


@dataclass
class Life:
    """What is known of the present process."""

    process: ReplicaProcess | None = None
    ready_since: float | None = None
    progress_at: float = field(default_factory=time.monotonic)
    killed: Killed = ""
    adopted: bool = False
    """Was ready before this engine saw it."""
    failure: Failure | None = None
    exit: Exit = field(default_factory=Exit)


class Slot:
    """One wanted replica of a revision. ``start`` or ``adopt`` once; ``stop`` ends it."""

    def __init__(self, shop: Shop, owner: Owner, replica: str) -> None:
        self.id = replica
        self.state: ReplicaState = "starting"
        self.phases: tuple[Phase, ...] = ()
        self.address: Address | None = None
        self.message = ""
        self.given_up = False
        self.stopping = False
        self.files = ReplicaFiles(shop.home, owner.uid, replica)
        self._shop = shop
        self._owner = owner
        self._life = Life()
        self._spec: ReplicaSpec | None = None
        self._listener: socket.socket | None = None
        self._end_by = math.inf
        self._restarts = 0
        self._started_at: datetime | None = None
        self._usage: memory.Usage | None = None
        self._was_ready = False
        self._backoff = BackOff(shop.timing)
        self._task: asyncio.Task[None] | None = None
        self._launching: asyncio.Task[None] | None = None
        self._interpreter = ""
        self.known = asyncio.Event()
        """Set when an adopted process has said hello, or turned out to be gone."""

    # What others see

    @property
    def pid(self) -> int | None:
        """The pid of the present process."""
        process = self._life.process
        return process.pid if process is not None and not process.exited.done() else None

    @property
    def was_ready(self) -> bool:
        """Whether it ever was ready."""
        return self._was_ready

    def replica(self) -> Replica:
        """Return what is known of it."""
        return Replica(
            id=self.id,
            revision=self._owner.revision,
            state=self.state,
            pid=self.pid,
            node="local",
            started_at=self._started_at,
            restarts=self._restarts,
            memory_bytes=self._usage.memory if self._usage else None,
            cpu_seconds=self._usage.cpu if self._usage else None,
            message=self.message,
        )

    # From birth to end

    def start(self) -> None:
        """Begin; returns at once."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"replica {self.id}")

    def adopt(self, spec: ReplicaSpec, record: Mapping[str, Any]) -> None:
        """Go on with a process that an earlier engine started; returns at once."""
        self._spec = spec
        self._restarts = int(record.get("restarts", 0))
        self._was_ready = bool(record.get("was_ready", False))
        self.address = Address(target=spec.listen, secret=spec.secret)
        self._task = asyncio.get_running_loop().create_task(self._run(adopted=True), name=f"replica {self.id}")

    async def detach(self) -> None:
        """Stop watching; the process goes on."""
        await self._cancel()
        if self._life.process is not None:
            self._life.process.release()
        self._close_listener(remove=False)

    async def stop(self, drain: float) -> None:
        """Let running requests finish for up to ``drain`` seconds, then end every process, and forget the files."""
        self.stopping = True
        self._set("stopping", "")
        process = self._life.process
        if process is not None and not process.exited.done():
            self.hurry(drain)
            if await order(self.files.control, Order(seconds=drain)):
                while not process.exited.done() and (left := self._end_by - time.monotonic()) > 0:
                    await _until(process.exited, min(left, 0.25))
            process.signal_group(signal.SIGTERM)
            await _until(process.exited, self._shop.timing.term_wait)
        await self._cancel()
        await self._end_all()
        self._close_listener(remove=True)
        await asyncio.to_thread(self.files.forget)
        self._set("exited", "stopped")

    def hurry(self, drain: float) -> None:
        """Give the running requests no more than these seconds, however many they were given before."""
        self._end_by = min(self._end_by, time.monotonic() + drain + 1)

    async def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._launching is not None:  # an ordered fork cannot be called back: wait for it, then end it
            done, _ = await asyncio.wait({self._launching}, timeout=LAUNCH_PATIENCE)
            if not done:
                self._shop.launcher.warm.kill(self._interpreter)
            await asyncio.gather(self._launching, return_exceptions=True)

    async def _run(self, *, adopted: bool = False) -> None:
        while True:
            try:
                await self._once(adopted=adopted)
                adopted = False
                continue
            except StartProblem as found:
                problem = found
            except Exception as error:  # noqa: BLE001  # a full disk, a broken home: told as a failure, never a silent end
                problem = engine_problem(error)
            adopted = False
            self.known.set()
            wait = self._backoff.exited(ready_for=None)
            if not self._was_ready or self._backoff.looping:
                self._give_up(problem)
                return
            self._set("starting", f"{problem.message}; another try in {wait:g} s")
            await asyncio.sleep(wait)

    async def _once(self, *, adopted: bool) -> None:
        """Go through the life of one process, from its start or adoption to the pause after its end."""
        self._life = Life()
        if not (adopted and await self._take_over()):
            await self._begin(await self._owner.prepare())
        self.known.set()
        await self._watch()
        self._keep_address()
        await self._end_all()
        await asyncio.sleep(self._judge(await asyncio.to_thread(evidence, self.files)))

    # Starting

    async def _begin(self, prepared: Prepared) -> None:
        """Start the process. A cancelled start is finished nevertheless, so that ``_cancel`` knows what there is to end."""
        self._set("starting", self.message)
        self._interpreter = prepared.interpreter
        self._launching = asyncio.get_running_loop().create_task(self._launch(prepared))
        done, _ = await asyncio.wait({self._launching}, timeout=self._owner.start_timeout)
        if not done:
            self._shop.launcher.warm.kill(prepared.interpreter)
            await asyncio.gather(self._launching, return_exceptions=True)
            raise stuck_problem(self._owner.start_timeout, "environment", f"{prepared.interpreter} did not start a process")
        self._launching.result()
        self._launching = None

    async def _launch(self, prepared: Prepared) -> None:
        life = await self._life_lock()
        try:
            spec = await asyncio.to_thread(self._write_spec, prepared)
            assert self._listener is not None
            listener = self._listener.fileno()
            process = await self._shop.launcher.launch(
                spec, self.files.spec, prepared.interpreter, listener=listener, life=life, lock=self.files.life
            )
        finally:
            os.close(life)  # the process, or the message on its way to the warm parent, has its own copy
        self._life.process = process
        self._life.progress_at = time.monotonic()
        self._started_at = self._shop.now()
        kind = "replica.restarted" if self._restarts else "replica.started"
        self._owner.tell(kind, f"replica {self.id} started as process {process.pid}", replica=self.id)

    async def _life_lock(self) -> int:
        deadline = time.monotonic() + self._shop.timing.kill_wait
        while True:
            life = take(self.files.life)
            if life is not None:
                return life
            await asyncio.to_thread(kill_leftovers, self.files.life, None)
            if time.monotonic() > deadline:
                raise StartProblem("engine", f"processes of an earlier {self.id} cannot be ended", hint="see `mdeploy doctor`")
            await asyncio.sleep(0.02)

    def _write_spec(self, prepared: Prepared) -> ReplicaSpec:
        owner, shop = self._owner, self._shop
        self.files.prepare()
        self._open_listener()
        assert self.address is not None
        template = owner.template
        environ = base_environment(shop.environ) | thread_variables(owner.instance_type.cpu) | template.env
        environ |= resolve_secrets(template.secret_env, shop.environ)
        self._spec = ReplicaSpec(
            replica=self.id,
            nonce=secrets.token_urlsafe(24),
            deployment=owner.deployment,
            uid=owner.uid,
            group=owner.group,
            revision=owner.revision,
            template=template,
            instance_type=owner.instance_type,
            model_path=prepared.model_path,
            model_name=owner.deployment,
            listen=self.address.target,
            secret=self.address.secret,
            control=str(self.files.control),
            log=str(self.files.log),
            raw_log=str(self.files.raw),
            environ=environ,
        )
        record = {"restarts": self._restarts, "was_ready": self._was_ready, "start_timeout": owner.start_timeout}
        self.files.write(self._spec, record)
        return self._spec

    def _open_listener(self) -> None:
        if self._listener is not None:
            return
        self._listener, target = open_listener(self._shop.listen, self.files.socket)
        self.address = Address(target=target, secret=secrets.token_urlsafe(32) if target.startswith("tcp:") else "")

    def _keep_address(self) -> None:
        """Listen at once in place of an adopted process, whose socket ended with it: callers wait, and none is refused."""
        if self._was_ready and not self.stopping and self._shop.listen == "unix":
            self._open_listener()

    def _close_listener(self, *, remove: bool) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if remove:
            self.files.socket.unlink(missing_ok=True)
            self.address = None

    # Taking over

    async def _take_over(self) -> bool:
        """Find the living process of an earlier engine's replica; False when there is none (any more)."""
        assert self._spec is not None
        hello = await self._first_word()
        process = None
        if isinstance(hello, Hello) and hello.replica == self.id and secrets.compare_digest(hello.nonce, self._spec.nonce):
            process = ReplicaProcess.adopt(hello.pid)
        if process is None:
            self._owner.tell(
                "replica.lost", f"replica {self.id} did not answer and was ended", level="warning", replica=self.id
            )
            await self._end_all()
            return False
        assert isinstance(hello, Hello)
        if hello.state == "stopping":  # the earlier engine was about to end it
            self._life.process = process
            self._owner.retire(self)
            await asyncio.Event().wait()  # until the retirement cancels this
        self._life.process = process
        self._life.adopted = hello.state == "ready"
        self._started_at = hello.started_at
        self._owner.tell("replica.adopted", f"replica {self.id} goes on as process {hello.pid}", replica=self.id)
        self._heard(hello)
        return True

    async def _first_word(self) -> Hello | Report | None:
        """Return the living process's hello, or None when it stays silent or is gone."""
        listening = asyncio.ensure_future(_first(reports(self.files.control)))
        deadline = time.monotonic() + self._shop.timing.adopt_deadline
        try:
            while time.monotonic() < deadline and not listening.done():
                await asyncio.wait({listening}, timeout=0.2)
                life = None if listening.done() else take(self.files.life)
                if life is not None:
                    os.close(life)
                    return None
            return listening.result() if listening.done() else None
        finally:
            listening.cancel()

    # Watching

    async def _watch(self) -> None:
        """Watch the present process until it has exited."""
        life = self._life
        assert life.process is not None
        loop = asyncio.get_running_loop()
        watchers = [loop.create_task(w()) for w in (self._listen, self._watch_memory, self._watch_progress)]
        try:
            life.exit = await asyncio.shield(life.process.exited)
            if life.ready_since is None and life.failure is None:
                await asyncio.wait([watchers[0]], timeout=0.05)  # its last words may still be on their way
        finally:
            for watcher in watchers:
                watcher.cancel()
            results = await asyncio.gather(*watchers, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _listen(self) -> None:
        assert self._spec is not None
        async for message in reports(self.files.control):
            if isinstance(message, Hello):
                if message.replica != self.id or not secrets.compare_digest(message.nonce, self._spec.nonce):
                    continue
                self.known.set()
            self._heard(message)

    def _heard(self, message: Hello | Report) -> None:
        life = self._life
        if message.phases != self.phases or message.state != self.state:
            life.progress_at = time.monotonic()
        self.phases = message.phases
        life.failure = message.failure
        if message.failure is not None and message.state == "exited" and life.process is not None:
            life.process.signal(signal.SIGTERM)  # it waits for somebody to read why, which has happened
        if message.state == "ready" and life.ready_since is None:
            life.ready_since = time.monotonic()
            self._was_ready = True
            if not life.adopted:
                self._owner.tell("replica.ready", f"replica {self.id} is ready", replica=self.id)
        if message.state == "unhealthy" and not self.stopping:
            self._set("unhealthy", "it does not answer")
            self._kill("wedged")
            return
        if not self.stopping:
            self._set(message.state, message.failure.message if message.failure else "")

    async def _watch_memory(self) -> None:
        life = self._life
        assert life.process is not None
        pid, gauge = life.process.pid, memory.Gauge(self._owner.instance_type.memory)
        while True:
            resident = await asyncio.to_thread(memory.resident, pid)
            now = time.monotonic()
            if gauge.due(resident, now):
                usage = await asyncio.to_thread(memory.usage, pid)
                self._usage = usage or self._usage
                if usage is not None and gauge.measured(usage.memory, resident, now):
                    self._kill("memory")
                    return
            await asyncio.sleep(self._shop.timing.memory_interval)

    async def _watch_progress(self) -> None:
        life = self._life
        assert life.process is not None
        while life.ready_since is None:
            left = life.progress_at + self._owner.start_timeout - time.monotonic()
            if left <= 0:
                life.process.signal(DUMP_SIGNAL)
                await asyncio.sleep(DUMP_WAIT)
                self._kill("stuck")
                return
            await asyncio.sleep(min(left, 1.0))

    def _kill(self, why: Killed) -> None:
        self._life.killed = why
        if self._life.process is not None:
            self._life.process.signal_group(signal.SIGKILL)

    async def _end_all(self) -> None:
        """Return when no process of this replica is left."""
        process = self._life.process
        leader = process.pid if process is not None else None
        if process is not None and not process.exited.done():
            process.signal_group(signal.SIGKILL)
        deadline = time.monotonic() + self._shop.timing.kill_wait
        while await asyncio.to_thread(kill_leftovers, self.files.life, leader):
            if time.monotonic() > deadline:
                raise StartProblem("engine", f"processes of {self.id} cannot be ended", hint="see `mdeploy doctor`")
            await asyncio.sleep(0.02)
        if process is not None:
            await _until(process.exited, self._shop.timing.kill_wait)
            process.release()

    # After an exit

    def _judge(self, seen: str) -> float:
        """Return how long to wait before the next start.

        Raises
        ------
        StartProblem
            When another start would not help.
        """
        life = self._life
        ready_for = None if life.ready_since is None else time.monotonic() - life.ready_since
        wait = self._backoff.exited(ready_for=ready_for)
        problem = None if ready_for is not None else self._problem(seen)
        self.phases = ()
        why = self._why()
        self._owner.tell(
            "replica.exited", f"replica {self.id} {why}", level="warning", cause=life.killed or life.exit.text, replica=self.id
        )
        hopeless = life.failure is not None or life.killed in {"memory", "stuck"}
        if problem is not None and ((hopeless and not self._was_ready) or self._backoff.looping):
            raise problem
        self._restarts += 1
        self._set("starting", f"{why}; restart {self._restarts}" + (f" in {wait:g} s" if wait else ""))
        return wait

    def _why(self) -> str:
        life = self._life
        if life.killed == "memory":
            return "took more memory than its instance type has and was ended"
        if life.killed == "stuck":
            return "made no progress and was ended"
        if life.killed == "wedged":
            return "did not answer any more and was ended"
        return life.exit.text

    def _problem(self, seen: str) -> StartProblem:
        life, owner = self._life, self._owner
        if life.failure is not None:
            failure = life.failure
            details = failure.details
            if failure.reason == "out_of_memory":
                details = memory_problem(owner.instance_type, self._shop.sizes, sure=True).details
            return StartProblem(failure.reason, failure.message, hint=failure.hint, evidence=failure.evidence, details=details)
        if life.killed == "memory":
            return memory_problem(owner.instance_type, self._shop.sizes, sure=True, evidence=seen)
        if life.killed == "stuck":
            phase = self.phases[-1].name if self.phases else "load"
            return stuck_problem(owner.start_timeout, phase, seen)
        if life.exit.signal == signal.SIGKILL:
            return memory_problem(owner.instance_type, self._shop.sizes, sure=False, evidence=seen)
        return crash_problem(life.exit, self._backoff.exits, seen)

    def _give_up(self, problem: StartProblem) -> None:
        self.given_up = True
        self._close_listener(remove=True)
        self.files.forget()
        failure = problem.failure(self._shop.now(), self._owner.revision, self.id)
        self._set("exited", problem.message)
        self._owner.failed(failure)

    def _set(self, state: ReplicaState, message: str) -> None:
        self.state, self.message = state, message
        self._owner.changed()


async def _until(future: asyncio.Future[Exit], seconds: float) -> None:
    """Wait; not with ``wait_for``, which before Python 3.12 loses a cancellation that comes when the future is just done."""
    await asyncio.wait({future}, timeout=seconds)


async def _first(messages: AsyncIterator[Hello | Report]) -> Hello | Report:
    async for message in messages:
        return message
    raise AssertionError("a control socket is listened to for ever")


def model_directory(path: str) -> bool:
    """Return whether ``path`` holds a model."""
    return bool(path) and (Path(path) / "MLmodel").is_file()
