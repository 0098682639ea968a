"""Where things lie: the home (kept) and the private runtime directory (sockets, gone after a reboot)."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mdeploy_lab.errors import HomeUnusable

SOCKET_LIMIT = 107
"""Bytes of a Unix socket's path that Linux accepts."""


@dataclass(frozen=True)
class Home:
    """The directories of one home. Nothing is created by naming them."""

    root: Path
    run: Path

    @property
    def database(self) -> Path:
        """The SQLite database, opened by the engine only."""
        return self.root / "mdeploy.db"

    @property
    def config(self) -> Path:
        """``config.toml``."""
        return self.root / "config.toml"

    @property
    def keys(self) -> Path:
        """Signing keys (0700)."""
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        """Replica logs: ``<uid>/<replica>.jsonl``."""
        return self.root / "logs"

    @property
    def state(self) -> Path:
        """Engine state that must survive: replica specs, the chosen gateway port, Envoy's configuration."""
        return self.root / "state"

    @property
    def environments(self) -> Path:
        """Isolated environments, by the digest of their requirements."""
        return self.root / "environments"

    @property
    def registry(self) -> Path:
        """The default MLflow registry: ``mlflow.db`` and ``artifacts``."""
        return self.root / "registry"

    @property
    def supervisor_alive(self) -> Path:
        """The file that the engine's supervisor holds locked for life."""
        return self.run / "supervisor.alive"

    @property
    def engine_log(self) -> Path:
        """What the engine and its supervisor wrote."""
        return self.root / "logs" / "engine.log"

    @property
    def socket(self) -> Path:
        """The engine's API socket."""
        return self.run / "engine.sock"

    def create(self) -> Home:
        """Create the home and the runtime directory, both 0700 and ours.

        Raises
        ------
        HomeUnusable
            When a directory cannot be made or belongs to somebody else.
        """
        for path in (self.root, self.run, self.keys, self.logs, self.state):
            _private(path)
        return self


def home_root(explicit: str | os.PathLike[str] | None = None) -> Path:
    """Return the home: the argument, else ``$MDEPLOY_HOME``, else the platform's data directory."""
    chosen = explicit or os.environ.get("MDEPLOY_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("mdeploy", appauthor=False)


def find_home(explicit: str | os.PathLike[str] | None = None) -> Home:
    """Return the home's directories; the runtime directory is short, private and made from the home's path."""
    root = home_root(explicit)
    digest = hashlib.sha256(os.fsencode(root.resolve() if root.exists() else root)).hexdigest()[:12]
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and Path(base).is_dir() and os.access(base, os.W_OK) and len(base) < 40:  # noqa: PLR2004
        return Home(root, Path(base) / f"mdeploy-{digest}")
    return Home(root, Path(_temporary()) / f"mdeploy-{os.getuid()}-{digest}")


def _temporary() -> str:
    """Return a temporary directory short enough for sockets."""
    chosen = tempfile.gettempdir()
    return chosen if len(chosen) < 40 else "/tmp"  # noqa: PLR2004, S108  # guarded by _private


def _private(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = path.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
            raise HomeUnusable(
                f"{path} belongs to somebody else or is no directory",
                hint="set MDEPLOY_HOME (or XDG_RUNTIME_DIR) to a directory of your own",
            )
        if stat.S_IMODE(info.st_mode) & 0o077:
            path.chmod(0o700)
    except OSError as error:
        raise HomeUnusable(
            f"cannot use {path}: {error.strerror or error}",
            hint="make it writable, free some space, or set MDEPLOY_HOME to another directory",
        ) from error
