"""``mdeploy engine``: start, stop, status, install, uninstall."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import Any

import click

from mdeploy_lab.cli.output import note, print_json, with_json
from mdeploy_lab.errors import EngineUnavailable, NotCapable

STOP_SECONDS = 60.0
UNIT = "mdeploy.service"


@click.group("engine")
def engine() -> None:
    """Run the process that keeps deployments running."""


@with_json
@engine.command("start")
def start(*, as_json: bool) -> None:
    """Start the engine of this home; nothing happens when it runs."""
    from mdeploy_lab.client.sync import Client

    found = Client().info()
    if as_json:
        print_json({"running": True, **found.model_dump(mode="json")})
    else:
        note(f"the engine runs: process {found.pid}, {found.gateway_url}")


@with_json
@engine.command("stop")
@click.option("--keep", is_flag=True, help="end the engine alone; replicas and gateway go on without it")
def stop(*, keep: bool, as_json: bool) -> None:
    """Stop the engine, all replicas and the gateway; what is wanted running starts again with the next start."""
    from mdeploy_lab.client.ending import end_engine
    from mdeploy_lab.client.loop import LOOP
    from mdeploy_lab.paths import find_home

    ended = LOOP.run(end_engine(find_home(), everything=not keep, seconds=STOP_SECONDS))
    if as_json:
        print_json({"running": False, "stopped": ended})
    else:
        note("the engine is stopped" if ended else "no engine runs")


@with_json
@engine.command("status")
def status(*, as_json: bool) -> None:
    """Say whether an engine runs; exit status 1 when none does."""
    from mdeploy_lab.client.loop import LOOP
    from mdeploy_lab.client.start import ask
    from mdeploy_lab.paths import find_home

    home = find_home()
    found = LOOP.run(ask(home))
    if as_json:
        print_json({"running": found is not None, "home": str(home.root), **(found.model_dump(mode="json") if found else {})})
    elif found is not None:
        click.echo(f"running: mdeploy {found.version}, process {found.pid}, {found.gateway_url}, home {found.home}")
    else:
        click.echo(f"not running: home {home.root}")
    if found is None:
        sys.exit(1)


def _unit_text(home: str) -> str:
    return f"""[Unit]
Description=mdeploy engine
After=network.target

[Service]
Type=simple
Environment="MDEPLOY_HOME={_escaped(home)}"
ExecStart="{_escaped(sys.executable)}" -m mdeploy_lab.daemon supervise
Restart=on-failure
RestartSec=2
KillMode=process

[Install]
WantedBy=default.target
"""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _unit_path() -> Any:
    from pathlib import Path

    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "systemd" / "user" / UNIT


def _systemctl(*arguments: str) -> None:
    try:
        subprocess.run(["systemctl", "--user", *arguments], check=True, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        raise EngineUnavailable(
            f"systemctl --user {' '.join(arguments)} failed: {said[-1] if said else 'no reason given'}",
            hint="is this a session of systemd? `mdeploy engine start` works without",
        ) from error


def _need_systemd(what: str) -> None:
    if sys.platform != "linux" or shutil.which("systemctl") is None or not os.environ.get("XDG_RUNTIME_DIR"):
        raise NotCapable(
            f"there is no systemd user session here, so nothing to {what}",
            hint=f"run this at log-in instead: MDEPLOY_HOME=… {sys.executable} -m mdeploy_lab.daemon start",
        )


@with_json
@engine.command("install")
def install(*, as_json: bool) -> None:
    """Make the engine a service of systemd that starts at log-in."""
    from mdeploy_lab.paths import find_home

    _need_systemd("install it into")
    home, path = find_home().create(), _unit_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_unit_text(str(home.root)), encoding="utf-8")
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", UNIT)
    if as_json:
        print_json({"installed": True, "unit": str(path)})
    else:
        note(f"installed {path}; `loginctl enable-linger` also keeps it up after you log out")


@with_json
@engine.command("uninstall")
def uninstall(*, as_json: bool) -> None:
    """Take the service away; the home stays."""
    _need_systemd("uninstall")
    path = _unit_path()
    there = path.exists()
    if there:
        _systemctl("disable", "--now", UNIT)
        path.unlink(missing_ok=True)
        _systemctl("daemon-reload")
    if as_json:
        print_json({"installed": False, "removed": there})
    else:
        note(f"removed {path}" if there else "it is not installed")
