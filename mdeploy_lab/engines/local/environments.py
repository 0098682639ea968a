"""Isolated environments: built by uv from a model's requirements, kept by the digest of what is in them."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from mdeploy_lab.models.deployment import Model
from mdeploy_lab.paths import Home

from .environ import base_environment
from .problems import StartProblem
from .requirements import installed, recorded_python, requirement_differences, requirements

__all__ = ["Environments", "requirement_differences"]

Progress = Callable[[float | None, str], None]
SERVER = ("httptools", "orjson", "pydantic", "uvicorn", "uvloop")
"""What the runtime needs beside mlflow, in the versions that the engine itself runs with."""
STEPS = {"Creating": 0.1, "Resolved": 0.3, "Prepared": 0.8, "Installed": 0.95}
EVIDENCE_LINES = 40
_UNFOUND = re.compile(r"No interpreter found|Failed to download|python-build-standalone")
_FRAME = " \u00d7\u2570\u2500\u25b6"
"""What uv draws around its errors."""


class Environments:
    """Builds and keeps isolated environments. Two revisions with the same requirements share one."""

    def __init__(self, home: Home, environ: Mapping[str, str] | None = None) -> None:
        self._root = home.environments
        source = os.environ if environ is None else environ
        self._environ = base_environment(source) | {n: v for n, v in source.items() if n.startswith("UV_")}
        if "PIP_INDEX_URL" in source:
            self._environ.setdefault("UV_DEFAULT_INDEX", source["PIP_INDEX_URL"])
        self._locks: collections.defaultdict[str, asyncio.Lock] = collections.defaultdict(asyncio.Lock)

    async def build(self, model_path: Path, model: Model, progress: Progress) -> str:
        """Return the interpreter of the environment for a model, built when there is none yet.

        Cancelling ends the build and leaves nothing behind.

        Raises
        ------
        StartProblem
            When it cannot be built; the evidence is what uv said last.
        """
        recipe = await asyncio.to_thread(_recipe, model_path, model)
        identity = {name: value for name, value in recipe.items() if name != "python"}
        digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
        target = self._root / digest
        async with self._locks[digest]:
            if not await asyncio.to_thread((target / "bin" / "python").exists):
                await self._build(target, recipe, progress)
            await asyncio.to_thread(_link_package, target)
        return str(target / "bin" / "python")

    async def _build(self, target: Path, recipe: Mapping[str, list[str]], progress: Progress) -> None:
        temporary = await asyncio.to_thread(self._temporary, target)
        try:
            await self._create(temporary, recipe["python"], progress)
            listed = temporary / "mdeploy-requirements.txt"
            await asyncio.to_thread(listed.write_text, "\n".join(recipe["requirements"]) + "\n")
            python = str(temporary / "bin" / "python")
            await self._uv(progress, "pip", "install", "--python", python, "-r", str(listed))
            await asyncio.to_thread(temporary.rename, target)
        except OSError as error:
            raise _problem(error.strerror or str(error), "") from error
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, temporary, ignore_errors=True))

    def _temporary(self, target: Path) -> Path:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._root.glob(f".{target.name}-*"):  # of an engine that died while it built
            shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=self._root))

    async def _create(self, directory: Path, pythons: list[str], progress: Progress) -> None:
        """Make an empty environment with the first Python that can be had."""
        problem: StartProblem | None = None
        for python in pythons:
            try:
                await self._uv(progress, "venv", "--allow-existing", "--relocatable", "--python", python, str(directory))
            except StartProblem as found:
                problem = problem or found
            else:
                return
        assert problem is not None
        raise _no_python(pythons[-1], problem.evidence) if _UNFOUND.search(problem.evidence) else problem

    async def _uv(self, progress: Progress, *arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(
            _uv_binary(),
            *arguments,
            "--no-progress",
            "--color=never",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=self._environ,
            start_new_session=True,
        )
        said: collections.deque[str] = collections.deque(maxlen=EVIDENCE_LINES)
        try:
            assert process.stderr is not None
            async for raw in process.stderr:
                line = raw.decode("utf-8", "replace").rstrip()
                said.append(line)
                word = line.split(" ", 1)[0]
                if word in STEPS:
                    progress(STEPS[word], line)
            code = await process.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            raise
        if code != 0:
            raise _problem(_error_line(said), "\n".join(said))


def _recipe(model_path: Path, model: Model) -> dict[str, list[str]]:
    """Return what goes into the environment; everything that changes it is in here."""
    file = model_path / "requirements.txt"
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        message = f"the model has no requirements.txt that can be read ({file})"
        raise StartProblem(
            "environment", message, hint="log the model with pip_requirements, or deploy without isolate"
        ) from None
    named = {canonicalize_name(r.name) for r in requirements(model_path)}
    own = installed(sys.executable)
    versions = own[1] if own else {}
    extra = [name for name in SERVER if name not in named]
    if not named & {"mlflow", "mlflow-skinny"}:
        extra.append(f"mlflow=={versions['mlflow']}" if "mlflow" in versions else "mlflow>=3,<4")
    elif "mlflow" not in named:
        extra.append("mlflow")
    pythons = _pythons(model_path, model)
    return {
        "python": pythons,
        "version": [python for python in pythons if os.sep not in python] or pythons,
        "platform": [platform.machine(), sysconfig.get_platform()],
        "requirements": [*(line.strip() for line in lines if line.strip()), *extra],
    }


def _pythons(model_path: Path, model: Model) -> list[str]:
    """Return which Python to ask uv for, the best first: the one that made the model, what that was made with, its version.

    uv finds the first two where it would not look; when the first is gone, the second often is not.
    """
    version = (model.interpreter.version if model.interpreter else "") or recorded_python(model_path)
    paths = (model.interpreter.path, model.interpreter.base) if model.interpreter else ()
    wanted = [path for path in paths if path and _is_still(path, version)]
    if version:
        wanted += [version, ".".join(version.split(".")[:2])]
    return list(dict.fromkeys(wanted)) or [sys.executable]


def _is_still(python: str, version: str) -> bool:
    """Return whether a Python is there and of the minor version that it was; a system's own is replaced in its place."""
    found = installed(python)
    return found is not None and (not version or found[0].split(".")[:2] == version.split(".")[:2])


