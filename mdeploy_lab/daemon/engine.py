"""The engine process: every part of one home put together, run until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path

import mdeploy_lab
from mdeploy_lab.api.app import create_app
from mdeploy_lab.api.context import Parts
from mdeploy_lab.daemon import alive, launch, secret_names
from mdeploy_lab.daemon.lease import HomeLock
from mdeploy_lab.daemon.live_config import LiveConfig
from mdeploy_lab.engines.local.engine import LocalEngine
from mdeploy_lab.errors import MDeployError
from mdeploy_lab.gateway.envoy import EnvoyGateway
from mdeploy_lab.gateway.passes import PassIssuer
from mdeploy_lab.models.history import Change
from mdeploy_lab.models.requests import Info
from mdeploy_lab.paths import Home
from mdeploy_lab.registry.registry import Registry
from mdeploy_lab.service.answers import Answers
from mdeploy_lab.service.clock import utc_now
from mdeploy_lab.service.deployments import DeploymentService
from mdeploy_lab.service.endpoint import Endpoint
from mdeploy_lab.service.hub import Hub
from mdeploy_lab.service.reconciler import Reconciler
from mdeploy_lab.store.base import StoredDeployment
from mdeploy_lab.store.sqlite import SqliteStore

log = logging.getLogger(__name__)

LOCK_WAIT = 35.0
"""Seconds to wait for the home: a little over the 30 that a lease of a dead holder lasts."""
HOUSEKEEPING = 3600.0
TOUCH_EVERY = 2.0
ROOTED_EVERY = 2.0
DIALECTS = ("invocations", "oip", "grpc", "tensorflow-serving", "seldon", "foundry", "arrow")


def run(home: Home, lock: int | None) -> int:
    """Run the engine of a home; returns 0 when it ended as wanted."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    descriptor = alive.take(alive.engine_file(home)) if lock is None else lock
    if descriptor is None:
        return 0
    os.set_inheritable(descriptor, False)
    try:
        import uvloop

        uvloop.run(EngineProcess(home).main())
    except MDeployError as error:
        log.error("the engine cannot run: %s", error)  # noqa: TRY400  # the trace would say nothing more
        launch.say(home, error)
        return 1
    return 0


