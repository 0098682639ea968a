"""A warm parent for the tests: preloads once, forks a replica for every spec path that it reads, prints its pid and end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mdeploy_lab.runtime.warm import SINGLE_THREADED

os.environ.update(SINGLE_THREADED)


def main() -> None:
    from mdeploy_lab.runtime.preload import preload

    preload(["sklearn", "python_function"])
    import gc

    gc.freeze()
    from mdeploy_lab.runtime import replica
    from mdeploy_lab.runtime.spec import ReplicaSpec

    print("warm", sum(1 for _ in Path("/proc/self/task").iterdir()), flush=True)
    for line in sys.stdin:
        verb, _, rest = line.strip().partition(" ")
        if verb == "fork":
            pid = os.fork()
            if pid == 0:
                replica.main(ReplicaSpec.model_validate_json(Path(rest).read_bytes()))
            print("pid", pid, flush=True)
        elif verb == "wait":
            pid, status = os.waitpid(int(rest), os.WNOHANG)
            print("ended" if pid else "alive", os.waitstatus_to_exitcode(status) if pid else 0, flush=True)


if __name__ == "__main__":
    main()
