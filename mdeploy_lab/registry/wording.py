"""Put another library's error into our one line: its first line, without the full stop."""

from __future__ import annotations

LIMIT = 300


def first_line(error: BaseException) -> str:
    """Return the first line of an error that says something, else its class."""
    lines = (line.strip().rstrip(".") for line in str(error).splitlines())
    return next((line[:LIMIT] for line in lines if line), type(error).__name__)
