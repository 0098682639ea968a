"""The ASGI application, and its OpenAPI document."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

import mdeploy_lab
from mdeploy_lab.api import catalogue, deployments, errors, stream
from mdeploy_lab.api.answers import ErrorBody
from mdeploy_lab.api.context import Parts

FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": text}
    for status, text in {
        403: "Not allowed, or over the quota",
        404: "There is no such thing",
        409: "Taken, or changed meanwhile",
        422: "A value cannot be accepted",
        503: "The registry, the engine or the home cannot be used",
    }.items()
}


class Api(FastAPI):
    """FastAPI whose document also describes streams."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI 3.1 document."""
        document = super().openapi()
        stream.describe(document)
        return document


def create_app(parts: Parts | None = None) -> FastAPI:
    """Return the application over an engine's parts; without parts it only describes itself."""
    app = Api(
        title="mdeploy",
        version=mdeploy_lab.__version__,
        docs_url=None,
        redoc_url=None,
        responses=FAILURES,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.parts = parts
    for router in (stream.router, deployments.router, catalogue.router):
        app.include_router(router)
    errors.install(app)
    return app


def openapi() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    return create_app().openapi()
