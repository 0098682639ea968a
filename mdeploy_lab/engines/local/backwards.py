"""Read a file's lines from its end, so that the newest thousand of a large log cost what a thousand lines cost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

BLOCK = 65536


def lines_backwards(path: Path, end: int | None = None) -> Iterator[str]:
    """Yield the complete lines of a file, or of its first ``end`` bytes, the last one first.

    A file that does not exist has none.
    """
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        position = file.seek(0, 2)
        position = position if end is None else min(end, position)
        rest = b""
        first = True
        while position > 0:
            step = min(BLOCK, position)
            position -= step
            file.seek(position)
            parts = (file.read(step) + rest).split(b"\n")
            rest = parts.pop(0)
            for part in reversed(parts):
                if first and not part:  # what follows the last line break
                    first = False
                    continue
                first = False
                yield part.decode("utf-8", "replace")
        if rest or not first:
            yield rest.decode("utf-8", "replace")
