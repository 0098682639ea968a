"""Models through Jupyter: ``<base>/mdeploy/endpoint/<id>/…`` for callers who cannot reach the gateway's port.

In a JupyterHub pod or a remote JupyterLab the gateway listens on a loopback address that no caller reaches. This handler
streams a call to it. Who may call is decided by the gateway from the caller's own token, so there is no Jupyter login and no
XSRF check here; in return nothing of Jupyter's reaches a model, and nothing a model answers acts in Jupyter's origin.
Public deployments are refused: Jupyter's address must not become an open door to a model.
"""

from __future__ import annotations

import json
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError
from tornado.web import stream_request_body

from mdeploy_lab.errors import DeploymentNotFound, EngineUnavailable, Forbidden, InvalidInput, MDeployError
from mdeploy_lab.models.names import is_id
from mdeploy_lab.server import headers
from mdeploy_lab.server.api import error_body
from mdeploy_lab.server.engine import EngineLink
from mdeploy_lab.server.identity import Decorator
from mdeploy_lab.server.upstream import UNLIMITED, Exchange, UpstreamGone

BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
BODY_SECONDS = 24 * 3600.0
_open: Decorator[Any] = allow_unauthenticated


@stream_request_body
class EndpointHandler(ExtensionHandlerMixin, JupyterHandler):  # type: ignore[misc]  # jupyter_server is untyped
    """Streams one call to the gateway and its answer back."""

    def initialize(self, name: str, engine: EngineLink, prefix: str) -> None:
        """Take the engine, and the part of the URL that is ours."""
        super().initialize(name)
        self._engine = engine
        self._prefix = prefix
        self._exchange: Exchange | None = None

    async def prepare(self) -> None:
        """Check the address and open the way to the gateway; the body follows.

        Jupyter's own ``prepare`` is left out on purpose: it would take the caller's token for Jupyter's (and on a hub send it
        there to ask), and refuse a POST without an XSRF cookie.
        """
        self.current_user = self._jupyter_current_user = None
        if not self.check_host():
            raise Forbidden(
                f"this server does not answer to {self.request.host}", hint="use the address that Jupyter was opened with"
            )
        self.request.connection.set_max_body_size(UNLIMITED)  # the gateway has the deployment's own limit
        self.request.connection.set_body_timeout(BODY_SECONDS)
        deployment, path = self._parsed()
        try:
            access = await self._engine.access(deployment)
        except DeploymentNotFound as error:
            raise DeploymentNotFound(f"there is no deployment {deployment}", hint="check the URL") from error
        if access.public:
            raise Forbidden(
                f"deployment {deployment} is public and cannot be called through Jupyter",
                hint="make it private and add a client, or call its own URL",
            )
        head = headers.to_model(self.request.headers)
        head["Host"] = access.host
        chunked = "Content-Length" not in self.request.headers and "Transfer-Encoding" in self.request.headers
        if chunked and self.request.method not in BODY_METHODS:
            raise InvalidInput(f"{self.request.method} with a chunked body is not supported", hint="send Content-Length")
        if not chunked and self.request.method in BODY_METHODS:
            head["Content-Length"] = self.request.headers.get("Content-Length", "0")
        try:
            self._exchange = await Exchange.open(access.gateway, str(self.request.method), path, head)
        except UpstreamGone as error:
            raise EngineUnavailable("the gateway does not answer", hint="try again in a moment") from error

    def _parsed(self) -> tuple[str, str]:
        path, _, query = str(self.request.uri).partition("?")
        rest = path[len(self._prefix) :]
        deployment, _, inner = rest.partition("/")
        if not is_id(deployment):
            raise DeploymentNotFound(f"there is no deployment {deployment[:100]}", hint="check the URL")
        if not headers.is_plain_path(rest):
            raise InvalidInput("this path is not allowed", hint="send it without dot segments and escaped slashes")
        query = headers.without_jupyter_parameters(query)
        return deployment, f"/deployment/{deployment}/{inner}" + (f"?{query}" if query else "")

    async def data_received(self, chunk: bytes) -> None:
        """Pass a part of the body on."""
        if self._exchange is not None:
            await self._exchange.write(chunk)

    async def _answer(self) -> None:
        if self._exchange is None:
            raise EngineUnavailable("the gateway does not answer", hint="try again in a moment")
        try:
            await self._exchange.answer(self._head, self._chunk)
            await self.finish()
        except StreamClosedError:
            pass  # the caller went away
        except UpstreamGone as error:
            if self._headers_written:
                self.request.connection.stream.close()  # a cut answer must not look complete
                return
            raise EngineUnavailable("the gateway closed the connection", hint="try again in a moment") from error

    @_open
    async def get(self, _path: str) -> None:
        """Relay; the gateway authenticates."""
        await self._answer()

    head = post = put = patch = delete = options = get

    async def _head(self, status: int, reason: str, received: HTTPHeaders) -> None:
        self.clear()
        self.clear_header("Content-Type")
        self.set_status(status, reason or None)
        kept = headers.from_model(received)
        for name in kept:
            self.clear_header(name)
        for name, value in kept.get_all():
            self.add_header(name, value)
        if "Content-Length" not in received:
            await self.flush()  # a stream may have nothing to say for long

    async def _chunk(self, data: bytes) -> None:
        self.write(data)
        await self.flush()

    def set_default_headers(self) -> None:
        """Keep Jupyter's own headers (CORS, CSP, server version) off a model's answer."""
        self.clear_header("Server")
        self.set_header("Content-Security-Policy", headers.SANDBOX)
        self.set_header("X-Content-Type-Options", "nosniff")

    def compute_etag(self) -> None:
        """Leave tags to the model."""

    def check_xsrf_cookie(self) -> None:
        """Do nothing: a caller authenticates with a token that no browser sends by itself."""

    def on_connection_close(self) -> None:
        """Stop the call when its caller has gone."""
        super().on_connection_close()
        self._close()

    def on_finish(self) -> None:
        """Give the connection up."""
        super().on_finish()
        self._close()

    def _close(self) -> None:
        if self._exchange is not None:
            self._exchange.close()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with the one error body."""
        status, body = error_body(status_code, kwargs.get("exc_info", (None, None, None))[1], str(self.request.method))
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(body))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what is unexpected; an MDeployError is an answer."""
        if not isinstance(value, MDeployError):
            super().log_exception(typ, value, tb)
