"""What of ``config.toml`` holds without a restart: instance types and groups, taken in when the file has changed.

Nobody watches the file: whoever needs it calls ``refresh``, which looks at its time and size. A file that cannot be read keeps
the last good one in force, and ``problems`` says so until it is mended.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import NamedTuple

from mdeploy_lab.config import Config
from mdeploy_lab.errors import MDeployError
from mdeploy_lab.models.access import Group, InstanceType
from mdeploy_lab.models.requests import Setting

log = logging.getLogger(__name__)


class _Read(NamedTuple):
    types: dict[str, InstanceType]
    groups: dict[str, Group]
    unnamed: Group
    settings: tuple[Setting, ...]


class LiveConfig:
    """The limits of one home, and the settings that it started with.

    Parameters
    ----------
    path
        ``config.toml``, which need not exist.

    Raises
    ------
    InvalidInput
        When the file cannot be read now: at the start there is nothing good to keep.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark = _mark(path)
        self._turn = asyncio.Lock()
        self.started = Config(path)
        first = _read(self.started)
        self.instance_types = dict(first.types)
        """One object for the engine's life, so that whoever holds it sees the sizes of now."""
        self.groups = first.groups
        self.unnamed = first.unnamed
        self.problems: tuple[str, ...] = ()

    async def refresh(self) -> None:
        """Take in the file when it has changed; never raises and never blocks the loop."""
        async with self._turn:
            mark = await asyncio.to_thread(_mark, self._path)
            if mark == self._mark:
                return
            self._mark = mark
            try:
                found = await asyncio.to_thread(lambda: _read(Config(self._path)))
            except MDeployError as error:
                self.problems = (f"config.toml is not followed, what it said before still holds: {error.message}",)
                log.warning("%s", self.problems[0])
                return
            self.instance_types.clear()
            self.instance_types.update(found.types)
            self.groups, self.unnamed = found.groups, found.unnamed
            self.problems = self._waiting(found.settings)
            log.info("took in %s: %s groups, %s instance types", self._path, len(found.groups), len(found.types))

    def _waiting(self, settings: tuple[Setting, ...]) -> tuple[str, ...]:
        """Return what the file says now and only a restart brings about."""
        old = {s.name: s.value for s in self.started.all()}
        changed = [s.name for s in settings if s.value != old[s.name]]
        if not changed:
            return ()
        return (f"config.toml changed {', '.join(changed)}, which holds after `mdeploy engine stop` and the next start",)


def _mark(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(config: Config) -> _Read:
    return _Read(config.instance_types(), config.groups(), config.groups_default(), config.all())
