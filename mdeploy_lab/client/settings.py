"""The settings that the caller's own process decides: home, group, registry; each with its origin."""

from __future__ import annotations

import os

from mdeploy_lab.config import Config
from mdeploy_lab.models.requests import Info, Setting
from mdeploy_lab.paths import Home

OURS = ("group",)


def with_callers(info: Info, home: Home, explicit_home: str | None) -> Info:
    """Return what an engine says of itself, with the settings that hold for this process in the place of the engine's."""
    from mdeploy_lab.registry.backend import choose, redacted

    config = Config(home.config)
    chosen = "environment MDEPLOY_HOME" if os.environ.get("MDEPLOY_HOME") else "default"
    origin = "argument" if explicit_home else chosen
    where = choose(home)
    mine = [
        *(config.setting(name) for name in OURS),
        Setting(name="home", value=str(home.root), origin=origin),
        Setting(name="mlflow.tracking_uri", value=redacted(where.tracking_uri), origin=where.origin),
        Setting(name="mlflow.registry_uri", value=redacted(where.registry_uri), origin=where.origin),
    ]
    names = {setting.name for setting in mine}
    kept = [setting for setting in info.settings if setting.name not in names]
    return info.model_copy(update={"settings": tuple(sorted([*kept, *mine], key=lambda s: s.name))})
