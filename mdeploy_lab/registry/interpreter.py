"""Say which Python this is: its path, its version, and a fingerprint of the packages installed in it.

The fingerprint is made of the names of ``*.dist-info`` directories, which hold name and version, so that it costs one directory
listing rather than the parsing of several hundred metadata files.
"""

from __future__ import annotations

import hashlib
import os
import platform
import site
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from mdeploy_lab import __version__
from mdeploy_lab.models.deployment import Interpreter

_SUFFIXES = (".dist-info", ".egg-info", ".egg-link")


def this_interpreter() -> Interpreter:
    """Return the running interpreter. Cached until a package is installed or removed; at most some milliseconds."""
    directories = package_directories()
    return _interpreter(tuple((d, _changed_at(d)) for d in directories))


def package_directories() -> tuple[str, ...]:
    """Return the directories that packages of this interpreter are installed in, as they are searched."""
    found = list(site.getsitepackages())
    if site.ENABLE_USER_SITE:
        found.append(site.getusersitepackages())
    return tuple(dict.fromkeys(os.path.realpath(d) for d in found))


def installed(directories: Iterable[str]) -> frozenset[str]:
    """Return ``name-version`` of every distribution installed in these directories; those that are missing hold none."""
    names: set[str] = set()
    for directory in directories:
        try:
            with os.scandir(directory) as entries:
                names.update(e.name.rsplit(".", 1)[0].lower().replace("_", "-") for e in entries if e.name.endswith(_SUFFIXES))
        except OSError:  # a directory on the search path need not exist
            continue
    return frozenset(names)


def fingerprint(directories: Iterable[str]) -> str:
    """Return a short digest of what is installed in these directories."""
    return hashlib.sha256("\n".join(sorted(installed(directories))).encode()).hexdigest()[:16]


def _changed_at(directory: str) -> int:
    try:
        return Path(directory).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=8)
def _interpreter(directories: tuple[tuple[str, int], ...]) -> Interpreter:
    return Interpreter(
        path=sys.executable,
        version=platform.python_version(),
        fingerprint=fingerprint(d for d, _ in directories),
        mdeploy_version=__version__,
        base=str(Path(sys.base_prefix, "bin", "python{}.{}".format(*sys.version_info))),
    )
