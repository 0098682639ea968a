"""Put what went wrong into a ``Failure``: one plain line, the fix, and the raw evidence."""

from __future__ import annotations

import re
import signal
import traceback
from collections.abc import Collection, Mapping
from datetime import datetime

from mdeploy_lab.errors import MDeployError, ModelNotFound
from mdeploy_lab.models.access import InstanceType
from mdeploy_lab.models.deployment import Failure, FailureReason
from mdeploy_lab.runtime.scripts import manifest

from .processes import Exit

_OF_A_SCRIPT = re.compile(rf'/{manifest.FOLDER}/([^"]+)", line (\d+) in (\S+)')
"""The script's own line in a replica's dump of its stacks."""
GIB = 2**30
MIB = 2**20


class StartProblem(Exception):
    """A start that cannot succeed by trying again."""

    def __init__(
        self,
        reason: FailureReason,
        message: str,
        *,
        hint: str = "",
        evidence: str = "",
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.reason: FailureReason = reason
        self.message = message
        self.hint = hint
        self.evidence = evidence
        self.details = dict(details or {})
        """What a fix needs to know."""

    def failure(self, at: datetime, revision: int, replica: str = "") -> Failure:
        """Return it as the failure of a revision."""
        return Failure(
            reason=self.reason,
            message=self.message,
            hint=self.hint,
            evidence=self.evidence,
            details=self.details,
            revision=revision,
            replica=replica,
            at=at,
        )


def download_problem(error: Exception) -> StartProblem:
    """Return why the model's files could not be fetched."""
    if isinstance(error, ModelNotFound):
        return StartProblem("model_not_found", error.message, hint=error.hint)
    if isinstance(error, MDeployError):
        return StartProblem("download_failed", error.message, hint=error.hint)
    line = str(error).splitlines()[0] if str(error) else type(error).__name__
    return StartProblem(
        "download_failed", f"the model's files cannot be fetched: {line}", hint="check that the registry can be reached"
    )


def engine_problem(error: Exception) -> StartProblem:
    """Return what kept the engine itself from doing its part: a full disk, a home that cannot be written."""
    if isinstance(error, MDeployError):
        return StartProblem("engine", error.message, hint=error.hint)
    line = (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
    evidence = "".join(traceback.format_exception(error))
    return StartProblem("engine", f"the engine cannot start it: {line}", hint="run `mdeploy doctor`", evidence=evidence)


def size(number: int) -> str:
    """Return bytes as people say them: 512 MiB, 1 GiB, 1.5 GiB."""
    return f"{number / GIB:.3g} GiB" if number >= GIB else f"{number / MIB:.0f} MiB"


def memory_problem(current: InstanceType, known: Collection[InstanceType], *, sure: bool, evidence: str = "") -> StartProblem:
    """Return the failure of a replica that took more memory than its instance type has."""
    larger = min((t for t in known if t.memory > current.memory), key=lambda t: t.memory, default=None)
    hint = (
        f"use --instance-type {larger.name} ({size(larger.memory)})"
        if larger
        else "define a larger instance type in config.toml"
    )
    details = {"instance_type": larger.name} if larger else {}
    message = f"it needs more than {size(current.memory)}"
    if not sure:
        message = "the system killed it, probably because the machine ran out of memory"
        hint = f"free some memory on this machine, or {hint}"
    return StartProblem("out_of_memory", message, hint=hint, evidence=evidence, details=details)


def crash_problem(exit_: Exit, exits: int, evidence: str) -> StartProblem:
    """Return the failure of a replica that ends again and again before it is ready."""
    hint = "see the evidence and the logs; fix the model and update"
    details = {}
    if exit_.signal in {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGABRT}:
        hint = "a native library crashed: compare the model's library versions with this environment's, or use isolate=True"
        details["native"] = "yes"
    message = f"it crashed {exits} times before it was ready: {exit_.text}"
    return StartProblem("crash", message, hint=hint, evidence=evidence, details=details)


def stuck_problem(seconds: float, phase: str, evidence: str) -> StartProblem:
    """Return the failure of a start that makes no progress; of a script's the line that it waits at."""
    at = _OF_A_SCRIPT.search(evidence)
    where = f": it is at {at[1]}, line {at[2]}, in {at[3]}" if at is not None else ""
    return StartProblem(
        "start_timeout",
        f"no progress for {seconds:g} s in the phase {phase}{where}",
        hint="see in the evidence where it hangs, or allow more with start_timeout",
        evidence=evidence,
    )
