"""The interface's code as this package brings it, for front ends that cannot fetch it from a Jupyter server."""

from __future__ import annotations

import functools
from pathlib import Path

import mdeploy_lab
from mdeploy_lab.errors import NotCapable

_STATIC = Path(mdeploy_lab.__file__).parent / "labextension" / "static"


def _file() -> Path:
    found = sorted(_STATIC.glob("widget-*.js"))
    if not found:
        raise NotCapable(
            "this installation has no interface to show", hint="install mdeploy-lab from a wheel, or run `make setup`"
        )
    return found[-1]


def asset() -> str:
    """Return the name of the file, which has a digest of its content; a server of the same version serves it."""
    return _file().name


@functools.cache
def interface() -> str:
    """Return the code."""
    return _file().read_text(encoding="utf-8")
