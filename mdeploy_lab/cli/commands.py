"""Makes click commands from verbs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import click

from mdeploy_lab.cli.completion import complete_ids
from mdeploy_lab.cli.output import json_option, note, print_json, print_lines
from mdeploy_lab.client.verbs.verb import Param, Verb
from mdeploy_lab.errors import InvalidInput

INTERRUPTED = 130
NOTEBOOK_ONLY = frozenset({"input_example"})


def command_of(verb: Verb) -> click.Command:
    """Return the command of a verb."""
    params: list[click.Parameter] = [_parameter(p) for p in verb.params if p.name not in NOTEBOOK_ONLY]
    return click.Command(verb.words[-1], params=[*params, json_option()], callback=_callback(verb), help=verb.help)


def _parameter(p: Param) -> click.Parameter:
    if not p.flags:
        several = p.kind == "shares"
        return click.Argument(
            [p.name],
            required=p.required,
            nargs=-1 if several else 1,
            metavar=(f"[{p.metavar}]..." if several else p.metavar) or None,
            type=_type(p),
            shell_complete=complete_ids if p.kind == "id" else None,
        )
    if p.kind == "flag":
        return click.Option([p.name, *p.flags], is_flag=True, help=p.help)
    if p.kind == "switch":
        return click.Option([p.name, f"{p.flags[0]}/{p.off}"], default=None, help=p.help)
    return click.Option(
        [p.name, *p.flags],
        required=p.required,
        multiple=p.kind in {"texts", "pairs"},
        type=_type(p),
        metavar=p.metavar or None,
        help=p.help,
        default=None,
    )


def _type(p: Param) -> Any:
    if p.choices:
        return click.Choice(p.choices)
    return {"int": click.INT, "float": click.FLOAT}.get(p.kind, click.STRING)


def pairs(words: tuple[str, ...], flag: str) -> dict[str, str]:
    """Return ``K=V`` words as a dict.

    Raises
    ------
    InvalidInput
        When a word has no ``=``.
    """
    found: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise InvalidInput(f"{flag}: {name!r} has no value", hint=f"write {flag} NAME=VALUE")
        found[name] = value
    return found


def _callback(verb: Verb) -> Callable[..., None]:
    def callback(as_json: bool, **values: Any) -> None:  # noqa: FBT001  # click passes by name
        from mdeploy_lab.client.sync import Client

        for p in verb.params:
            if p.kind == "pairs":
                values[p.name] = pairs(values[p.name], p.flags[0])
        _prepare(verb, values)
        answer = verb.run(Client(), values)
        if verb.name == "logs" and values.get("follow"):
            _follow(answer, as_json=as_json)
        elif verb.name == "predict" and values.get("stream"):
            _pieces(answer)
        elif as_json:
            print_json(verb.document(answer))
        else:
            _show(verb, answer)

    return callback


def _prepare(verb: Verb, values: dict[str, Any]) -> None:
    """Read what only the shell knows: a body from a file, a word before something is deleted."""
    if verb.name == "predict":
        values["body"] = _body(values.pop("data", None))
    if verb.name == "delete" and not values.get("yes"):
        if not sys.stdin.isatty():
            raise InvalidInput(f"{values['id']} is not deleted without a word", hint="add --yes")
        typed = click.prompt(f"type {values['id']} to delete it with its history, logs and clients", err=True)
        if typed != values["id"]:
            raise InvalidInput("that is another name: nothing was deleted", hint="add --yes to be asked nothing")


def _body(path: str | None) -> Any:
    """Return the JSON body in a file, or from standard input."""
    if path in (None, "-"):
        if sys.stdin.isatty():
            note("reading a JSON body from the terminal; end it with Ctrl-D")
        text = sys.stdin.read()
    else:
        try:
            with open(str(path), encoding="utf-8") as file:  # noqa: PTH123  # as good as Path here, and pathlib is not loaded
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"cannot read {path}: {error}", hint="-f FILE, or - for standard input") from error
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidInput(f"the body is no JSON: {error}", hint='like {"inputs": [[5.1, 3.5, 1.4, 0.2]]}') from error


def _follow(lines: Any, *, as_json: bool) -> None:
    from mdeploy_lab.client.views import log_text

    try:
        print_lines(line.model_dump_json() if as_json else log_text(line) for line in lines)
    except KeyboardInterrupt:  # that is how one stops looking
        sys.exit(INTERRUPTED)
    finally:
        lines.close()


def _pieces(pieces: Any) -> None:
    """Print each piece of a streamed answer as one line of JSON."""
    try:
        print_lines(json.dumps(piece, ensure_ascii=False) for piece in pieces)
    except KeyboardInterrupt:  # that is how one stops it
        sys.exit(INTERRUPTED)
    finally:
        pieces.close()


def _show(verb: Verb, answer: Any) -> None:
    from mdeploy_lab.client.deployment import Deployment
    from mdeploy_lab.client.summary import text_of
    from mdeploy_lab.client.tokens import NewClient

    if isinstance(answer, Deployment):
        click.echo(text_of(answer, "mdeploy"))
    elif isinstance(answer, NewClient):
        note(f"the token of {answer.name}, shown this once:")
        click.echo(str.__str__(answer.token.reveal()))
    elif isinstance(answer, bytes):
        sys.stdout.buffer.write(answer)
    elif verb.name == "predict":
        print_json(answer)
    elif verb.name == "traffic":
        print_lines(f"{revision}={percent}" for revision, percent in answer.items())
    elif verb.name == "delete":
        note(f"{answer['id']} is deleted")
    elif verb.name == "clients remove":
        note(f"{answer['name']} is removed")
    elif isinstance(answer, list) and not answer:
        note(repr(answer))
    else:
        click.echo(repr(answer))
