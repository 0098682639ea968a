"""Compare what a model requires with what is installed in the Python that will run it; no subprocess, no mlflow."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from mdeploy_lab.models.deployment import Model
from mdeploy_lab.registry.backend import local_path
from mdeploy_lab.registry.interpreter import installed, package_directories

FILE = "requirements.txt"
SHOWN = 5


def notes(model: Model) -> tuple[str, ...]:
    """Return one line for each thing that the user should know before the model runs."""
    python = model.interpreter.path if model.interpreter is not None else sys.executable
    if not Path(python).is_file():
        return (f"the Python that made this model is gone ({python}); isolate=True builds one from its requirements",)
    directory = local_path(model.source) if model.source else None
    if directory is None:
        return ()
    different = differences(directory, python)
    if not different:
        return ()
    more = f" and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
    return (f"packages differ from the model's requirements: {'; '.join(different[:SHOWN])}{more}",)


def differences(directory: Path, python: str) -> list[str]:
    """Return how the packages of ``python`` differ from the model's, such as "numpy 2.1.0, wants ==2.4.6"."""
    try:
        lines = (directory / FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    here = packages(python)
    if not here:
        return []
    found = []
    for line in lines:
        wanted = _requirement(line)
        if wanted is None or (wanted.marker is not None and not wanted.marker.evaluate()):
            continue
        version = here.get(canonicalize_name(wanted.name))
        if version is None:
            found.append(f"{wanted.name} is missing, wants {wanted.specifier or 'any'}")
        elif not _satisfied(wanted, version):
            found.append(f"{wanted.name} {version}, wants {wanted.specifier}")
    return found


def _requirement(line: str) -> Requirement | None:
    text = line.partition(" #")[0].strip()
    if not text or text.startswith(("#", "-")):
        return None
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def _satisfied(wanted: Requirement, version: str) -> bool:
    try:
        return wanted.specifier.contains(Version(version), prereleases=True)
    except InvalidVersion:
        return True


def packages(python: str) -> dict[str, str]:
    """Return canonical name → version of what is installed for a Python; empty when its directories cannot be found."""
    found: dict[str, str] = {}
    for entry in installed(_directories(python)):
        name, _, version = entry.rpartition("-")
        if name and version[:1].isdigit():
            found[canonicalize_name(name)] = version
    return found


@lru_cache(maxsize=32)
def _directories(python: str) -> tuple[str, ...]:
    """Return the package directories of a Python, from where its executable lies (``<prefix>/bin/python``)."""
    if Path(python) == Path(sys.executable):
        return package_directories()
    prefix = Path(python).parent.parent
    found = sorted(str(p) for kind in ("site-packages", "dist-packages") for p in prefix.glob(f"lib/python3*/{kind}"))
    return tuple(found)
