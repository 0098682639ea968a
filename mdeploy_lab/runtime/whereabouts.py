"""Say at which line a thread is: for the log, when a model does not come back."""

from __future__ import annotations

import sys
import sysconfig
import threading
import traceback
from pathlib import Path

_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_OURS = str(Path(__file__).parents[1])


def where(thread: threading.Thread) -> str:
    """Return the innermost line that is no library's, such as "serve.py, line 7, in predict"; else the innermost of all."""
    frame = sys._current_frames().get(thread.ident or 0)  # noqa: SLF001  # the only way to another thread's stack
    if frame is None:
        return "nowhere"
    stack = traceback.extract_stack(frame)
    own = [f for f in stack if not f.filename.startswith((*_LIBRARIES, _OURS, "<"))]
    last = (own or stack)[-1]
    return f"{Path(last.filename).name}, line {last.lineno}, in {last.name}"
