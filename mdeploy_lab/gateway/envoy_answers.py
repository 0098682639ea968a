"""The JSON bodies that Envoy itself answers with; pure.

They have the shape of ``MDeployError.to_body()``, so that a caller reads one kind of error whoever found it.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from mdeploy_lab.gateway.base import Unavailable

__all__ = ["as_grpc", "direct", "local_replies", "unavailable"]

_TEXT_LIMIT = 4000
_JSON_HEADER = [
    {
        "header": {"key": "content-type", "value": "application/json"},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }
]


def body(message: str, reason: str, code: str, hint: str, details: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return an error body."""
    return {"message": message, "reason": reason, "code": code, "hint": hint, "details": details or {}}


def direct(status: int, answer: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a route that makes Envoy answer at once with JSON."""
    return {
        "direct_response": {"status": status, "body": {"inline_string": json.dumps(answer, ensure_ascii=False)}},
        "response_headers_to_add": _JSON_HEADER,
    }


_GRPC_STATUS = {400: 3, 401: 16, 403: 7, 404: 5, 408: 4, 413: 8, 421: 5, 431: 8, 502: 14, 503: 14, 504: 4}
"""What a refusal's HTTP status is in gRPC: invalid argument, unauthenticated, permission denied, not found, deadline exceeded,
resource exhausted, unavailable."""


def as_grpc(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a direct answer in gRPC's form: the message as ``grpc-message``, and the status that fits."""
    told, status = answer["direct_response"], answer["direct_response"]["status"]
    text = _words(json.loads(told["body"]["inline_string"]))
    return {
        "direct_response": {"status": status, "body": {"inline_string": text}},
        "response_headers_to_add": _grpc_status(status),
    }


def _words(answer: dict[str, Any]) -> str:
    return f"{answer['message']}; {answer['hint']}" if answer["hint"] else str(answer["message"])


def _grpc_status(status: int) -> list[dict[str, Any]]:
    return [
        {
            "header": {"key": "grpc-status", "value": str(_GRPC_STATUS[status])},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }
    ]


def unavailable(route_id: str, why: Unavailable) -> dict[str, Any]:
    """Return the 503 of a deployment that has nothing to answer with."""
    answer = body(
        why.message[:_TEXT_LIMIT],
        "EngineUnavailable",
        why.reason,
        why.hint[:_TEXT_LIMIT],
        {"deployment": route_id, "cause": why.reason},
    )
    return direct(503, answer)


UNKNOWN = direct(
    404,
    body(
        "there is no such deployment here",
        "DeploymentNotFound",
        "deployment_not_found",
        "look at the id in the URL; `mdeploy list` shows what there is",
    ),
)

UNNAMED = direct(
    404,
    body(
        "this gRPC call names no deployment that is here",
        "DeploymentNotFound",
        "deployment_not_found",
        "send the metadata x-mdeploy-deployment: <id>; `mdeploy list` shows what there is",
    ),
)

NOT_RUNNING = direct(
    404,
    body(
        "this revision does not run",
        "RevisionNotFound",
        "revision_not_found",
        "`mdeploy get ID` shows the revisions that do; leave out /revision/<n> for the one that serves",
    ),
)

_TOO_LARGE = body(
    "the request is larger than this deployment accepts",
    "PredictFailed",
    "payload_too_large",
    "send fewer rows at a time, or deploy with a larger max_payload",
)
TOO_LARGE = direct(413, _TOO_LARGE)

NO_TRAFFIC = direct(
    503,
    body(
        "no revision carries traffic",
        "EngineUnavailable",
        "no_replica",
        "`mdeploy get ID` shows why; a revision that runs answers under /revision/<n>",
    ),
)

FOREIGN_HOST = direct(
    421,
    body(
        "this gateway does not answer for that host name",
        "Forbidden",
        "foreign_host",
        "call the URL that `mdeploy get ID` shows; for another name set gateway.public_url in config.toml",
    ),
)

_FAILED = ("UH", "UF", "UC", "UR", "URX", "UO", "NC", "LR", "LH", "DPE")
"""Envoy's flags of a request that found no replica, or lost it."""


class Reply(NamedTuple):
    """One kind of refusal: its status, the flags that tell it from an answer of ours (none: any), and its body."""

    status: int
    flags: tuple[str, ...]
    answer: dict[str, Any]


_REFUSED_TOKEN = Reply(
    401,
    (),
    body(
        "a client's token is needed here, and this one is missing or wrong",
        "Forbidden",
        "unauthorized",
        "send Authorization: Bearer <token>; `mdeploy clients add ID NAME` makes one",
    ),
)

_REFUSED_PASS = Reply(
    401,
    (),
    body(
        "a valid pass is needed here, and this one is missing, forged or too old",
        "Forbidden",
        "pass_refused",
        "call through mdeploy_lab's client, which asks for a fresh one",
    ),
)

_REPLIES = (
    Reply(
        403,
        (),
        body(
            "this pass is not for this deployment",
            "Forbidden",
            "pass_refused",
            "call through mdeploy_lab's client, which asks for a pass of this deployment",
        ),
    ),
    Reply(
        413,
        (),
        _TOO_LARGE,
    ),
    Reply(
        431,
        (),
        body("the request's headers are too large", "PredictFailed", "headers_too_large", "send fewer or shorter headers"),
    ),
    Reply(
        504,
        (),
        body(
            "the model did not answer in time",
            "PredictFailed",
            "predict_timeout",
            "send fewer rows at a time, or deploy with a larger predict_timeout",
        ),
    ),
    Reply(
        503,
        _FAILED,
        body(
            "no replica answers at the moment",
            "EngineUnavailable",
            "no_replica",
            "try again in a second; `mdeploy logs ID` shows why a replica ended",
        ),
    ),
    Reply(
        502,
        (),
        body(
            "the replica's answer was cut off or is no HTTP",
            "PredictFailed",
            "bad_gateway",
            "`mdeploy logs ID` shows what the replica did",
        ),
    ),
    Reply(
        400,
        (),
        body(
            "the request's path or headers are malformed",
            "InvalidInput",
            "bad_request",
            "no escaped slashes (%2F) in the path, no underscores in header names, each of Host and Authorization once",
        ),
    ),
    Reply(
        408,
        (),
        body("the request did not arrive in time", "PredictFailed", "request_timeout", "send it in one go"),
    ),
)


def local_replies(*, private: bool) -> dict[str, Any]:
    """Return the JSON for everything that Envoy refuses or fails by itself.

    Envoy applies this to its direct answers too, so what shares a status with one of those is told apart by its flags.
    """
    replies = (_REFUSED_PASS if private else _REFUSED_TOKEN, *_REPLIES)
    grpc = [] if private else [_grpc_mapper(reply) for reply in replies]
    return {"mappers": [*grpc, *(_mapper(reply) for reply in replies)]}


def _mapper(reply: Reply) -> dict[str, Any]:
    answer = {key: value.replace("%", "%%") if isinstance(value, str) else value for key, value in reply.answer.items()}
    return {
        "filter": _all(_conditions(reply)),
        "body_format_override": {
            "json_format": {**answer, "details": {"request_id": "%REQ(X-REQUEST-ID)%"}},
            "content_type": "application/json",
        },
    }


def _grpc_mapper(reply: Reply) -> dict[str, Any]:
    """Return the same refusal for a gRPC call; Envoy makes the text its ``grpc-message``."""
    asked = {"header_filter": {"header": {"name": "content-type", "string_match": {"prefix": "application/grpc"}}}}
    return {
        "filter": _all([asked, *_conditions(reply)]),
        "headers_to_add": _grpc_status(reply.status),
        "body_format_override": {"text_format_source": {"inline_string": _words(reply.answer).replace("%", "%%")}},
    }


def _conditions(reply: Reply) -> list[dict[str, Any]]:
    by_status = {
        "status_code_filter": {
            "comparison": {
                "op": "EQ",
                "value": {"default_value": reply.status, "runtime_key": f"mdeploy.reply.{reply.status}"},
            }
        }
    }
    return [by_status, *([{"response_flag_filter": {"flags": list(reply.flags)}}] if reply.flags else [])]


def _all(conditions: list[dict[str, Any]]) -> dict[str, Any]:
    return conditions[0] if len(conditions) == 1 else {"and_filter": {"filters": conditions}}
