"""Build the JupyterLab extension before a wheel or sdist is made, unless it is there and no older than its sources."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = "mdeploy_lab/labextension/static/style.js"
SOURCES = ("package.json", "tsconfig.json", "labextension/src", "labextension/style", "labextension/schema")


def is_built(root: Path) -> bool:
    """Return whether the extension is there and no source is newer; an sdist brings it built."""
    built = root / BUILT
    if not built.exists():
        return False
    if (root / "PKG-INFO").exists():
        return True
    files = (file for name in SOURCES for file in ((root / name).rglob("*") if (root / name).is_dir() else [root / name]))
    return all(file.stat().st_mtime <= built.stat().st_mtime for file in files if file.is_file())


class LabExtensionHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling asks for no configuration class
    """Calls ``jlpm``, which the package jupyter-builder brings; needs Node, and only when something has to be built."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for jlpm only when it will be used."""
        return [] if is_built(Path(self.root)) else ["jupyter-builder>=1.2,<2"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build when needed."""
        del version, build_data
        if is_built(Path(self.root)):
            return
        if shutil.which("node") is None or shutil.which("jlpm") is None:
            message = "building mdeploy_lab from its repository needs Node 20 or newer; a wheel or sdist needs none"
            raise RuntimeError(message)
        for command in (["jlpm", "install", "--immutable"], ["jlpm", "run", "build:prod"]):
            subprocess.run(command, cwd=self.root, check=True)
