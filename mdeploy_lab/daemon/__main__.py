"""``python -m mdeploy_lab.daemon start|supervise|run``: what surfaces call; people use ``mdeploy engine``."""

from __future__ import annotations

import argparse
import sys

from mdeploy_lab.errors import MDeployError
from mdeploy_lab.paths import find_home


def main(arguments: list[str] | None = None) -> int:
    """Run one of the three; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m mdeploy_lab.daemon")
    parser.add_argument("act", choices=("start", "supervise", "run"))
    parser.add_argument("--home", default=None)
    parser.add_argument("--alive", type=int, default=None, help="descriptor of the lock that says the engine lives")
    chosen = parser.parse_args(arguments)
    home = find_home(chosen.home)
    try:
        home.create()
        if chosen.act == "start":
            from mdeploy_lab.daemon.launch import start

            start(home)
            return 0
        if chosen.act == "supervise":
            from mdeploy_lab.daemon.supervisor import supervise

            return supervise(home)
        from mdeploy_lab.daemon.engine import run

        return run(home, chosen.alive)
    except MDeployError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201  # this is a command
        return 1


if __name__ == "__main__":
    sys.exit(main())
