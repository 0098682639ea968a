"""The variables that deployments refer to with ``env:NAME``: whoever starts the engine next passes them on, and nothing more.

Only names are kept. Jupyter's and the hub's own variables are never among them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from mdeploy_lab.paths import Home

_NAME = re.compile(r"^[-._a-zA-Z][-._a-zA-Z0-9]*$")
_NEVER = ("JUPYTER", "JPY_")


def wanted(references: Iterable[str]) -> frozenset[str]:
    """Return the names in ``env:NAME`` references."""
    names = (r.removeprefix("env:") for r in references if r.startswith("env:"))
    return frozenset(n for n in names if _NAME.fullmatch(n) and not n.upper().startswith(_NEVER))


def read(home: Home) -> frozenset[str]:
    """Return the names that the last engine knew of; none when it kept none."""
    try:
        kept = json.loads(_file(home).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return frozenset()
    return wanted(f"env:{name}" for name in kept) if isinstance(kept, list) else frozenset()


def keep(home: Home, names: frozenset[str]) -> None:
    """Write the names down, whole or not at all."""
    if names == read(home):
        return
    path = _file(home)
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(sorted(names)), encoding="utf-8")
    temporary.replace(path)


def _file(home: Home) -> Path:
    return home.state / "secret-names.json"
