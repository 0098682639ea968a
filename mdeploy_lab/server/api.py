"""REST for signed-in people: authenticates, authorises, and passes the request on to the engine as it is."""

from __future__ import annotations

import json
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.extension.handler import ExtensionHandlerMixin
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated

from mdeploy_lab.errors import MDeployError
from mdeploy_lab.server import headers
from mdeploy_lab.server.engine import EngineLink
from mdeploy_lab.server.identity import AUTH_RESOURCE, Decorator, actor, header_list, header_value, hub_groups
from mdeploy_lab.server.upstream import Exchange, UpstreamGone

JSON = "application/json"
_reading: Decorator[Any] = authorized("read", AUTH_RESOURCE)
_writing: Decorator[Any] = authorized("write", AUTH_RESOURCE)


class ApiHandler(ExtensionHandlerMixin, APIHandler):  # type: ignore[misc]  # jupyter_server is untyped
    """Relays ``<base>/mdeploy/api/…`` to the engine's socket."""

    auth_resource = AUTH_RESOURCE

    def initialize(self, name: str, engine: EngineLink, prefix: str) -> None:
        """Take the engine, and the part of the URL that is ours."""
        super().initialize(name)
        self._engine = engine
        self._prefix = prefix
        self._exchange: Exchange | None = None

    @authenticated
    @_reading
    async def get(self, _path: str) -> None:
        """Relay a reading request."""
        await self._relay()

    @authenticated
    @_reading
    async def head(self, _path: str) -> None:
        """Relay a reading request."""
        await self._relay()

    @authenticated
    @_writing
    async def post(self, _path: str) -> None:
        """Relay a changing request."""
        await self._relay()

    @authenticated
    @_writing
    async def put(self, _path: str) -> None:
        """Relay a changing request."""
        await self._relay()

    @authenticated
    @_writing
    async def patch(self, _path: str) -> None:
        """Relay a changing request."""
        await self._relay()

    @authenticated
    @_writing
    async def delete(self, _path: str) -> None:
        """Relay a changing request."""
        await self._relay()

    async def _relay(self) -> None:
        head = headers.to_engine(self.request.headers)
        head["X-MDeploy-Actor"] = header_value(actor(self.identity_provider, self.current_user))
        groups = hub_groups(self.identity_provider, self.current_user)
        if groups is not None:
            head["X-MDeploy-Groups"] = header_list(groups)
        if self.request.body or self.request.method in {"POST", "PUT", "PATCH"}:
            head["Content-Length"] = str(len(self.request.body))
        exchange = self._exchange = await self._engine.open(str(self.request.method), self._upstream_path(), head)
        try:
            if self.request.body:
                await exchange.write(self.request.body)
            await exchange.answer(self._head, self._chunk)
            await self.finish(set_content_type=self._headers.get("Content-Type", JSON))
        except StreamClosedError:
            pass  # the browser went away
        except UpstreamGone as error:
            if self._headers_written:
                self.request.connection.stream.close()  # a cut answer must not look complete
                return
            raise self._engine.away() from error
        finally:
            exchange.close()

    def _upstream_path(self) -> str:
        path, _, query = str(self.request.uri).partition("?")
        query = headers.without_jupyter_parameters(query)
        return path[len(self._prefix) :] + (f"?{query}" if query else "")

    async def _head(self, status: int, reason: str, received: HTTPHeaders) -> None:
        self.set_status(status, reason or None)
        for name, value in headers.from_engine(received).get_all():
            self.set_header(name, value)
        if "Content-Length" in received:
            self.set_header("Content-Length", received["Content-Length"])
        else:
            await self.flush()  # a stream may have nothing to say for long

    def compute_etag(self) -> None:
        """Leave tags to the engine."""

    async def _chunk(self, data: bytes) -> None:
        self.write(data)
        await self.flush()

    def on_connection_close(self) -> None:
        """Stop asking the engine for what nobody waits for."""
        super().on_connection_close()
        if self._exchange is not None:
            self._exchange.close()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with the one error body."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        status, body = error_body(status_code, error, str(self.request.method))
        self.set_status(status)
        self.clear_header("Content-Length")
        self.finish(json.dumps(body))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what is unexpected; an MDeployError is an answer."""
        if not isinstance(value, MDeployError):
            super().log_exception(typ, value, tb)


def error_body(status: int, error: BaseException | None, method: str) -> tuple[int, dict[str, Any]]:
    """Return status and body for whatever a handler raised."""
    if isinstance(error, MDeployError):
        return error.http_status, error.to_body()
    message, reason, code, hint = "Unhandled error", "UnhandledError", "error", "the trace is in Jupyter's log"
    if isinstance(error, HTTPError):
        message = error.log_message or error.reason or f"the server answered {status}"
        reason, code, hint = "HTTPError", "http_error", ""
        if status == 403 and message.startswith("User is not authorized"):  # noqa: PLR2004
            verb = "look at" if "to read" in message else "change"
            message = f"you may not {verb} deployments on this Jupyter server"
            reason, code = "Forbidden", "forbidden"
            hint = f"its authorizer refused {method}; ask its administrator for the resource {AUTH_RESOURCE!r}"
        elif status == 403:  # noqa: PLR2004
            reason, code, hint = "Forbidden", "forbidden", "sign in to Jupyter, or send its token and the XSRF header"
    return status, {"message": message, "reason": reason, "code": code, "hint": hint, "details": {}}
