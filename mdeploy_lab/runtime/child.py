"""Turn a fresh process, forked or spawned, into a replica: its own session, output files, environment and signals.

Run by hand it is the spawned way in: ``python -m mdeploy_lab.runtime.child SPECFILE LISTENER_FD LIFE_FD``. The file descriptors
are inherited; LIFE_FD is locked and is kept open for life, so that whoever finds it unlocked knows that nothing is left.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

DUMP_SIGNAL = signal.SIGUSR1
"""Makes a replica write every thread's stack to its raw log; the engine sends it before it kills one that hangs."""


def become(spec_file: str, listener_fd: int) -> NoReturn:
    """Serve ``spec_file`` on ``listener_fd`` until the end of this process. Never returns, and never raises."""
    code = 1
    try:
        raw: dict[str, Any] = json.loads(Path(spec_file).read_bytes())
        _settle(raw)
        _serve(raw, listener_fd)
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except BaseException:  # noqa: BLE001  # the last frame of the process: whatever it is goes to the raw log
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _serve(raw: dict[str, Any], listener_fd: int) -> NoReturn:
    from mdeploy_lab.runtime.replica import main
    from mdeploy_lab.runtime.spec import ReplicaSpec

    listener = socket.socket(fileno=listener_fd)
    main(ReplicaSpec.model_validate(raw), listener)


def _settle(raw: dict[str, Any]) -> None:
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.umask(0o077)
    _redirect(str(raw["raw_log"]))
    os.environ.clear()
    os.environ.update(raw["environ"])
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    faulthandler.enable(file=2)
    faulthandler.register(DUMP_SIGNAL, file=2, all_threads=True, chain=False)
    for path, text in (("comm", "mdeploy-replica"), ("oom_score_adj", "300")):
        with contextlib.suppress(OSError):  # a name for ps, and the first to go when memory runs out; not on every system
            Path(f"/proc/self/{path}").write_text(text)


def _redirect(raw_log: str) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(raw_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for target, source in ((0, null), (1, log), (2, log)):
        os.dup2(source, target, inheritable=True)
    for fd in (null, log):
        if fd > 2:  # noqa: PLR2004  # the standard descriptors
            os.close(fd)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def main() -> NoReturn:
    """Run the spawned way in."""
    spec_file, listener_fd, life_fd = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    for fd in (listener_fd, life_fd):
        os.set_inheritable(fd, False)
    become(spec_file, listener_fd)


if __name__ == "__main__":
    main()
