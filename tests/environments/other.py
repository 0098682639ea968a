"""A second environment: another Python where one is installed, another numpy, the bare product and no Jupyter server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests.server.jupyter import ROOT

CHOSEN = "MDEPLOY_TEST_PYTHON"
"""A variable that names the other Python, for those who want to try several."""
SUPPORTED = (10, 13, 12, 11)
"""Minor versions, those most unlike the others first."""
BUILD_SECONDS = 180
AWAY = re.compile(
    r"error sending request|dns error|failed to lookup|connect error|timed? ?out|connection refused", re.IGNORECASE
)


class IndexAway(Exception):
    """The package index cannot be reached from here."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment and what is in it that matters here."""

    root: Path
    version: str
    numpy: str

    @property
    def python(self) -> Path:
        return self.root / "bin/python"

    @property
    def mdeploy(self) -> Path:
        return self.root / "bin/mdeploy"

    @property
    def another_python(self) -> bool:
        return not self.version.startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")


def another_python() -> Path:
    """Return a Python of another minor version than ours; ours when none is installed."""
    chosen = os.environ.get(CHOSEN)
    if chosen:
        return Path(chosen)
    found = {minor: path for path in _installed() if (minor := _minor(path)) is not None}
    found.pop(sys.version_info[1], None)
    return next((found[minor] for minor in SUPPORTED if minor in found), Path(sys.executable))


def _installed() -> Iterator[Path]:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    places = ["/usr/bin", "/usr/local/bin", *os.environ.get("PATH", "").split(os.pathsep)]
    for directory in (*pyenv.glob("versions/*/bin"), *(Path(place) for place in dict.fromkeys(places))):
        for minor in SUPPORTED:
            path = directory / f"python3.{minor}"
            if path.is_file() and "shims" not in path.parts:
                yield path


def _minor(python: Path) -> int | None:
    """Return the minor version of a CPython that works, asked from itself."""
    ask = "import sys, ssl, sqlite3; print(sys.implementation.name, sys.version_info[1])"
    try:
        said = subprocess.run([python, "-c", ask], capture_output=True, text=True, timeout=20, check=False).stdout.split()
    except (OSError, subprocess.TimeoutExpired):
        return None
    return int(said[1]) if len(said) == 2 and said[0] == "cpython" else None


def uv() -> str:
    return shutil.which("uv") or str(Path(sysconfig.get_path("scripts")) / "uv")


def build(root: Path, wheel: Path) -> Environment:
    """Make the environment. Versions are those of the lock file, so that what `make setup` downloaded serves again."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = [
        line.rstrip("\\ ") for line in lock.splitlines() if re.match(r"[A-Za-z0-9]", line) and not line.startswith("numpy==")
    ]
    root.mkdir()
    (root / "constraints.txt").write_text("\n".join(pins), encoding="utf-8")
    major, minor = version("numpy").split(".")[:2]
    _uv("venv", "--allow-existing", "--python", str(another_python()), str(root))
    wanted = [str(wheel), "ipykernel", "scikit-learn", f"numpy<{major}.{minor}"]
    _uv("pip", "install", "--python", str(root / "bin/python"), "-c", str(root / "constraints.txt"), *wanted)
    ask = "import platform, importlib.metadata as m; print(platform.python_version(), m.version('numpy'))"
    said = subprocess.run([root / "bin/python", "-c", ask], capture_output=True, text=True, timeout=60, check=True)
    return Environment(root, *said.stdout.split())


def _uv(*arguments: str) -> None:
    environ = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_LINK_MODE": "hardlink"}
    command = [uv(), *arguments, "--no-progress", "--color=never"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False, env=environ)
    except subprocess.TimeoutExpired as error:
        raise IndexAway(f"uv {arguments[0]} took over {BUILD_SECONDS} s") from error
    if done.returncode == 0:
        return
    if AWAY.search(done.stderr):
        raise IndexAway(done.stderr[-500:])
    raise AssertionError(f"uv {' '.join(arguments)}:\n{done.stderr[-3000:]}")
