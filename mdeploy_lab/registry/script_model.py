"""Make a model directory of a script: linked to where it lies, to try it; copied, to register it as a model version."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from mdeploy_lab.models.deployment import Interpreter
from mdeploy_lab.paths import Home
from mdeploy_lab.registry import mlmodel, versions
from mdeploy_lab.registry.backend import Backend
from mdeploy_lab.registry.model_name import registered_name
from mdeploy_lab.registry.scripts import REQUIREMENTS, SERVING_EXAMPLE, Script
from mdeploy_lab.runtime.scripts import example, manifest

FLAVOR = "python_function"


def link(script: Script, directory: Path) -> None:
    """Make a model directory whose files are links: what is edited is what is served, and nothing else is there."""
    _lay(script, directory, copied=False)
    document = {"flavors": {FLAVOR: _flavor(script)}, "metadata": {"mdeploy": {"script": script.manifest.file}}}
    (directory / mlmodel.FILE).write_text(yaml.safe_dump(document), encoding="utf-8")


def register(
    script: Script, name: str, home: Home, backend: Backend, interpreter: Interpreter | None
) -> tuple[versions.Version, bool]:
    """Register a copy as a version of ``name``; return it, and whether it was there already.

    Raises
    ------
    RegistryUnavailable
        When the registry cannot be written; nothing half-made is left there.
    """
    registered = registered_name(name)
    client = versions.open_client(home, backend)
    digest = script.digest()
    found = versions.find(client, backend, registered, digest)
    if found is not None:
        return found, True
    told = {"script": script.manifest.file, "digest": digest, "lineage": {"script": str(script.origin)}}
    if interpreter is not None:
        told["interpreter"] = interpreter.model_dump(mode="json")
    tags = {versions.DIGEST_TAG: digest, "mdeploy.name": name[:1000], "mdeploy.script": str(script.origin)[:4000]}

    def save(directory: Path, model: Any) -> None:
        directory.mkdir()
        _lay(script, directory, copied=True)
        model.add_flavor(FLAVOR, **_flavor(script))
        model.metadata = {"mdeploy": told}
        model.signature = example.signature_of(script.body) if script.body is not None else None
        _environment(directory, interpreter)
        model.save(str(directory / mlmodel.FILE))

    return versions.add(client, home, backend, registered, save, tags=tags), False


def _flavor(script: Script) -> dict[str, Any]:
    """Return the flavour's entry in MLmodel, as MLflow's own writer makes it."""
    return {
        "loader_module": manifest.LOADER,
        "data": manifest.FILE,
        "streamable": script.source.streams,
        "python_version": "{}.{}.{}".format(*sys.version_info[:3]),
        "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
    }


def _lay(script: Script, directory: Path, *, copied: bool) -> None:
    script.manifest.write(directory)
    for file in script.files:
        _place(script.folder / file, directory / manifest.FOLDER / file, copied=copied)
    if script.artifact is not None:
        _place_artifact(script.artifact, directory / script.manifest.artifact, copied=copied)
    text = "".join(f"{line}\n" for line in script.requirements)
    (directory / REQUIREMENTS).write_text(text, encoding="utf-8")
    if script.body is not None:
        (directory / SERVING_EXAMPLE).write_text(json.dumps(script.body), encoding="utf-8")


def _place(file: Path, target: Path, *, copied: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if copied:
        shutil.copy2(file, target)
    else:
        target.symlink_to(file.absolute())


def _place_artifact(artifact: Path, target: Path, *, copied: bool) -> None:
    if artifact.is_dir() and copied:
        shutil.copytree(artifact, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        _place(artifact, target, copied=copied)


def _environment(directory: Path, interpreter: Interpreter | None) -> None:
    """Write the files that MLflow's own tools make an environment from."""
    python = interpreter.version if interpreter is not None else "{}.{}.{}".format(*sys.version_info[:3])
    pip = [f"-r {REQUIREMENTS}"]
    conda = {"name": "mlflow-env", "channels": ["conda-forge"], "dependencies": [f"python={python}", "pip", {"pip": pip}]}
    (directory / "conda.yaml").write_text(yaml.safe_dump(conda, sort_keys=False), encoding="utf-8")
    build = {"python": python, "build_dependencies": ["pip"], "dependencies": pip}
    (directory / "python_env.yaml").write_text(yaml.safe_dump(build, sort_keys=False), encoding="utf-8")
