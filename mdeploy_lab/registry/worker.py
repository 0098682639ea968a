"""The process that has mlflow on the engine's behalf: one JSON document per line in, one or more out, until its input ends."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, BinaryIO

from mdeploy_lab.errors import MDeployError, RegistryUnavailable
from mdeploy_lab.registry import listing, lookup, scripting
from mdeploy_lab.registry.wording import first_line

THREADS = 4
OPERATIONS: dict[str, Callable[..., Any]] = {**lookup.OPERATIONS, **listing.OPERATIONS, **scripting.OPERATIONS}
_lock = threading.Lock()


def main() -> None:
    """Answer requests from stdin until it is closed; what libraries print goes to stderr."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    with ThreadPoolExecutor(THREADS) as pool:
        for line in sys.stdin.buffer:
            pool.submit(_answer, json.loads(line), out)
        pool.shutdown(wait=False, cancel_futures=True)
        os._exit(0)  # a download may hang; nobody waits for it any more


def _answer(request: dict[str, Any], out: BinaryIO) -> None:
    number = request.pop("id")
    op: Callable[..., Any] = OPERATIONS[request.pop("op")]

    def progress(fraction: float | None, detail: str) -> None:
        _write(out, {"id": number, "progress": fraction, "detail": detail})

    try:
        _write(out, {"id": number, "result": op(**request, progress=progress)})
    except MDeployError as error:
        _write(out, {"id": number, "error": error.to_body(), "status": error.http_status})
    except Exception as error:  # noqa: BLE001  # the other end gets an answer whatever happens; the trace is in the log
        traceback.print_exc()
        unknown = RegistryUnavailable(f"the registry failed: {first_line(error)}", hint="see registry.log")
        _write(out, {"id": number, "error": unknown.to_body(), "status": 503})


def _write(out: BinaryIO, document: dict[str, Any]) -> None:
    data = json.dumps(document, default=str).encode() + b"\n"
    with _lock:
        view = memoryview(data)
        while view:
            view = view[out.write(view) :]


if __name__ == "__main__":
    main()
