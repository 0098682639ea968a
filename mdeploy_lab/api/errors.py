"""The one place where exceptions become HTTP answers."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from mdeploy_lab.errors import InvalidInput, MDeployError
from mdeploy_lab.models.problems import invalid

log = logging.getLogger(__name__)

FIELDS_HINT = "mend the fields named in details.fields"


def install(app: FastAPI) -> None:
    """Make every failure of ``app`` answer with the error body."""

    async def ours(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, MDeployError)
        return JSONResponse(error.to_body(), status_code=error.http_status)

    async def validation(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return JSONResponse(invalid(error.errors(), FIELDS_HINT).to_body(), status_code=422)

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        if error.status_code == 400:  # noqa: PLR2004  # what FastAPI says of a body that is no text, or too deep
            reason = "it cannot be read as JSON"
            unread = InvalidInput(f"body: {reason}", hint="send JSON in UTF-8", details={"fields": {"body": reason}})
            return await ours(request, unread)
        return JSONResponse(body_of(str(error.detail), error.status_code), status_code=error.status_code, headers=error.headers)

    async def unknown(request: Request, error: Exception) -> JSONResponse:
        log.error("unhandled error in %s %s", request.method, request.url.path, exc_info=error)
        return JSONResponse(body_of("Unhandled error", 500, "the trace is in the engine's log"), status_code=500)

    app.add_exception_handler(MDeployError, ours)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unknown)


def body_of(message: str, status: int, hint: str = "") -> dict[str, Any]:
    """Return an error body for a failure that has no class of ours."""
    code = {404: "not_found", 405: "method_not_allowed"}.get(status, "error")
    return {"message": message, "reason": "HTTPError", "code": code, "hint": hint, "details": {}}
