"""The parity receipt: rows that the kernel answered, replayed on a new revision before traffic moves."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from mdeploy_lab.models.deployment import Failure, ParityRow, Receipt

RELATIVE_TOLERANCE = 1e-6
ABSOLUTE_TOLERANCE = 1e-9
SHOWN = 20

Ask = Callable[[Any], Awaitable[tuple[int, Any]]]
"""Posts a body to the revision's ``/invocations`` and returns (status, parsed answer)."""


def rows_in(model: Path) -> dict[str, Any] | None:
    """Return the rows with the kernel's answers that a model's directory holds, or None when it holds none."""
    path = model / "mdeploy" / "parity.json"
    if not path.is_file():
        return None
    loaded = json.loads(path.read_text(encoding="utf-8"))
    return loaded if isinstance(loaded, dict) and loaded.get("rows") else None


def agree(expected: Any, got: Any) -> bool:
    """Return whether two answers are the same: numbers within the tolerance, NaN equals NaN and null, structure alike."""
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, (int, float)) and isinstance(got, (int, float)):
        if math.isnan(expected) or math.isnan(got):
            return math.isnan(expected) and math.isnan(got)
        return math.isclose(expected, got, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(agree(e, g) for e, g in zip(expected, got, strict=True))
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(agree(v, got[k]) for k, v in expected.items())
    return bool(expected == got)


async def replay(stored: dict[str, Any], revision: int, ask: Ask, now: datetime, *, overridden: bool) -> Receipt | Failure:
    """Ask the revision for the stored rows; a refusal to answer is a failure, differences are in the receipt."""
    status, answer = await ask(stored["request"])
    if status != 200 or not isinstance(answer, dict) or "predictions" not in answer:  # noqa: PLR2004
        return Failure(
            reason="parity",
            message=f"the parity rows could not be replayed: the model answered {status}",
            hint="try the same rows in the notebook; deploy with check_parity=False to skip the check",
            evidence=json.dumps(answer, default=str)[:4000],
            revision=revision,
            at=now,
        )
    expected, got = as_rows(stored["expected"]), as_rows(answer["predictions"])
    count = max(len(expected), len(got))
    wrong = [
        ParityRow(row=i, expected=_at(expected, i), got=_at(got, i))
        for i in range(count)
        if i >= len(expected) or i >= len(got) or not agree(expected[i], got[i])
    ]
    return Receipt(
        revision=revision,
        rows=count,
        agreed=count - len(wrong),
        mismatches=tuple(wrong[:SHOWN]),
        overridden=overridden and bool(wrong),
        checked_at=now,
    )


def as_rows(answer: Any) -> list[Any]:
    """Return an answer as rows: a list as it is, columns transposed, anything else as one row."""
    if isinstance(answer, list):
        return answer
    if isinstance(answer, dict) and answer and all(isinstance(v, list) for v in answer.values()):
        length = max(len(v) for v in answer.values())
        return [{k: _at(v, i) for k, v in answer.items()} for i in range(length)]
    return [answer]


def refusal(receipt: Receipt, now: datetime) -> Failure:
    """Return the failure that a receipt with differences makes."""
    lines = [f"row {m.row}: the notebook said {m.expected!r}, the endpoint {m.got!r}" for m in receipt.mismatches]
    return Failure(
        reason="parity",
        message=f"{receipt.rows - receipt.agreed} of {receipt.rows} rows differ from the notebook's own answers",
        hint="the model may depend on state outside of it (random numbers, globals, files); check_parity=False overrides",
        evidence="\n".join(lines),
        revision=receipt.revision,
        at=now,
    )


def _at(rows: list[Any], index: int) -> Any:
    return rows[index] if index < len(rows) else None
