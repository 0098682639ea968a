"""Data to standard output, messages to standard error, one JSON document with ``--json``."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar

import click

from mdeploy_lab.errors import InvalidInput, MDeployError, ModelNotSupported, NotFound, WaitTimeout

C = TypeVar("C", bound=click.Command)
META = "mdeploy.json"
FAILED, WRONG_USAGE, TIMED_OUT, NOT_FOUND = 1, 2, 3, 4


def status_of(error: MDeployError) -> int:
    """Return the exit status for an error."""
    if isinstance(error, WaitTimeout):
        return TIMED_OUT
    if isinstance(error, NotFound):
        return NOT_FOUND
    if isinstance(error, InvalidInput) and not isinstance(error, ModelNotSupported):
        return WRONG_USAGE
    return FAILED


def fail(error: MDeployError) -> NoReturn:
    """Print an error and its hint, with ``--json`` also as a document, and leave."""
    context = click.get_current_context(silent=True)
    if wants_json(context):
        print_json(error.to_body())
    click.echo(f"{coloured('error', 'red')}: {error.message}", err=True)
    if error.hint:
        click.echo(f"\n{coloured('hint', 'cyan')}: {error.hint}", err=True)
    evidence = (error.details.get("failure") or {}).get("evidence") if error.details else None
    if evidence:
        click.echo(f"\n{evidence.rstrip()}", err=True)
    sys.exit(status_of(error))


def _remember(context: click.Context, _param: click.Parameter, value: bool) -> bool:  # noqa: FBT001  # click's protocol
    context.meta[META] = value
    return value


def json_option() -> click.Option:
    """Return the option ``--json``."""
    return click.Option(
        ["--json", "as_json"],
        is_flag=True,
        is_eager=True,
        callback=_remember,
        help="print one JSON document with the REST field names",
    )


def with_json(command: C) -> C:
    """Give a command the option ``--json``; stands above ``click.command``."""
    command.params.append(json_option())
    return command


def wants_json(context: click.Context | None) -> bool:
    """Return whether ``--json`` was given to the command that runs."""
    return bool(context and context.meta.get(META))


def coloured(text: str, colour: str) -> str:
    """Return coloured text on a terminal that wants colours."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb" or not sys.stderr.isatty()
    return text if plain else click.style(text, fg=colour, bold=True)


def print_json(document: Any) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they come, and end quietly when the reader goes away."""
    try:
        for line in lines:
            click.echo(line)
            sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  # for the interpreter's last flush


def note(text: str) -> None:
    """Print a message."""
    click.echo(text, err=True)
