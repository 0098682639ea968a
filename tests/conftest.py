"""What every test relies on."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Take Ctrl-C again: a shell starts what it puts in the background with SIGINT ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
