"""The command ``mdeploy``: its tree, its exit statuses, its errors in one line with a hint."""

from __future__ import annotations

import sys
from typing import Any

import click

import mdeploy_lab
from mdeploy_lab.cli.commands import command_of
from mdeploy_lab.cli.doctor_command import doctor
from mdeploy_lab.cli.engine import engine
from mdeploy_lab.cli.info_command import info
from mdeploy_lab.cli.output import fail
from mdeploy_lab.cli.serve.command import serve
from mdeploy_lab.client.verbs import VERBS
from mdeploy_lab.errors import MDeployError

INTERRUPTED = 130

_EPILOG = (
    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 timed out, 4 not found. "
    'Completion: eval "$(_MDEPLOY_COMPLETE=bash_source mdeploy)" (or zsh_source, fish_source).'
)


class Tree(click.Group):
    """The root: turns our errors into two lines and an exit status."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except MDeployError as error:
            fail(error)


@click.group(
    cls=Tree,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(mdeploy_lab.__version__, prog_name="mdeploy")
def cli() -> None:
    """Put models behind authenticated, monitored HTTP endpoints."""


def _build() -> None:
    groups: dict[str, click.Group] = {}
    for verb in VERBS:
        *above, name = verb.words
        parent: click.Group = cli
        if above:
            help_text = {"clients": "Callers with a token: list, add, rotate, remove."}.get(above[0], "")
            parent = groups.setdefault(above[0], click.Group(above[0], help=help_text))
        parent.add_command(command_of(verb), name)
    for group in (*groups.values(), engine):
        cli.add_command(group)
    cli.add_command(info)
    cli.add_command(doctor)
    cli.add_command(serve)


_build()


def main() -> None:
    """Run ``mdeploy``."""
    try:
        cli(prog_name="mdeploy", standalone_mode=True)
    except KeyboardInterrupt:  # click turns it into Abort while it parses, and so do we
        sys.exit(INTERRUPTED)
