"""The replica's log: JSON lines, rotated by size, from ``logging``, ``print``, warnings and the access log."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import orjson

from mdeploy_lab.runtime.context import current

MAX_BYTES = 16_000_000
KEEP = 4
MANY = 256
"""Lines that are kept at most before they are written together."""
MAX_MESSAGE = 1_000_000
"""Characters of a line that are kept."""


class JsonLog:
    """Appends JSON lines to one file and rotates it: ``log``, ``log.1`` … ``log.4``.

    A disk that is full or a file that cannot be written never fails a request: the line is lost and counted.
    """

    def __init__(
        self, path: str | Path, *, replica: str = "", revision: int = 0, max_bytes: int = MAX_BYTES, keep: int = KEEP
    ) -> None:
        self._path = Path(path)
        self._max = max_bytes
        self._keep = keep
        self._lock = threading.Lock()
        self._fixed = {"replica": replica, "revision": revision}
        self.lost = 0
        self._kept: list[tuple[float, Callable[[], dict[str, Any]]]] = []
        self._fd = -1
        self._size = 0
        self._open()

    def _open(self) -> None:
        self._fd = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._fd).st_size

    def write(self, message: str, *, stream: str = "log", level: str = "", logger: str = "", **more: Any) -> None:
        """Write one line; the time, the request and the replica are added."""
        context = current()
        line: dict[str, Any] = {"at": _now(), "message": message[:MAX_MESSAGE], "stream": stream}
        if len(message) > MAX_MESSAGE:
            line["left_out"] = len(message) - MAX_MESSAGE
        if level:
            line["level"] = level
        if logger:
            line["logger"] = logger
        if context is not None and "request_id" not in more:
            line["request_id"] = context.request_id
        line.update(more)
        line.update(self._fixed)
        self._append(_encode(line))

    def later(self, line: Callable[[], dict[str, Any]], *, now: bool) -> None:
        """Write a line with the next that is written at once: ``now``, or when ``MANY`` wait. For the event loop's thread only.

        ``line`` is made when it is written: what a busy server says of each request must not cost each request a system call.
        """
        self._kept.append((time.time(), line))
        if now or len(self._kept) >= MANY:
            self.flush()

    def flush(self) -> None:
        """Write what was kept."""
        kept, self._kept = self._kept, []
        lines = [{"at": _when(at), **line(), **self._fixed} for at, line in kept]
        self._append(b"".join(_encode(line) for line in lines))

    def _append(self, data: bytes) -> None:
        with self._lock:
            try:
                if self._size + len(data) > self._max and self._size:
                    self._rotate()
                self._size += os.write(self._fd, data)
            except OSError:
                self.lost += 1

    def _rotate(self) -> None:
        os.close(self._fd)
        for number in range(self._keep - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            if older.exists():
                older.replace(self._path.with_name(f"{self._path.name}.{number + 1}"))
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        self._open()


def _encode(line: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(line, default=str, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # a surrogate, an integer beyond 64 bits, or a key that is no text
        return json.dumps(line, separators=(",", ":"), default=str).encode() + b"\n"


def _now() -> str:
    return _when(time.time())


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds")


class JsonHandler(logging.Handler):
    """Sends what the model and its libraries log to the JSON log."""

    def __init__(self, log: JsonLog) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, with its traceback."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # the caller's format string does not fit its arguments
            message = f"{record.msg} {record.args}"
        if record.exc_info and record.exc_info[0] is not None:
            message += "\n" + logging.Formatter().formatException(record.exc_info)
        self._log.write(message, level=record.levelname.lower(), logger=record.name)


class LineStream(io.TextIOBase):
    """Stands for ``sys.stdout`` or ``sys.stderr``: each finished line becomes one log line."""

    def __init__(self, log: JsonLog, stream: str, descriptor: int) -> None:
        super().__init__()
        self._log = log
        self._stream = stream
        self._descriptor = descriptor
        self._pending = threading.local()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """UTF-8."""
        return "utf-8"

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor below, which goes to the raw log."""
        return self._descriptor

    def write(self, text: str) -> int:
        """Take text; what follows the last line break waits."""
        pending = getattr(self._pending, "text", "") + text
        *lines, rest = pending.split("\n")
        if len(rest) > MAX_MESSAGE:
            lines.append(rest)
            rest = ""
        self._pending.text = rest
        for line in lines:
            if line := line.rsplit("\r", 1)[-1]:
                self._log.write(line, stream=self._stream)
        return len(text)

    def flush(self) -> None:
        """Do nothing: an unfinished line waits for its end."""

    def finish(self) -> None:
        """Write what is left of an unfinished line."""
        rest = getattr(self._pending, "text", "")
        self._pending.text = ""
        if rest:
            self._log.write(rest, stream=self._stream)


def redirect(log: JsonLog, raw_log: str | Path) -> None:
    """Send descriptors 1 and 2 to ``raw_log``, and Python's streams, logging and warnings to ``log``."""
    raw = os.open(raw_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(raw, 1)
    os.dup2(raw, 2)
    for descriptor in (raw, null):
        if descriptor > 2:  # noqa: PLR2004  # 0, 1 and 2 are the standard streams
            os.close(descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # for the life of the process
    sys.stdout = LineStream(log, "stdout", 1)
    sys.stderr = LineStream(log, "stderr", 2)
    root = logging.getLogger()
    root.handlers[:] = [JsonHandler(log)]
    root.setLevel(logging.INFO)
    for name in list(logging.Logger.manager.loggerDict):  # handlers that the parent's libraries made write elsewhere
        logger = logging.getLogger(name)
        if logger.handlers:
            logger.handlers.clear()
            logger.propagate = True
    logging.captureWarnings(capture=True)


def finish_streams() -> None:
    """Write unfinished lines before the process ends."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, LineStream):
            with contextlib.suppress(OSError):
                stream.finish()
