"""The command ``mdeploy serve``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from mdeploy_lab.cli.commands import pairs
from mdeploy_lab.cli.output import with_json

PORT = 8000
PORTS = 20
"""How many ports are tried when none was chosen."""


@with_json
@click.command("serve")
@click.argument("script", metavar="DIR|FILE")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help=f"port on 127.0.0.1; {PORT}, or the next free one")
@click.option("--model", metavar="PATH", default="", help="file, directory or URI that load(path) is given; else the folder")
@click.option("--env", multiple=True, metavar="K=V", help="environment variable")
@click.option("--reload/--no-reload", default=True, help="load again when a file of it changes; that is the default")
def serve(*, script: str, port: int | None, model: str, env: tuple[str, ...], reload: bool, as_json: bool) -> None:
    """Try a serving script here, run as a replica would run it: every dialect, its log on the terminal, Ctrl-C ends it."""
    import asyncio

    from mdeploy_lab.cli.serve.terminal import Terminal
    from mdeploy_lab.cli.serve.trial import Options, Trial

    options = Options(path=Path(script).expanduser().absolute(), model=model, env=pairs(env, "--env"), port=port, reload=reload)
    sys.exit(asyncio.run(Trial(options, Terminal(as_json=as_json)).run()))
