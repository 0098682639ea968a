"""A real Jupyter server in a process of its own, isolated from this machine's configuration."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from mdeploy_lab.paths import Home, find_home
from tests.e2e.census import census, kill, until

ROOT = Path(__file__).parents[2]
TOKEN = "test-token-of-jupyter"
START_SECONDS = 60.0
OTHERS = ("jupyterlab", "notebook", "notebook_shim", "jupyter_lsp", "jupyter_server_terminals")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def engine_home() -> Iterator[Home]:
    """A home for a real engine, which ends with the block."""
    root = Path(tempfile.mkdtemp(prefix="mdb"))
    found = find_home(root / "home")
    try:
        yield found
        if found.socket.exists():
            with httpx.Client(transport=httpx.HTTPTransport(uds=str(found.socket)), base_url="http://engine") as http:
                http.post("/engine/stop")
            until("the engine and everything of it to end", lambda: not census(found), 30)
    finally:
        left = census(found)
        kill(found, *{p.kind for p in left})
        shutil.rmtree(found.run, ignore_errors=True)
        shutil.rmtree(root, ignore_errors=True)
        assert not left, f"left behind: {left}"


@dataclass
class Jupyter:
    """``jupyter server`` or ``jupyter lab`` with our extension, as a wheel would install it."""

    folder: Path
    home: Path
    command: str = "server"
    base: str = "/user/jo/"
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    token: str = TOKEN
    process: subprocess.Popen[bytes] | None = None
    bare: bool = False
    """Without our extensions, as another installation."""
    half: bool = False
    """With the extension of JupyterLab and without that of the server."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.base}"

    @property
    def api(self) -> str:
        return f"{self.url}mdeploy/api"

    @property
    def events(self) -> str:
        return f"ws://127.0.0.1:{self.port}{self.base}mdeploy/api/events"

    @property
    def log(self) -> str:
        return (self.folder / "jupyter.log").read_text(errors="replace")

    def start(self) -> Jupyter:
        self.port = free_port()
        self._install()
        with (self.folder / "jupyter.log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    *(["jupyterlab"] if self.command == "lab" else [self.command.replace("server", "jupyter_server")]),
                    "--no-browser",
                    "--allow-root",
                    "--ServerApp.ip=127.0.0.1",
                    f"--ServerApp.port={self.port}",
                    "--ServerApp.port_retries=0",
                    f"--ServerApp.base_url={self.base}",
                    f"--ServerApp.root_dir={self.folder / 'work'}",
                    f"--IdentityProvider.token={self.token}",
                    *self.arguments,
                ],
                env=self._environment(),
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait()
        return self

    def _install(self) -> None:
        config = self.folder / "config"
        for part in ("config", "data/labextensions", "runtime", "ipython", "work", "lab/settings"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        ours = json.loads((ROOT / "jupyter-config/server-config/mdeploy_lab.json").read_text(encoding="utf-8"))
        if self.bare or self.half:
            ours["ServerApp"]["jpserver_extensions"]["mdeploy_lab.server"] = False
        if self.command == "server":
            ours["ServerApp"]["jpserver_extensions"] |= dict.fromkeys(OTHERS, False)
        (config / "jupyter_server_config.json").write_text(json.dumps(ours), encoding="utf-8")
        link = self.folder / "data/labextensions/mdeploy-lab"
        if self.bare:
            labconfig = config / "labconfig"
            labconfig.mkdir(exist_ok=True)
            disabled = {"disabledExtensions": {"mdeploy-lab": True}}
            (labconfig / "page_config.json").write_text(json.dumps(disabled), encoding="utf-8")
        elif not link.exists():
            link.symlink_to(ROOT / "mdeploy_lab/labextension")
        settings = config / "labconfig"
        settings.mkdir(exist_ok=True)
        (settings / "default_setting_overrides.json").write_text(
            json.dumps(
                {
                    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
                }
            ),
            encoding="utf-8",
        )

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY_", "MDEPLOY"))}
        return {
            **kept,
            "JUPYTER_CONFIG_DIR": str(self.folder / "config"),
            "JUPYTER_DATA_DIR": str(self.folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "runtime"),
            "IPYTHONDIR": str(self.folder / "ipython"),
            "JUPYTER_PLATFORM_DIRS": "1",
            "MDEPLOY_HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            **self.environment,
        }

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process is not None
            if self.process.poll() is not None:
                raise AssertionError(f"Jupyter ended:\n{self.log[-3000:]}")
            try:
                if httpx.get(f"{self.url}api", timeout=1).status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError(f"Jupyter did not start in {START_SECONDS} s:\n{self.log[-3000:]}")

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)
        self.process = None

    def client(self, *, token: bool = True, **options: object) -> httpx.AsyncClient:
        headers = {"Authorization": f"token {self.token}"} if token else {}
        return httpx.AsyncClient(base_url=self.api, headers=headers, timeout=30, trust_env=False, **options)  # type: ignore[arg-type]

    def problems(self) -> list[str]:
        """Return the exceptions that Jupyter logged."""
        return re.findall(r"^ *Traceback[\s\S]*?(?=^\[)", self.log, re.MULTILINE)
