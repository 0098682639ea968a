"""The settings that the caller's own process decides: home, group, registry; each with its origin."""

from __future__ import annotations

import os

from mdeploy_lab.config import Config
from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.models.requests import Info, Setting
from mdeploy_lab.paths import Home

OURS = ("group",)


def with_callers(info: Info, home: Home, explicit_home: str | None) -> Info:
    """Return what an engine says of itself, with the settings that hold for this process in the place of the engine's."""
    from mdeploy_lab.registry.backend import choose, redacted

    config, problems = _readable(home, info)
    chosen = "environment MDEPLOY_HOME" if os.environ.get("MDEPLOY_HOME") else "default"
    origin = "argument" if explicit_home else chosen
    where = choose(home)
    mine = [
        *(setting for name in OURS if (setting := _ours(config, name)) is not None),
        Setting(name="home", value=str(home.root), origin=origin),
        Setting(name="mlflow.tracking_uri", value=redacted(where.tracking_uri), origin=where.origin),
        Setting(name="mlflow.registry_uri", value=redacted(where.registry_uri), origin=where.origin),
    ]
    names = {setting.name for setting in mine}
    kept = [setting for setting in info.settings if setting.name not in names]
    settings = tuple(sorted([*kept, *mine], key=lambda s: s.name))
    return info.model_copy(update={"settings": settings, "problems": problems})


def _readable(home: Home, info: Info) -> tuple[Config | None, tuple[str, ...]]:
    """Return the file's settings, and None for a broken file, which the engine goes on without."""
    try:
        return Config(home.config), info.problems
    except InvalidInput as error:
        return None, info.problems or (error.message,)


def _ours(config: Config | None, name: str) -> Setting | None:
    """Return a setting of this process; None when the engine's, from the last good file, is the best there is."""
    if config is not None:
        return config.setting(name)
    setting = Config().setting(name)
    return setting if setting.origin.startswith("environment") else None
