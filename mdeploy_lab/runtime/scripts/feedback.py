"""``send_feedback`` of a script, as Seldon calls it: with the features that were asked about, the reward, and the truth."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from mdeploy_lab.runtime.problems import ModelRaised
from mdeploy_lab.runtime.scripts import raw
from mdeploy_lab.runtime.scripts.arguments import Bound

log = logging.getLogger("mdeploy.model")

OFFERED = ("inputs", "feature_names", "reward", "truth", "routing")


def told(send_feedback: Callable[..., Any]) -> Callable[[Mapping[str, Any]], None]:
    """Return a function that takes Seldon's feedback message and calls ``send_feedback`` with what it names."""
    bound = Bound(send_feedback, OFFERED, first="inputs")

    def tell(message: Mapping[str, Any]) -> None:
        asked = message.get("request") or {}
        try:
            bound(
                {
                    "inputs": _array(raw.content(asked)),
                    "feature_names": (asked.get("data") or {}).get("names") or [],
                    "reward": float(message.get("reward") or 0.0),
                    "truth": _array(raw.content(message.get("truth"))),
                    "routing": None,
                }
            )
        except Exception as error:
            log.exception("send_feedback raised %s", type(error).__name__)
            raise ModelRaised(
                f"{bound.where} raised {type(error).__name__}", hint="the deployment's log has the traceback"
            ) from error

    return tell


def _array(value: Any) -> Any:
    """Return rows as an array, as Seldon hands them over; what are none, as they came."""
    import numpy as np

    return np.asarray(value) if isinstance(value, list) else value
