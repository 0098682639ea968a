"""What ``%load_ext mdeploy_lab`` does, and ``%unload_ext`` undoes."""

from __future__ import annotations

import threading
from importlib import import_module
from typing import Any

from mdeploy_lab.client.progress import show_progress_with
from mdeploy_lab.notebook.completion import Completion
from mdeploy_lab.notebook.magics import DeployMagics
from mdeploy_lab.notebook.reporter import reporter_for

WARM = ("mdeploy_lab.client.sync", "mdeploy_lab.values")
_completions: dict[int, Completion] = {}


def load(ipython: Any) -> None:
    """Register ``%deploy`` and ``%%deploy``, their completion and progress; import what a deploy needs in the background."""
    unload(ipython)
    ipython.register_magics(DeployMagics(ipython))
    completion = Completion(ipython)
    completion.install()
    _completions[id(ipython)] = completion
    show_progress_with(lambda: reporter_for(ipython))
    threading.Thread(target=_warm, name="mdeploy-imports", daemon=True).start()


def unload(ipython: Any) -> None:
    """Take everything away again."""
    completion = _completions.pop(id(ipython), None)
    if completion is None:
        return
    completion.remove()
    show_progress_with(None)
    for kind in ("line", "cell"):
        ipython.magics_manager.magics[kind].pop("deploy", None)


def _warm() -> None:
    """Import mlflow through the parts that use it, so that the first deploy does not wait for it."""
    for module in WARM:
        try:
            import_module(module)
        except Exception:  # noqa: BLE001  # the deploy itself says what is missing, with a hint
            return
    from mdeploy_lab.registry.warming import warm

    warm()
