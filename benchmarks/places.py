"""Fresh homes, what runs in them, and their end."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


@contextmanager
def fresh_home(cache: Path | None = None) -> Iterator[dict[str, str]]:
    """Yield an environment with an empty home; with ``cache``, the user's cache directory is that one.

    When the block ends, so do the engine, its replicas and its gateway.
    """
    directory = Path(tempfile.mkdtemp(prefix="mdl-bench-"))
    try:
        environ = environment(directory, cache or directory / "cache")
        yield environ
        stop_engine(environ)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def environment(directory: Path, cache: Path) -> dict[str, str]:
    """Return this process' environment with every place of ours inside ``directory``."""
    places = {
        "MDEPLOY_HOME": directory / "home",
        "XDG_RUNTIME_DIR": directory / "run",
        "XDG_CACHE_HOME": cache,
        "IPYTHONDIR": directory / "ipython",
    }
    for path in places.values():
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MDEPLOY_", "MLFLOW_"))}
    return {**kept, **{k: str(v) for k, v in places.items()}}


@contextmanager
def here(environ: dict[str, str]) -> Iterator[None]:
    """Make ``environ`` this process' own for the block."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def engine_socket(environ: dict[str, str]) -> Path:
    """Return the API socket of the home of ``environ``."""
    from mdeploy_lab.paths import find_home

    with here(environ):
        return find_home().socket


def api(environ: dict[str, str]) -> httpx.Client:
    """Return an HTTP client of the engine's API."""
    transport = httpx.HTTPTransport(uds=str(engine_socket(environ)))
    return httpx.Client(transport=transport, base_url="http://mdeploy", timeout=60)


def stop_engine(environ: dict[str, str]) -> None:
    """End the engine with everything that it runs."""
    socket = engine_socket(environ)
    if not socket.exists():
        return
    with api(environ) as http:
        http.post("/engine/stop")
    wait_until(lambda: not socket.exists(), 60, "the engine's end")


def wait_until(condition: Callable[[], object], seconds: float, what: str, pause: float = 0.02) -> None:
    """Poll until ``condition()`` is true; after ``seconds`` say what did not come."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(pause)


def private_bytes(pid: int) -> int:
    """Return the memory that only this process has."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(x.split()[1]) * 1024 for x in lines if x.startswith(("Private_Clean:", "Private_Dirty:")))


def cpu_seconds(pid: int) -> float:
    """Return the processor time that this process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
