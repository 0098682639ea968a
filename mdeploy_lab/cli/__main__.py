"""``python -m mdeploy_lab.cli``."""

from __future__ import annotations

from mdeploy_lab.cli.root import main

main()
