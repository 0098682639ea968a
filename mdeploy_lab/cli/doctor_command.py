"""``mdeploy doctor``: prints what the checks found."""

from __future__ import annotations

import sys

import click

from mdeploy_lab.cli.output import coloured, print_json, with_json


@with_json
@click.command("doctor")
def doctor(*, as_json: bool) -> None:
    """Check this machine: each part ok, warn or fail, with what to do; exit status 1 when one fails."""
    from mdeploy_lab.cli.doctor import run_checks

    found = run_checks()
    failed = any(check.status == "fail" for check in found)
    if as_json:
        print_json({"ok": not failed, "checks": [check.document() for check in found]})
    else:
        for check in found:
            colour = {"ok": "green", "warn": "yellow", "fail": "red"}[check.status]
            click.echo(f"{coloured(f'{check.status:<4}', colour)}  {check.name:<12} {check.message}")
            if check.hint and check.status != "ok":
                click.echo(f"      {'':<12} hint: {check.hint}")
    if failed:
        sys.exit(1)
