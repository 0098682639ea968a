"""What can be compared of two models: metrics, parameters, tags, signature, flavors, requirements; by dotted path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mdeploy_lab.registry import mlmodel

_REQUIREMENT = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(.*)$")
_VERSIONS = ("sklearn_version", "xgb_version", "lgb_version", "catboost_version", "torch_version", "pytorch_version")


def of_files(directory: Path) -> dict[str, Any]:
    """Return what the files of a model say, without mlflow.

    Raises
    ------
    ModelNotFound
        When there is no model in the directory.
    """
    found = mlmodel.read(directory)
    facts: dict[str, Any] = {f"flavors.{flavor}": _version(found.raw.get(flavor)) for flavor in found.flavors}
    for part in ("inputs", "outputs", "params"):
        facts |= dict(_signature(part, found.signature.get(part)))
    return facts | dict(_requirements(directory))


def of_registry(metrics: Mapping[str, float], params: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, Any]:
    """Return what a registry knows of a version; what MLflow keeps for itself among the tags is left out."""
    kept = {k: v for k, v in tags.items() if not k.startswith(("mlflow.", "mdeploy."))}
    return {
        f"{part}.{name}": value
        for part, values in (("metrics", metrics), ("params", params), ("tags", kept))
        for name, value in values.items()
    }


def _version(flavor: Any) -> str:
    known = flavor if isinstance(flavor, Mapping) else {}
    return next((str(known[name]) for name in _VERSIONS if name in known), "yes")


def _signature(part: str, text: Any) -> Iterator[tuple[str, Any]]:
    try:
        fields = json.loads(text) if isinstance(text, str) else []
    except ValueError:
        return
    for number, spec in enumerate(f for f in fields if isinstance(f, dict)):
        name = spec.get("name") or f"#{number}"
        optional = "" if spec.get("required", True) or part == "params" else " (optional)"
        yield f"signature.{part}.{name}", f"{_type(spec)}{optional}"


def _type(spec: Mapping[str, Any]) -> str:
    """Return a type of the signature's JSON in a few words."""
    tensor = spec.get("tensor-spec")
    if isinstance(tensor, Mapping):
        return f"{tensor.get('dtype')}{tensor.get('shape')}"
    kind, items, properties = spec.get("type"), spec.get("items"), spec.get("properties")
    if kind == "array" and isinstance(items, Mapping):
        return f"array({_type(items)})"
    if kind == "map" and isinstance(spec.get("values"), Mapping):
        return f"map({_type(spec['values'])})"
    if kind == "object" and isinstance(properties, Mapping):
        return f"object({', '.join(f'{name}: {_type(value)}' for name, value in properties.items())})"
    return str(kind)


def _requirements(directory: Path) -> Iterator[tuple[str, Any]]:
    try:
        lines = (directory / "requirements.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        match = _REQUIREMENT.match(line.strip())
        if match is not None:
            yield f"requirements.{match[1]}", match[2] or "any"
