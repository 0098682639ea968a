"""Start a replica's process: forked from a warm parent where that is safe, else spawned."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from mdeploy_lab.paths import Home
from mdeploy_lab.runtime.spec import ReplicaSpec

from .environ import needs_exec
from .problems import StartProblem
from .processes import ReplicaProcess, kill_leftovers
from .warm_parent import Refused, WarmParents

UNSAFE_TO_FORK = frozenset(
    {
        "pytorch",
        "tensorflow",
        "keras",
        "onnx",
        "spark",
        "h2o",
        "paddle",
        "transformers",
        "sentence_transformers",
        "johnsnowlabs",
        "fastai",
        "diviner",
    }
)
"""Flavors whose libraries start threads, a JVM or CUDA, or do so when they load a model."""


KILL_POLL = 0.02
KILL_TRIES = 250


class Launcher:
    """Starts processes of replicas."""

    def __init__(self, home: Home, environ: Mapping[str, str]) -> None:
        self._home = home
        self._environ = environ
        self.warm = WarmParents(home, environ)

    def forks(self, spec: ReplicaSpec, interpreter: str) -> bool:
        """Return whether this replica would be forked."""
        template = spec.template
        return (
            sys.platform == "linux"
            and not UNSAFE_TO_FORK & set(template.model.flavors)
            and not needs_exec(template.env)
            and not needs_exec(template.secret_env)
            and not self.warm.spawn_instead(interpreter)
        )

    async def check(self, interpreter: str, flavors: tuple[str, ...]) -> None:
        """See that replicas can run in ``interpreter``; its warm parent starts by the way.

        Raises
        ------
        StartProblem
            When they cannot.
        """
        if sys.platform == "linux" and not UNSAFE_TO_FORK & set(flavors):
            await self.warm.prepare(interpreter, flavors)
        elif not await asyncio.to_thread(Path(interpreter).exists):
            raise _gone(interpreter)

    async def launch(
        self, spec: ReplicaSpec, file: Path, interpreter: str, *, listener: int, life: int, lock: Path
    ) -> ReplicaProcess:
        """Start the process. It owns its copies of ``listener`` and ``life`` (``lock``, opened) from before it exists.

        Raises
        ------
        StartProblem
            When the interpreter cannot run replicas.
        """
        while self.forks(spec, interpreter):
            warm = await self.warm.get(interpreter, spec.template.model.flavors)
            try:
                return await warm.fork(file, spec.template.model.flavors, listener, life)
            except Refused as refused:
                if not refused.died:
                    break
                # It may have forked before it died, unheard. Nothing of that may be left when the next one forks.
                for _ in range(KILL_TRIES):
                    if not await asyncio.to_thread(kill_leftovers, lock, None):
                        break
                    await asyncio.sleep(KILL_POLL)
        return await self._spawn(spec, file, interpreter, listener, life)

    async def _spawn(self, spec: ReplicaSpec, file: Path, interpreter: str, listener: int, life: int) -> ReplicaProcess:
        command = [interpreter, "-m", "mdeploy_lab.runtime.child", str(file), str(listener), str(life)]

        def start() -> subprocess.Popen[bytes]:
            with Path(spec.raw_log).open("ab") as log:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self._home.run,
                    env=dict(spec.environ),
                    pass_fds=(listener, life),
                    start_new_session=True,
                )

        try:
            popen = await asyncio.to_thread(start)
        except OSError as error:
            if not await asyncio.to_thread(Path(interpreter).exists):
                raise _gone(interpreter) from error
            message = f"{interpreter} cannot be started: {error.strerror}"
            raise StartProblem("environment", message, hint="repair that environment, or use isolate=True") from error
        pidfd = os.pidfd_open(popen.pid) if hasattr(os, "pidfd_open") else None
        return ReplicaProcess(popen.pid, pidfd, popen=popen)


def _gone(interpreter: str) -> StartProblem:
    return StartProblem(
        "environment",
        f"the Python that made this model is gone: {interpreter}",
        hint="deploy with isolate=True to build an environment from the model's requirements",
    )
