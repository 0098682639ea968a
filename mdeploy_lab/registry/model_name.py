"""Make a registered model's name from a display name."""

from __future__ import annotations

import hashlib
import re
import unicodedata

LIMIT = 200
"""Characters; MLflow's column holds 256."""
_FORBIDDEN = re.compile(r"[/:@%#?&\\'\"`]+")


def registered_name(name: str) -> str:
    """Return the name under which MLflow keeps a model called ``name``; most names stay as they are.

    ``/`` and ``:`` are forbidden by MLflow; ``@``, ``%``, ``#`` and ``?`` mean something else in a ``models:/`` URI;
    quotes break its search filters. A changed name gets part of its digest only when it is cut or nothing is left, so that
    two long names do not meet.
    """
    text = "".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} else c for c in name)
    plain = " ".join(_FORBIDDEN.sub("-", text).split()).strip("- ")
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    if not plain.strip(". "):
        return f"model-{digest}"
    if len(plain) > LIMIT:
        return f"{plain[: LIMIT - 9].rstrip()}-{digest}"
    return plain
