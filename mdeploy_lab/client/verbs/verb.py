"""What a verb is, and what a parameter of it is. Imports nothing: the shell's ``--help`` reads this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "id",  # a deployment's id or unique name
    "model",  # a URI or path; in a notebook also a variable
    "data",  # rows, from a file or a variable
    "text",
    "texts",  # may be given several times
    "int",
    "float",
    "flag",  # there or not
    "switch",  # --x, --no-x, or not given
    "pairs",  # K=V, several
    "shares",  # 2=90 3=10
    "choice",
]


@dataclass(frozen=True)
class Param:
    """One parameter; without flags it is positional."""

    name: str
    kind: Kind
    help: str
    flags: tuple[str, ...] = ()
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    metavar: str = ""
    off: str = ""
    """For a switch: the flag that says no."""


@dataclass(frozen=True)
class Verb:
    """One verb of the shell and of ``%deploy``.

    ``run`` takes the client and the values by parameter name (None or empty where nothing was given) and returns what a
    notebook gets; ``document`` makes the JSON document of the shell from that, with the REST field names.
    """

    name: str
    help: str
    params: tuple[Param, ...]
    run: Callable[[Any, dict[str, Any]], Any]
    document: Callable[[Any], Any]
    method: str
    """The method of ``Client`` or ``Deployment`` that it calls, for the parity test."""
    aliases: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The words that name it: ``clients add`` has two."""
        return tuple(self.name.split())


ID = Param("id", "id", "id or unique name of the deployment", required=True, metavar="ID")
MESSAGE = Param("message", "text", "why, for the history", ("--message", "-m"), metavar="TEXT")
WAIT = Param("wait", "switch", "wait until it is so, or return at once", ("--wait",), off="--no-wait")
TIMEOUT = Param("timeout", "float", "give up waiting after this many seconds; nothing is undone", ("--timeout",))


def given(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return those of ``names`` that were given."""
    return {name: values[name] for name in names if not _empty(values.get(name))}


def _empty(value: Any) -> bool:
    """Return whether nothing was given; an empty text was, and takes away what can be taken away.

    A user's own object, such as a DataFrame, is never asked whether it is true.
    """
    return value is None or (type(value) in {tuple, list, dict} and not value)
