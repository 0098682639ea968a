"""``predict``: rows from a notebook's variable, or a body in a dialect from a file or a cell."""

from __future__ import annotations

import base64
import json
from typing import Any

from mdeploy_lab.client.verbs import documents
from mdeploy_lab.client.verbs.verb import ID, Param, Verb, given
from mdeploy_lab.errors import InvalidInput

BAD_REQUEST = 400


def _predict(client: Any, v: dict[str, Any]) -> Any:
    handle = client.get(v["id"])
    body = v.get("body")
    if body is None:
        if v.get("data") is None:
            raise InvalidInput("there are no rows", hint=f"give a variable, or a JSON body: %%deploy predict {v['id']}")
        if v.get("stream"):
            return handle.predict_stream(v["data"], **given(v, "revision", "timeout"))
        return handle.predict(v["data"], **given(v, "revision", "timeout"))
    if v.get("stream"):
        return handle.predict_stream(body, **given(v, "revision", "timeout"))
    options = given(v, "dialect", "revision", "timeout")
    answer = handle.query(body, **options)
    if answer.status >= BAD_REQUEST:
        from mdeploy_lab.client.predicting import refused

        raise refused(answer.status, answer.body, answer.text, answer.headers, handle.id)
    return _shown(handle, answer)


def _shown(handle: Any, answer: Any) -> Any:
    """Return an answer as JSON, text or bytes; one that was cut is fetched whole."""
    if not answer.truncated:
        return (
            base64.b64decode(answer.body_base64) if answer.body_base64 else answer.text if answer.body is None else answer.body
        )
    whole = handle.answer(answer)
    try:
        return json.loads(whole) if "json" in answer.content_type else whole.decode()
    except ValueError:  # no JSON after all, or no text
        return whole


def _document(value: Any) -> Any:
    if isinstance(value, bytes):
        value = base64.b64encode(value).decode()
    return value if isinstance(value, dict) else {"predictions": value}


DESCRIBE = Verb(
    "describe",
    "Show what the endpoint says of its model: signature, example rows, dialects.",
    (ID, Param("revision", "int", "of this revision", ("--revision",))),
    lambda client, v: client.get(v["id"]).describe(**given(v, "revision")),
    documents.plain,
    "describe",
)

PREDICT = Verb(
    "predict",
    "Ask the endpoint, as its owner: no client and no token needed.",
    (
        ID,
        Param("data", "data", "rows: a JSON body in a file or from - (shell), a variable (notebook)", ("--file", "-f")),
        Param("dialect", "text", "the body's dialect; invocations", ("--dialect",)),
        Param("revision", "int", "ask this revision", ("--revision",)),
        Param("timeout", "float", "seconds to wait for the answer", ("--timeout",)),
        Param("stream", "flag", "show the pieces of the answer as they come", ("--stream",)),
    ),
    _predict,
    _document,
    "predict",
)