class EngineProcess:
    """One engine: composition, serving, housekeeping, and its end."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._live = LiveConfig(home.config)
        self._config = self._live.started
        self._end = asyncio.Event()
        self._everything = False
        self._used: dict[tuple[str, str], datetime] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main(self) -> None:
        """Run until the end is wanted."""
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._end.set)
        lease = HomeLock(self._home)
        await asyncio.to_thread(lease.acquire, wait=LOCK_WAIT)
        async with AsyncExitStack() as stack:
            stack.callback(lease.release)
            stack.push_async_callback(_cancel, asyncio.create_task(lease.keep(self._lost), name="lease"))
            await self._serve(stack)

    async def _serve(self, stack: AsyncExitStack) -> None:
        config, home = self._config, self._home
        store = SqliteStore(home.database)
        await store.open()
        stack.push_async_callback(store.close)
        registry = Registry(home)
        stack.push_async_callback(registry.close)
        types = self._live.instance_types
        drain = config.get("drain_seconds")
        engine = LocalEngine(
            home,
            fetch=registry.fetch,
            drain=drain,
            log_days=config.get("logs.days"),
            instance_types=types.values(),
        )
        gateway = EnvoyGateway(
            home,
            bind=config.get("gateway.bind"),
            port=config.get("gateway.port"),
            public_url=config.get("gateway.public_url"),
            host_suffix=config.get("gateway.host_suffix"),
            tls_cert=config.get("gateway.tls_cert"),
            tls_key=config.get("gateway.tls_key"),
        )
        endpoint = Endpoint(gateway, PassIssuer(home.keys), self._token_used, Answers(home.run / "answers"))
        stack.push_async_callback(endpoint.close)
        hub = Hub()
        reconciler = Reconciler(store, engine, gateway, endpoint, hub, types, fetch=registry.fetch, drain_seconds=drain)
        service = DeploymentService(store, engine, registry, reconciler, endpoint, self._live)
        stack.callback(store.subscribe(_publisher(store, service, hub)))
        stack.callback(store.subscribe(_secret_keeper(store, home)))
        await reconciler.start()
        stack.push_async_callback(self._finish, reconciler, engine, gateway)
        stack.push_async_callback(_cancel, asyncio.create_task(_prepare(await store.all(), engine, registry), name="prepare"))

        async def info(actor: str) -> Info:
            await self._live.refresh()
            return self._info(gateway, engine, actor)

        app = create_app(Parts(service=service, store=store, hub=hub, catalogue=registry, info=info, handover=self.hand_over))
        app.add_api_route("/engine/stop", self.stop_all, methods=["POST"], status_code=202, include_in_schema=False)
        stack.push_async_callback(_cancel, asyncio.create_task(self._housekeeping(store), name="housekeeping"))
        stack.push_async_callback(_cancel, asyncio.create_task(self._touching(store), name="touch-secrets"))
        stack.push_async_callback(_cancel, asyncio.create_task(self._rooted(), name="rooted"))
        await self._listen(app)

    async def _listen(self, app: object) -> None:
        """Serve the API on the private socket until the end is wanted."""
        import uvicorn

        path = self._home.socket
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(temporary))
        temporary.chmod(0o600)
        listener.listen(1024)
        settings = uvicorn.Config(
            app,  # type: ignore[arg-type]
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
            ws_per_message_deflate=False,
        )
        server = uvicorn.Server(settings)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        serving = asyncio.create_task(server._serve([listener]), name="api")  # noqa: SLF001  # serve() takes the signals
        while not server.started and not serving.done():  # noqa: ASYNC110  # uvicorn offers no event for it
            await asyncio.sleep(0.005)
        temporary.replace(path)
        self._watch_supervisor()
        log.info("engine %s serves %s", mdeploy_lab.__version__, path)
        ended = asyncio.create_task(self._end.wait())
        await asyncio.wait({serving, ended}, return_when=asyncio.FIRST_COMPLETED)
        with suppress(FileNotFoundError):
            path.unlink()
        server.should_exit = True
        ended.cancel()
        await serving

    async def _finish(self, reconciler: Reconciler, engine: LocalEngine, gateway: EnvoyGateway) -> None:
        """End: replicas and gateway too when everything is to stop, else they go on."""
        await reconciler.halt()
        if self._everything:
            for uid in engine.deployments():
                for number in tuple(engine.observe(uid)):
                    await engine.remove(uid, number, drain=2.0)
            await gateway.shutdown()
        await reconciler.stop()

    async def hand_over(self) -> None:
        """End this engine on purpose; deployments go on and the next engine adopts them."""
        alive.stopped_file(self._home).touch()
        asyncio.get_running_loop().call_later(0.05, self._end.set)

    async def stop_all(self) -> None:
        """End the engine, every replica and the gateway; what is wanted running starts again with the next engine."""
        self._everything = True
        await self.hand_over()

    def _lost(self) -> None:
        """Another host took the home over: end the replicas and leave."""
        log.error("the lease of %s was lost; ending", self._home.root)
        self._everything = True
        self._end.set()

    def _watch_supervisor(self) -> None:
        """Start a new supervisor whenever the old one dies."""

        def watch() -> None:
            while not self._end.is_set():
                descriptor = alive.wait_for_death(alive.supervisor_file(self._home))
                os.close(descriptor)
                if self._end.is_set():
                    return
                launch.detach(self._home)
                _wait_until_held(alive.supervisor_file(self._home))

        threading.Thread(target=watch, name="watch-supervisor", daemon=True).start()

    def _token_used(self, id_: str, user: str, at: datetime) -> None:
        self._used[id_, user] = at

    async def _touching(self, store: SqliteStore) -> None:
        """Write last uses of tokens down every few seconds."""
        while True:
            await asyncio.sleep(TOUCH_EVERY)
            used, self._used = self._used, {}
            rows = []
            for (id_, user), at in used.items():
                record = await store.find(id_)
                client, _, key_id = user.rpartition(".")
                if record is not None:
                    rows.append((record.uid, client, key_id, at))
            if rows:
                with suppress(MDeployError):  # a last use that is not written down harms nobody; the next one may be
                    await store.touch_secrets(rows)

    async def _rooted(self) -> None:
        """Leave when this engine's own environment has been removed, as kernels' are: what it has yet to import is gone.

        Deployments go on, and whoever asks next starts an engine from an environment that is there. An installer removes files
        for a moment, so they have to be missing twice.
        """
        needed = (Path(sys.executable), Path(mdeploy_lab.__file__))
        missing = 0
        while missing < 2:  # noqa: PLR2004
            await asyncio.sleep(ROOTED_EVERY)
            there = await asyncio.to_thread(lambda: all(path.exists() for path in needed))
            missing = 0 if there else missing + 1
        log.warning("the environment of this engine was removed (%s); ending", sys.executable)
        self._end.set()

    async def _housekeeping(self, store: SqliteStore) -> None:
        while True:
            try:
                await store.prune_events(utc_now() - timedelta(days=self._config.get("logs.days")))
            except MDeployError as error:
                log.warning("old events were not pruned: %s", error.message)
            await asyncio.sleep(HOUSEKEEPING)

    def _info(self, gateway: EnvoyGateway, engine: LocalEngine, actor: str) -> Info:
        return Info(
            version=mdeploy_lab.__version__,
            api_version="1",
            engine=engine.name,
            home=str(self._home.root),
            gateway_url=gateway.base_url,
            gateway_version=str(gateway.health().get("version", "")),
            pid=os.getpid(),
            capabilities=dict(engine.capabilities()),
            dialects=DIALECTS,
            settings=self._config.all(),
            problems=self._live.problems,
            actor=actor,
        )


def _publisher(store: SqliteStore, service: DeploymentService, hub: Hub) -> Callable[[str, str], None]:
    """Return a listener that publishes a deployment after each commit of its spec or status."""
    tasks: set[asyncio.Task[None]] = set()

    async def publish(uid: str) -> None:
        record = await store.get(uid)
        if record is not None and not record.deleting:
            body = service.view(record).model_dump(mode="json")
            hub.publish(Change(topic="deployment", id=record.id, deployment=body))

    def listener(uid: str, what: str) -> None:
        if what in {"spec", "status"}:
            task = asyncio.ensure_future(publish(uid))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    return listener


def _secret_keeper(store: SqliteStore, home: Home) -> Callable[[str, str], None]:
    """Return a listener that writes down which variables deployments refer to, for whoever starts the next engine."""
    tasks: set[asyncio.Task[None]] = set()

    async def keep() -> None:
        references = [ref for r in await store.all() for ref in r.spec.template.secret_env.values()]
        with suppress(OSError):  # a full disk: the names are kept with the next change
            await asyncio.to_thread(secret_names.keep, home, secret_names.wanted(references))

    def listener(_uid: str, what: str) -> None:
        if what == "spec":
            task = asyncio.ensure_future(keep())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    return listener


async def _prepare(records: list[StoredDeployment], engine: LocalEngine, registry: Registry) -> None:
    """Start what the next deploy or restart will need, one after another, so that a first deploy has the processor."""
    models = [r.spec.template.model for r in records if not r.spec.stopped and not r.deleting]
    wanted = {(m.interpreter.path if m.interpreter else sys.executable, m.flavors) for m in models}
    for interpreter, flavors in wanted or {(sys.executable, ("sklearn",))}:
        await engine.prewarm(interpreter, flavors)
    registry.warm()


def _wait_until_held(path: Path, deadline: float = 10.0) -> None:
    """Wait until somebody holds the lock, so that the watcher does not start a second supervisor."""
    pause = threading.Event()
    for _ in range(int(deadline / 0.05)):
        descriptor = alive.take(path)
        if descriptor is None:
            return
        os.close(descriptor)
        pause.wait(0.05)


async def _cancel(task: asyncio.Task[object]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
