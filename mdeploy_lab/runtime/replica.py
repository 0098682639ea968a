"""A replica's life: take hold, say hello, load, warm up, serve, drain, end. The only module that ends the process."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import logging
import os
import signal
import socket
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from mdeploy_lab.models.deployment import Failure
from mdeploy_lab.runtime.control import ControlServer
from mdeploy_lab.runtime.failures import failure_of
from mdeploy_lab.runtime.logs import JsonLog, finish_streams, redirect
from mdeploy_lab.runtime.process import (
    BACKLOG,
    AlreadyRunning,
    address_of,
    apply_environment,
    bind,
    hold_lock,
    limit_threads,
    reseed,
    set_thread_variables,
    threads_of,
)
from mdeploy_lab.runtime.spec import ReplicaSpec
from mdeploy_lab.runtime.status import ReplicaStatus
from mdeploy_lab.runtime.threads import follow

log = logging.getLogger(__name__)

EXIT_FAILED = 3
EXIT_TWICE = 4
LINGER = 2.0
"""Seconds that a failed replica stays for the engine to read why."""
LAME_DUCK = 1.0
"""Seconds in which a draining replica still answers, asking its callers to connect elsewhere: time for the gateway to turn."""
REFUSING = 0.25
"""Seconds at least in which a draining replica answers 503 instead of refusing connections: what is on its way arrives."""
DEFAULT_DRAIN = 10.0


class Replica:
    """One replica, from its spec to its exit code."""

    def __init__(self, spec: ReplicaSpec, listener: socket.socket, address: str, log_file: JsonLog) -> None:
        self._spec = spec
        self._listener = listener
        self._log = log_file
        self._status = ReplicaStatus(spec, address)
        self._control = ControlServer(spec.control, self._status, self.drain, tied=spec.tied)
        self._app: Any = None
        self._server: Any = None
        self._drain_within: float | None = None
        self._turn_away = True
        self._told_to_end = asyncio.Event()

    def drain(self, seconds: float = DEFAULT_DRAIN, turn_away: bool = True) -> None:  # noqa: FBT001, FBT002  # as in Order
        """Turn callers away, finish what runs within ``seconds``, then end with 0. A second call changes nothing."""
        if self._drain_within is None:
            self._turn_away = turn_away
            self._drain_within = max(0.0, seconds)
            log.info("draining within %g s", self._drain_within)
        if self._app is not None:
            self._app.leaving = True
        self._told_to_end.set()

    async def run(self) -> int:
        """Live; returns the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.drain)
        await self._control.open()
        try:
            serving = asyncio.ensure_future(self._start())
            ending = asyncio.ensure_future(self._told_to_end.wait())
            await asyncio.wait({serving, ending}, return_when=asyncio.FIRST_COMPLETED)
            if not serving.done():  # told to end while loading: nothing is lost by going at once
                return 0
            failure = serving.result()
            if failure is not None:
                return await self._give_up(failure)
            return await self._serve()
        finally:
            await self._control.close()

    async def _start(self) -> Failure | None:
        """Load and warm up; returns why that failed, or None."""
        from mdeploy_lab.runtime.app import Application
        from mdeploy_lab.runtime.dialect import load_dialects
        from mdeploy_lab.runtime.loader import load
        from mdeploy_lab.runtime.prediction import Worker
        from mdeploy_lab.runtime.warmup import warm_up

        worker = Worker()
        dialects = load_dialects()
        try:
            with self._status.phase("load"):
                model = await worker.call(lambda: load(self._spec))
        except Exception as error:  # noqa: BLE001  # a model's code may raise anything; the failure carries it
            return failure_of(error, self._spec)
        try:
            with self._status.phase("warm-up"):
                await worker.call(lambda: warm_up(model))
        except Exception as error:  # noqa: BLE001  # as above
            return failure_of(error, self._spec, "warmup_failed")
        gc.collect()
        gc.freeze()
        secret = self._spec.secret if self._listener.family != socket.AF_UNIX else ""
        self._app = Application(model, worker, dialects, self._log, secret=secret, on_wedged=self._wedged)
        self._status.in_flight = lambda: self._app.in_flight
        return None

    def _wedged(self, wedged: bool) -> None:  # noqa: FBT001  # a callback with one fact
        if self._drain_within is None:
            self._status.set("unhealthy" if wedged else "ready")

    async def _give_up(self, failure: Failure) -> int:
        log.error("%s (%s)\n%s", failure.message, failure.hint, failure.evidence)
        self._status.set("exited", failure)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._told_to_end.wait(), LINGER)
        return EXIT_FAILED

    async def _serve(self) -> int:
        server = _server(self._app)
        self._server = server
        self._listener.listen(BACKLOG)
        serving = asyncio.ensure_future(server.serve(sockets=[self._listener]))
        accepting = asyncio.ensure_future(server.accepting.wait())
        await asyncio.wait({serving, accepting}, return_when=asyncio.FIRST_COMPLETED)
        accepting.cancel()
        if self._drain_within is None:
            with self._status.phase("ready"):
                pass
            self._status.set("ready")
            log.info("ready")
        ending = asyncio.ensure_future(self._told_to_end.wait())
        await asyncio.wait({serving, ending}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
            return EXIT_FAILED
        await self._drain(server)
        await serving
        return 0

    async def _drain(self, server: Any) -> None:
        loop = asyncio.get_running_loop()
        self._status.set("stopping")
        begun = loop.time()
        limit = begun + (DEFAULT_DRAIN if self._drain_within is None else self._drain_within)
        if self._turn_away:
            await self._refuse(server, begun, limit)
        else:
            await self._leave(server, limit)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._app.idle.wait(), max(0.0, limit - loop.time()))
        if self._app.in_flight:
            log.warning("%d requests were cut off by the end of the drain", self._app.in_flight)
            server.force_exit = True
        server.should_exit = True

    async def _leave(self, server: Any, limit: float) -> None:
        """Leave new callers to the next replica on this socket; a request on a connection that is there already may arrive."""
        for listening in server.servers:
            listening.close()
        if server.server_state.connections:
            await asyncio.sleep(min(REFUSING, max(0.0, limit - asyncio.get_running_loop().time())))

    async def _refuse(self, server: Any, begun: float, limit: float) -> None:
        """Let callers turn to another replica: still answering at first, then refusing."""
        loop = asyncio.get_running_loop()
        if server.server_state.connections:
            await asyncio.sleep(min(LAME_DUCK, (limit - begun) / 4))
        self._app.draining = True
        if server.server_state.connections:
            await asyncio.sleep(min(REFUSING, max(0.0, limit - loop.time())))


