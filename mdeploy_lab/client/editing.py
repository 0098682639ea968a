"""Edits that lose nobody's change: read, change, and on a stale edit read again unless the same field was changed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from mdeploy_lab.client.transport import Transport, segment
from mdeploy_lab.client.waiting import fetch
from mdeploy_lab.errors import StaleEdit
from mdeploy_lab.models.deployment import Deployment
from mdeploy_lab.models.problems import invalid
from mdeploy_lab.models.requests import Changed, UpdateDeployment

M = TypeVar("M", bound=BaseModel)
TRIES = 50
LONGEST_PAUSE = 0.1
"""Seconds; a pause by chance lets those who change one deployment at once take turns."""
RUNTIME_FIELDS = frozenset({"method", "isolate", "batching", "predict_timeout", "max_payload"})
TEMPLATE_FIELDS = frozenset({"model", "env", "secret_env", "instance_type", "image", "image_pull_secret"})


def request_of(kind: type[M], values: Mapping[str, Any]) -> M:
    """Return a request type.

    Raises
    ------
    InvalidInput
        With the first field that is wrong in the message, and all of them in the details.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        raise invalid(error.errors(include_url=False, include_input=False), "see `mdeploy deploy --help`") from error


async def edit(transport: Transport, base: Deployment, fields: Mapping[str, Any]) -> Changed:
    """Change ``fields`` of a deployment that was read as ``base``.

    Raises
    ------
    StaleEdit
        When somebody else changed one of the same fields since ``base`` was read.
    """
    request = request_of(UpdateDeployment, fields)
    for turn in range(TRIES):
        versioned = request.model_copy(update={"resource_version": base.resource_version})
        try:
            answer = await transport.send("PATCH", f"/deployments/{segment(base.id)}", body=versioned)
            return Changed.model_validate(answer.json())
        except StaleEdit as stale:
            current = await fetch(transport, base.id)
            both = sorted(name for name in fields if value_of(base, name) != value_of(current, name))
            if both:
                raise StaleEdit(
                    f"{base.id} was changed by {current.updated_by} since it was read: {', '.join(both)}",
                    hint="look at `.history()`, then run it again to overwrite that",
                    details={**stale.details, "fields": both},
                ) from stale
            base = current
            await asyncio.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.002 * 2**turn)))  # noqa: S311  # no secret
    raise StaleEdit(f"{base.id} is being changed all the time", hint="try again in a moment")


def value_of(deployment: Deployment, field: str) -> Any:
    """Return the value that an update's field would change; None for what is no state, such as ``message``."""
    spec = deployment.spec
    if field in RUNTIME_FIELDS:
        return getattr(spec.template.runtime, field, None)
    if field in TEMPLATE_FIELDS:
        return getattr(spec.template, field, None)
    return getattr(spec, field, None)
