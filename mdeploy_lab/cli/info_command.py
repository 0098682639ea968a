"""``mdeploy info``: versions, and each setting with its origin."""

from __future__ import annotations

import click

from mdeploy_lab.cli.output import print_json, with_json


@with_json
@click.command("info")
def info(*, as_json: bool) -> None:
    """Show versions, settings with where each comes from, and what this engine can do."""
    from mdeploy_lab.client.sync import Client
    from mdeploy_lab.client.tables import text_table

    found = Client().info()
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    rows = [
        ["mdeploy", found.version],
        ["engine", f"{found.engine}, process {found.pid}"],
        ["home", found.home],
        ["gateway", f"{found.gateway_url} (Envoy {found.gateway_version})"],
        ["actor", found.actor],
        ["dialects", ", ".join(found.dialects)],
    ]
    rows += [[f"can {name}", "yes" if can is True else f"no: {can}"] for name, can in sorted(found.capabilities.items())]
    rows += [["problem", problem] for problem in found.problems]
    click.echo(text_table(["", ""], rows).strip("\n"))
    settings = [[s.name, str(s.value), s.origin] for s in found.settings]
    click.echo("\n" + text_table(["Setting", "Value", "From"], settings))
