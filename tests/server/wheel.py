"""The wheel, built as a release is: from a copy of what git knows and the built extension, with no Node in reach."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.server.jupyter import ROOT


def build_wheel(source: Path, out: Path) -> Path:
    """Build the wheel in ``source``, an empty directory, into ``out``."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name)
    shutil.copytree(ROOT / "mdeploy_lab/labextension", source / "mdeploy_lab/labextension")
    built = source / "mdeploy_lab/labextension/static/style.js"
    os.utime(built)
    uv = shutil.which("uv") or str(Path(sysconfig.get_path("scripts")) / "uv")
    subprocess.run(
        [uv, "build", "--wheel", "--python", sys.executable, "--out-dir", str(out), str(source)],
        check=True,
        capture_output=True,
        env={**os.environ, "PATH": "/usr/bin/nonexistent"},
    )
    return next(out.glob("*.whl"))
