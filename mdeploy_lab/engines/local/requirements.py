"""Compare what a model was made with and what an interpreter has, before anything starts."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ASK = """
import importlib.metadata, json, sys
packages = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions() if d.metadata["Name"]}
print(json.dumps({"python": "%d.%d.%d" % sys.version_info[:3], "packages": packages}))
"""
ASK_TIMEOUT = 30.0


def requirement_differences(model_dir: str | Path, interpreter: str) -> list[str]:
    """Return one line for each requirement of a model that an interpreter does not meet. Blocking, cached per interpreter.

    An interpreter that cannot be asked has no differences to tell; starting a replica in it says what is wrong.
    """
    wanted = requirements(Path(model_dir))
    found = installed(interpreter)
    if found is None:
        return []
    python, packages = found
    lines = [_python_difference(recorded_python(Path(model_dir)), python)]
    lines += [_difference(requirement, packages) for requirement in wanted]
    return [line for line in lines if line]


def requirements(model_dir: Path) -> list[Requirement]:
    """Return a model's requirements that hold on this machine; options and what pip alone understands are left out."""
    found = []
    try:
        lines = (model_dir / "requirements.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    for line in lines:
        text = line.partition(" #")[0].strip()
        if not text or text.startswith(("#", "-")):
            continue
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate():
            found.append(requirement)
    return found


def recorded_python(model_dir: Path) -> str:
    """Return the Python version that a model was made with, or nothing."""
    try:
        raw = yaml.safe_load((model_dir / "python_env.yaml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return ""
    return str(raw.get("python", "")) if isinstance(raw, dict) else ""


def installed(interpreter: str) -> tuple[str, Mapping[str, str]] | None:
    """Return an interpreter's version and its packages, by canonical name; None when it cannot be asked."""
    try:
        return _installed(interpreter, _state(interpreter))
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None


@lru_cache(maxsize=64)
def _installed(interpreter: str, _state: tuple[int, ...]) -> tuple[str, Mapping[str, str]]:
    if Path(interpreter) == Path(sys.executable):
        names = ((d.metadata["Name"], d.version) for d in importlib.metadata.distributions())
        python, packages = "{}.{}.{}".format(*sys.version_info[:3]), {name: version for name, version in names if name}
    else:
        command = [interpreter, "-I", "-c", ASK]
        answer = subprocess.run(command, capture_output=True, timeout=ASK_TIMEOUT, check=True, stdin=subprocess.DEVNULL)
        raw = json.loads(answer.stdout)
        python, packages = raw["python"], raw["packages"]
    return python, {canonicalize_name(name): version for name, version in packages.items()}


def _state(interpreter: str) -> tuple[int, ...]:
    """Return what changes when packages are installed: the times of the interpreter's library directories."""
    path = Path(interpreter)
    libraries = sorted(path.parent.parent.glob("lib/python*/site-packages"))
    return tuple(p.stat().st_mtime_ns for p in (path, *libraries))


def _difference(requirement: Requirement, packages: Mapping[str, str]) -> str:
    version = packages.get(canonicalize_name(requirement.name))
    wanted = f"{requirement.name}{requirement.specifier}"
    if version is None:
        return f"{requirement.name} is not installed; the model was made with {wanted}"
    if requirement.specifier and not requirement.specifier.contains(version, prereleases=True):
        return f"{requirement.name} is {version} here; the model was made with {wanted}"
    return ""


def _python_difference(recorded: str, python: str) -> str:
    if recorded and recorded.split(".")[:2] != python.split(".")[:2]:
        return f"Python is {python} here; the model was made with {recorded}"
    return ""
