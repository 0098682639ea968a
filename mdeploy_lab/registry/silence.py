"""Keep what MLflow says and logs of its own accord out of the user's cell and runs, for the time of one call of ours."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def unlogged() -> Iterator[None]:
    """Keep our own questions out of the user's runs: with autologging on, ``predict`` would write to the run of the fit."""
    autologging = sys.modules.get("mlflow.utils.autologging_utils")
    if autologging is None or not getattr(autologging, "AUTOLOGGING_INTEGRATIONS", None):
        yield
        return
    with autologging.disable_autologging():
        yield


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Drop what libraries log in this thread below an error."""
    thread = threading.get_ident()

    def passes(record: logging.LogRecord) -> bool:
        return record.thread != thread or record.levelno >= logging.ERROR

    handlers = [h for name in ("mlflow", "alembic", "") for h in logging.getLogger(name).handlers]
    for handler in handlers:
        handler.addFilter(passes)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(passes)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drop logged lines and warnings. Warning filters belong to the process: only in the thread that runs the cell."""
    with silenced(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
