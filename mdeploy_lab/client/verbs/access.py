"""The verbs about callers: clients and their tokens."""

from __future__ import annotations

from typing import Any

from mdeploy_lab.client.verbs import documents
from mdeploy_lab.client.verbs.verb import ID, Param, Verb, given

NAME = Param("name", "text", "name of the client", required=True, metavar="NAME")
SAVE = Param("save", "text", "write a file for curl -K that only you can read, and show no token", ("--save",), metavar="PATH")


class Saved:
    """A new client whose token went into a file and is shown nowhere."""

    def __init__(self, new: Any, path: str) -> None:
        self.new = new
        self.path = path

    def __repr__(self) -> str:
        return f"client {self.new.name}: curl -K {self.path} URL"

    def document(self) -> dict[str, Any]:
        """Return the JSON document, without the token."""
        return {"client": documents.plain(self.new.client), "saved": self.path}


def _kept(new: Any, v: dict[str, Any]) -> Any:
    return Saved(new, str(new.token.save(v["save"]))) if v.get("save") else new


def _add(client: Any, v: dict[str, Any]) -> Any:
    return _kept(client.get(v["id"]).clients.add(v["name"]), v)


def _rotate(client: Any, v: dict[str, Any]) -> Any:
    return _kept(client.get(v["id"]).clients.rotate(v["name"], **given(v, "overlap")), v)


def _remove(client: Any, v: dict[str, Any]) -> Any:
    client.get(v["id"]).clients.remove(v["name"])
    return {"name": v["name"], "removed": True}


def _token(value: Any) -> Any:
    return value.document() if isinstance(value, Saved) else documents.new_token(value)


ACCESS = (
    Verb(
        "clients list",
        "List the callers that have a token.",
        (ID,),
        lambda client, v: client.get(v["id"]).clients.list(),
        documents.listed("clients"),
        "clients.list",
    ),
    Verb("clients add", "Add a caller; its token is shown this once.", (ID, NAME, SAVE), _add, _token, "clients.add"),
    Verb(
        "clients rotate",
        "Give a caller a new token; the old one works for a while more.",
        (ID, NAME, Param("overlap", "float", "seconds that the old token works; a day", ("--overlap",)), SAVE),
        _rotate,
        _token,
        "clients.rotate",
    ),
    Verb("clients remove", "Remove a caller; its tokens stop working.", (ID, NAME), _remove, documents.done, "clients.remove"),
)
