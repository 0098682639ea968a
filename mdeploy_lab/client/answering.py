"""The whole of an answer that the query API showed in part."""

# ruff: noqa: A002  # "id" is the word of the interface
from __future__ import annotations

import base64
import json

from mdeploy_lab.client.transport import Transport, segment
from mdeploy_lab.errors import AnswerNotFound
from mdeploy_lab.models.requests import PredictResult


async def whole_answer(transport: Transport, id: str, result: PredictResult) -> bytes:
    """Return an answer's bytes: those that were shown, or the file that the engine keeps.

    Raises
    ------
    AnswerNotFound
        When it is not kept any more, or was too large to be kept at all.
    """
    if not result.truncated:
        return shown_answer(result)
    if not result.answer:
        raise AnswerNotFound("the answer was too large to be kept", hint="send fewer rows at a time")
    path = f"/deployments/{segment(id)}/answers/{segment(result.answer)}"
    return (await transport.send("GET", path, accept="*/*")).content


def shown_answer(result: PredictResult) -> bytes:
    """Return the bytes of an answer that was shown whole; JSON is written anew."""
    if result.body_base64:
        return base64.b64decode(result.body_base64)
    return result.text.encode() if result.body is None else json.dumps(result.body).encode()
