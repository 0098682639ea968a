"""``script.json``: which file of a script's model directory is the script, and what lies where."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "script.json"
FOLDER = "script"
ARTIFACT = "model"
LOADER = "mdeploy_lab.runtime.scripts"


@dataclass(frozen=True)
class Manifest:
    """What ``script.json`` says.

    Attributes
    ----------
    file
        The script, within ``script/``.
    artifact
        What ``load`` is given, within the model directory: ``model``, or a place in ``script/``.
    origin
        Where the user has the script: a file or a folder. For messages only.
    """

    file: str
    artifact: str = FOLDER
    origin: str = ""

    def write(self, directory: Path) -> None:
        """Write it into a model directory."""
        (directory / FILE).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def read(directory: Path) -> Manifest | None:
    """Return the manifest of a model directory; None when it holds no script."""
    try:
        raw = json.loads((directory / FILE).read_text(encoding="utf-8"))
        return Manifest(str(raw["file"]), str(raw["artifact"]), str(raw["origin"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