def _server(app: Any) -> Any:
    import uvicorn

    class Server(uvicorn.Server):
        """Uvicorn without its signal handlers: the replica has its own."""

        accepting = asyncio.Event()

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            self.accepting.set()

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        backlog=BACKLOG,
        timeout_graceful_shutdown=1,
    )
    return Server(config)


def main(spec: ReplicaSpec, listener: socket.socket | None = None) -> NoReturn:
    """Be the replica of ``spec`` until it ends; never returns.

    Exit codes: 0 drained, 1 a fault of ours, 3 the model did not start, 4 another process is this replica.
    """
    code = 1
    try:
        held = hold_lock(spec)
        log_file = JsonLog(spec.log, replica=spec.replica, revision=spec.revision)
        redirect(log_file, spec.raw_log)
        follow()
        faulthandler.enable(file=2)
        apply_environment(spec.environ)
        count = threads_of(spec)
        set_thread_variables(count, spec.environ)
        limits = limit_threads(count)
        reseed()
        bound, address = (listener, address_of(listener)) if listener is not None else bind(spec.listen)
        code = _run(spec, bound, address, log_file)
        del held, limits
    except AlreadyRunning:
        code = EXIT_TWICE
    except BaseException:  # noqa: BLE001  # the last frame of the process: nobody above could report it
        os.write(2, traceback.format_exc().encode(errors="replace"))
    finish_streams()
    os._exit(code)  # no atexit handlers of a parent, no waiting for a stuck model's thread


def _run(spec: ReplicaSpec, listener: socket.socket, address: str, log_file: JsonLog) -> int:
    import uvloop

    async def live() -> int:
        return await Replica(spec, listener, address, log_file).run()

    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    return int(loop.run_until_complete(live()))


if __name__ == "__main__":
    main(ReplicaSpec.model_validate_json(Path(sys.argv[1]).read_bytes()))
