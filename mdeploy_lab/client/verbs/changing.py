"""The verbs that change a deployment that is there: rollback, traffic, stop, start, delete."""

from __future__ import annotations

from typing import Any

from mdeploy_lab.client.verbs import documents
from mdeploy_lab.client.verbs.verb import ID, MESSAGE, TIMEOUT, WAIT, Param, Verb, given
from mdeploy_lab.errors import InvalidInput


def shares(words: tuple[str, ...] | list[str]) -> Any:
    """Return ``("2=90", "3=10")`` as ``{2: 90, 3: 10}``; ``newest`` as it is.

    Raises
    ------
    InvalidInput
        When a word is neither.
    """
    if list(words) == ["newest"]:
        return "newest"
    found: dict[int, int] = {}
    for word in words:
        revision, sign, percent = word.partition("=")
        if not (sign and revision.isascii() and revision.isdigit() and percent.isascii() and percent.isdigit()):
            raise InvalidInput(f"{word!r} is no share of the traffic", hint="write REVISION=PERCENT, like 2=90 3=10")
        found[int(revision)] = int(percent)
    return found


def _acted(method: str) -> Any:
    def run(client: Any, v: dict[str, Any]) -> Any:
        return getattr(client.get(v["id"]), method)(**given(v, "message", "wait", "timeout", "reporter"))

    return run


def _rollback(client: Any, v: dict[str, Any]) -> Any:
    return client.get(v["id"]).rollback(v["to"], **given(v, "message", "wait", "timeout", "reporter"))


def _traffic(client: Any, v: dict[str, Any]) -> Any:
    handle = client.get(v["id"])
    return handle.traffic(shares(v["shares"]), **given(v, "message")) if v.get("shares") else handle.traffic()


def _delete(client: Any, v: dict[str, Any]) -> Any:
    handle = client.get(v["id"])
    handle.delete(**given(v, "wait", "timeout"))
    return {"id": handle.id, "deleted": True}


STANDARD = (ID, MESSAGE, WAIT, TIMEOUT)

CHANGING = (
    Verb(
        "rollback",
        "Make a new revision that repeats an old one.",
        (ID, Param("to", "int", "the revision to repeat", ("--to",), required=True), MESSAGE, WAIT, TIMEOUT),
        _rollback,
        documents.changed,
        "rollback",
    ),
    Verb(
        "traffic",
        "Split the traffic by percent per revision; without shares show the split.",
        (ID, Param("shares", "shares", "2=90 3=10, or newest", metavar="REVISION=PERCENT"), MESSAGE),
        _traffic,
        documents.traffic,
        "traffic",
    ),
    Verb("stop", "Stop it: id and URL stay, the endpoint answers 503.", STANDARD, _acted("stop"), documents.changed, "stop"),
    Verb("start", "Start it again, or try again after a failure.", STANDARD, _acted("start"), documents.changed, "start"),
    Verb(
        "delete",
        "Delete it with its history, logs and clients; the registered model stays.",
        (ID, Param("yes", "flag", "do not ask", ("--yes", "-y")), WAIT, TIMEOUT),
        _delete,
        documents.done,
        "delete",
    ),
)
