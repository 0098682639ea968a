"""The JSON documents of the shell: what Python returned, with the REST field names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def plain(value: Any) -> Any:
    """Return a wire type as JSON values."""
    return value.model_dump(mode="json")


def one(handle: Any) -> Any:
    """Return a deployment."""
    return plain(handle.snapshot())


def changed(handle: Any) -> Any:
    """Return the answer to a change: ``Changed``, with the deployment as it is at the end."""
    return {
        "deployment": plain(handle.snapshot()),
        "changed": handle.changed,
        "new_revision": handle.new_revision,
        "notes": list(handle.notes),
    }


def listed(field: str) -> Callable[[Any], Any]:
    """Return a maker of ``{field: [...]}``."""
    return lambda items: {field: [one(i) if hasattr(i, "snapshot") else plain(i) for i in items]}


def diff(table: Any) -> Any:
    """Return ``Diff``."""
    model = None if table.model is None else [plain(c) for c in table.model]
    numbers = {"of": table.of, "before": table.before, "after": table.after}
    return {**numbers, "changes": [plain(c) for c in table.changes], "model": model, "note": table.note}


def traffic(shares: dict[int, int]) -> Any:
    """Return the split."""
    return {"traffic": [{"revision": revision, "percent": percent} for revision, percent in shares.items()]}


def new_token(new: Any) -> Any:
    """Return ``NewToken``: the one place where the shell prints a token, because it was asked for one."""
    return {"client": plain(new.client), "token": str.__str__(new.token.reveal())}


def done(what: Any) -> Any:
    """Return what was done, for verbs that leave nothing to show."""
    return what