def _link_package(environment: Path) -> None:
    """Make this mdeploy_lab, and nothing else from where it is installed, importable in the environment."""
    import mdeploy_lab

    source = Path(mdeploy_lab.__file__).resolve().parent
    for site in environment.glob("lib/python*/site-packages"):
        link = site / "mdeploy_lab"
        if link.is_symlink() and link.readlink() == source:
            continue
        with contextlib.suppress(FileNotFoundError):
            link.unlink()
        link.symlink_to(source, target_is_directory=True)


def _uv_binary() -> str:
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
    if found is None:
        message = "uv is not installed, which builds isolated environments"
        raise StartProblem("environment", message, hint="pip install uv", details={"cause": "uv"})
    return found


def _error_line(said: Iterable[str]) -> str:
    lines = [line.strip(_FRAME) for line in said if line.strip(_FRAME)]
    return next((line for line in lines if line.startswith(("error", "No solution"))), lines[-1] if lines else "uv failed")


def _no_python(version: str, evidence: str) -> StartProblem:
    return StartProblem(
        "environment",
        f"the isolated environment needs Python {version}, which is not installed and cannot be downloaded",
        hint=f"install Python {version} so that it is on PATH, or train and deploy again from an environment that is there",
        evidence=evidence,
    )


def _problem(line: str, evidence: str) -> StartProblem:
    return StartProblem(
        "environment",
        f"the isolated environment cannot be built: {line.strip(_FRAME)}",
        hint="see the evidence; check the model's requirements.txt and the package index, or deploy without isolate",
        evidence=evidence,
    )
