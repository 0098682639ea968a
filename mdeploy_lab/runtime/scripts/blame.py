"""Which line of a script an exception came from."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from mdeploy_lab.runtime.scripts import manifest


@dataclass(frozen=True)
class Line:
    """A line of the script, or of a module beside it."""

    file: str
    """Within the script's folder."""
    number: int
    function: str = ""

    def __str__(self) -> str:
        inside = f", in {self.function}" if self.function and self.function != "<module>" else ""
        return f"{self.file}, line {self.number}{inside}"


def line_of(error: BaseException, model_path: str) -> Line | None:
    """Return the innermost line of the script in an exception's traceback, or where its syntax breaks; None outside of it."""
    folder = Path(model_path).absolute() / manifest.FOLDER
    if isinstance(error, SyntaxError) and (file := _within(folder, error.filename)):
        return Line(file, error.lineno or 1)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if file := _within(folder, frame.filename):
            return Line(file, frame.lineno or 1, frame.name)
    return None


def _within(folder: Path, file: str | None) -> str:
    if not file:
        return ""
    path = Path(file)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else ""
