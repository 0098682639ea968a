"""Parsers of the magic's line, made from the client's table of verbs."""

from __future__ import annotations

import argparse
import functools
import shlex
from typing import Any, NoReturn

from IPython.core.error import UsageError

from mdeploy_lab.client.verbs import VERBS, Param, Verb, find_verb


class LineParser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """Raise IPython's own error."""
        raise UsageError(f"{message}\n\nhint: {self.format_usage().removeprefix('usage: ').strip()}")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Raise IPython's own error instead of leaving."""
        raise UsageError((message or "").strip() or f"ended with status {status}")


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(parser.format_help())  # noqa: T201  # the answer to --help
        raise HelpShown


class HelpShown(Exception):  # not an error
    """Raised when ``--help`` was answered."""


class _Pairs(argparse.Action):
    """Collect ``K=V`` words."""

    def __call__(self, parser: argparse.ArgumentParser, space: Any, word: Any, option: str | None = None) -> None:
        name, sign, value = str(word).partition("=")
        if not sign or not name:
            parser.error(f"{option}: {name!r} has no value: write {option} NAME=VALUE")
        setattr(space, self.dest, {**(getattr(space, self.dest) or {}), name: value})


@functools.cache
def parser_of(verb: Verb) -> LineParser:
    """Return the parser of a verb's line."""
    parser = LineParser(prog=f"%deploy {verb.name}", description=verb.help, add_help=False, allow_abbrev=False)
    parser.add_argument("-h", "--help", action=_Help, nargs=0, help="show this")
    for p in verb.params:
        _add(parser, verb, p)
    return parser


def _add(parser: LineParser, verb: Verb, p: Param) -> None:
    kind = {"int": int, "float": float}.get(p.kind, str)
    text = p.help.replace("%", "%%")
    if verb.name == "predict" and p.kind == "data":
        parser.add_argument(p.name, nargs="?", metavar="ROWS", help="a variable or an expression; a JSON body in a cell")
    elif verb.name == "wait" and p.name == "state":
        parser.add_argument("positional_state", nargs="?", choices=p.choices, help=text)
        parser.add_argument(*p.flags, dest=p.name, choices=p.choices, help=text)
    elif not p.flags:
        nargs = "*" if p.kind == "shares" else None
        parser.add_argument(p.name, nargs=nargs, type=kind, metavar=p.metavar or p.name.upper(), help=text)
    elif p.kind == "flag":
        parser.add_argument(*p.flags, dest=p.name, action="store_true", help=text)
    elif p.kind == "switch":
        parser.add_argument(*p.flags, dest=p.name, action="store_const", const=True, default=None, help=text)
        parser.add_argument(p.off, dest=p.name, action="store_const", const=False, help=argparse.SUPPRESS)
    elif p.kind == "pairs":
        parser.add_argument(*p.flags, dest=p.name, action=_Pairs, metavar=p.metavar, help=text)
    else:
        several = {"action": "append"} if p.kind == "texts" else {}
        options: dict[str, Any] = {"dest": p.name, "type": kind, "required": p.required, "help": text, **several}
        parser.add_argument(*p.flags, choices=p.choices or None, metavar=p.metavar or None, **options)


def split(line: str) -> list[str]:
    """Return the words of a line, with quotes as in a shell.

    Raises
    ------
    UsageError
        When a quote is open.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        raise UsageError(
            f"the line cannot be read: {error}\n\nhint: close the quote, or put the text in double quotes"
        ) from error


def parse(line: str) -> tuple[Verb, dict[str, Any]] | None:
    """Return the verb of a line and its values; None for an empty line, which is the grid.

    A verb wins over a variable of the same name; a line that begins with no verb deploys.
    """
    words = split(line)
    if not words:
        return None
    verb = find_verb(words)
    if verb is None and words[0] in {v.words[0] for v in VERBS if len(v.words) > 1}:
        verb, words = _second_word(words)
    elif verb is None:
        verb = find_verb(["deploy"])
    elif words[0] in verb.aliases:
        words = words[1:]
    else:
        words = words[len(verb.words) :]
    assert verb is not None  # deploy is in the table
    values = vars(parser_of(verb).parse_args(words))
    if verb.name == "wait":
        values["state"] = values["state"] or values.pop("positional_state")
    return verb, values


def _second_word(words: list[str]) -> tuple[Verb, list[str]]:
    """Read ``clients ID`` as ``clients list ID``, and ``clients ID add NAME`` as ``clients add ID NAME``."""
    seconds = {v.words[1] for v in VERBS if len(v.words) > 1 and v.words[0] == words[0]}
    if len(words) > 2 and words[2] in seconds:  # noqa: PLR2004  # the third word
        found = find_verb([words[0], words[2]])
        if found is not None:
            return found, [words[1], *words[3:]]
    found = find_verb([words[0], "list"])
    if len(words) == 1 or found is None or words[1].startswith("-"):
        raise UsageError(f"{words[0]} needs a word more\n\nhint: {words[0]} {'|'.join(sorted(seconds))} ID")
    return found, words[1:]
