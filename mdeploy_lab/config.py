"""Settings with their origin: argument > environment > ``config.toml`` in the home > default."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.models.access import Group, InstanceType, Quota
from mdeploy_lab.models.names import is_group
from mdeploy_lab.models.requests import Setting

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - Python 3.10
    import tomli as tomllib

GIB = 2**30

INSTANCE_TYPES = (
    InstanceType(name="nano", cpu=0.5, memory=GIB // 2, description="0.5 vCPU, 512 MiB"),
    InstanceType(name="small", cpu=1, memory=GIB, description="1 vCPU, 1 GiB"),
    InstanceType(name="medium", cpu=2, memory=4 * GIB, description="2 vCPU, 4 GiB"),
    InstanceType(name="large", cpu=4, memory=8 * GIB, description="4 vCPU, 8 GiB"),
)

DEFAULTS: Mapping[str, Any] = {
    "engine": "local",
    "group": "default",
    "gateway.bind": "127.0.0.1",
    "gateway.port": 0,
    "gateway.public_url": "",
    "gateway.host_suffix": "mdeploy.localhost",
    "gateway.tls_cert": "",
    "gateway.tls_key": "",
    "logs.days": 7,
    "drain_seconds": 10.0,
}

ENVIRONMENT: Mapping[str, str] = {
    "engine": "MDEPLOY_ENGINE",
    "group": "MDEPLOY_GROUP",
    "gateway.port": "MDEPLOY_GATEWAY_PORT",
    "gateway.bind": "MDEPLOY_GATEWAY_BIND",
    "gateway.public_url": "MDEPLOY_GATEWAY_PUBLIC_URL",
}


class Config:
    """Settings of one home, read once."""

    def __init__(self, path: Path | None = None, environ: Mapping[str, str] | None = None) -> None:
        self._path = path
        self._environ = os.environ if environ is None else environ
        self._file = _read(path)

    def setting(self, name: str) -> Setting:
        """Return a setting's value and origin, in the default's type."""
        default = DEFAULTS[name]
        variable = ENVIRONMENT.get(name)
        if variable and self._environ.get(variable):
            return Setting(
                name=name,
                value=_typed(name, self._environ[variable], default),
                origin=f"environment {variable}",
            )
        node: Any = self._file
        for part in name.split("."):
            node = node.get(part) if isinstance(node, dict) else None
        if node is not None:
            return Setting(name=name, value=_typed(name, node, default), origin=f"file {self._path}")
        return Setting(name=name, value=default, origin="default")

    def get(self, name: str) -> Any:
        """Return a setting's value."""
        return self.setting(name).value

    def all(self) -> tuple[Setting, ...]:
        """Return every setting, sorted by name."""
        return tuple(self.setting(name) for name in sorted(DEFAULTS))

    def instance_types(self) -> dict[str, InstanceType]:
        """Return the built-in instance types, and those of ``[instance_types.NAME]``: ``cpu``, ``memory`` (bytes or "2Gi")."""
        found = {t.name: t for t in INSTANCE_TYPES}
        for name, raw in _table(self._file, "instance_types").items():
            values = dict(raw)
            _check_known(f"instance_types.{name}", values, ("cpu", "memory", "gpu", "description"))
            if "memory" in values:
                values["memory"] = _bytes(f"instance_types.{name}.memory", values["memory"])
            found[name] = _parsed(f"instance_types.{name}", InstanceType, {"name": name, **values})
        return found

    def groups(self) -> dict[str, Group]:
        """Return the groups of ``[groups.NAME]`` (``title``, ``enabled``, ``members``, ``quota``), and always ``default``."""
        found = {"default": Group(name="default")}
        for name, raw in _table(self._file, "groups").items():
            if not is_group(name):
                raise InvalidInput(
                    f"groups.{name[:80]}: a group's name has 1 to 63 lower-case letters, digits and inner hyphens",
                    hint="use such a name, and title for how people write it",
                )
            found[name] = _group(f"groups.{name}", name, raw, ("title", "enabled", "members", "quota"))
        return found

    def groups_default(self) -> Group:
        """Return the limits of ``[groups_default]``: those of JupyterHub's groups that have no ``[groups.NAME]``."""
        raw = self._file.get("groups_default", {})
        if not isinstance(raw, dict):
            raise InvalidInput(
                "groups_default in config.toml must be a table", hint="write [groups_default] and its keys below"
            )
        return _group("groups_default", "", raw, ("enabled", "quota"))


def _read(path: Path | None) -> dict[str, Any]:
    if path is None or not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {error}", hint="mend the file, or move it away") from error


def _table(file: Mapping[str, Any], name: str) -> Mapping[str, Mapping[str, Any]]:
    table = file.get(name, {})
    if not isinstance(table, dict) or not all(isinstance(v, dict) for v in table.values()):
        raise InvalidInput(f"[{name}] in config.toml must hold tables", hint=f"write [{name}.NAME] and its keys below")
    return table


def _group(where: str, name: str, raw: Mapping[str, Any], known: tuple[str, ...]) -> Group:
    values = dict(raw)
    _check_known(where, values, known)
    quota = values.pop("quota", {})
    if not isinstance(quota, dict):
        raise InvalidInput(f"{where}.quota must be a table", hint=f"write [{where}.quota] and its keys below")
    _check_known(f"{where}.quota", quota, tuple(Quota.model_fields))
    if "memory" in quota:
        quota = {**quota, "memory": _bytes(f"{where}.quota.memory", quota["memory"])}
    values["quota"] = _parsed(f"{where}.quota", Quota, quota)
    found: Group = _parsed(where, Group, {"name": name, **values})
    return found


def _check_known(where: str, values: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Refuse a key that nobody reads, so that a slip of the pen is not a limit that does not hold."""
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise InvalidInput(f"{where} has no key {unknown[0]!r}", hint=f"its keys are: {', '.join(known)}")


def _typed(name: str, value: Any, default: Any) -> Any:
    try:
        return type(default)(value)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"{name} must be a {type(default).__name__}, not {value!r}",
            hint="mend it where `mdeploy info` says it is from",
        ) from error


_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def _bytes(name: str, value: Any) -> int:
    if isinstance(value, int):
        return value
    text = str(value).strip()
    unit = next((u for u in _UNITS if text.endswith(u)), "")
    try:
        return int(float(text.removesuffix(unit)) * _UNITS.get(unit, 1))
    except ValueError as error:
        raise InvalidInput(f"{name} must be bytes or like 2Gi, not {value!r}", hint="write 512Mi or 2Gi") from error


def _parsed(where: str, cls: Any, values: Mapping[str, Any]) -> Any:
    try:
        return cls(**values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(p) for p in first["loc"])
        raise InvalidInput(f"{where}.{field}: {first['msg']}", hint="mend config.toml") from error
