"""The environment variables of what the engine starts: an allow-list, so that no token of Jupyter or the hub travels along."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from .problems import StartProblem

_ALLOWED = re.compile(
    r"^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TMPDIR|TEMP|TMP|TERM"
    r"|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|DYLD_FALLBACK_LIBRARY_PATH"
    r"|SSL_CERT_FILE|SSL_CERT_DIR|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
    r"|(HTTP|HTTPS|NO|ALL)_PROXY|(http|https|no|all)_proxy"
    r"|XDG_(CACHE|CONFIG|DATA)_HOME|CUDA_VISIBLE_DEVICES|NVIDIA_VISIBLE_DEVICES|JAVA_HOME|SPARK_HOME)$"
)
_AT_EXEC = re.compile(r"^(LD_|DYLD_|PYTHON|MALLOC_|OMP_|MKL_|OPENBLAS_|NUMEXPR_|CUDA_|GOMP_|KMP_|GLIBC_)")
OURS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "PYTHONUNBUFFERED": "1",
    "PYTHONNOUSERSITE": "",
    "PYTHONFAULTHANDLER": "1",
}


def base_environment(source: Mapping[str, str]) -> dict[str, str]:
    """Return the part of the engine's own environment that its processes may see."""
    kept = {name: value for name, value in source.items() if _ALLOWED.match(name)}
    return kept | {name: value for name, value in OURS.items() if value}


def resolve_secrets(references: Mapping[str, str], source: Mapping[str, str]) -> dict[str, str]:
    """Resolve ``env:NAME`` and ``file:PATH``.

    Raises
    ------
    StartProblem
        When one is missing; the message names the reference, never a value.
    """
    return {name: _secret(name, reference, source) for name, reference in references.items()}


def _secret(name: str, reference: str, source: Mapping[str, str]) -> str:
    kind, _, place = reference.partition(":")
    if kind == "env":
        if place in source:
            return source[place]
        hint = f"set {place} where the engine starts (`mdeploy engine stop`, then deploy again), or use file:PATH"
        message = f"the secret for {name} is missing: the engine has no variable {place}"
        raise StartProblem("secret_missing", message, hint=hint, details={"variable": name})
    if kind == "file":
        try:
            return Path(place).expanduser().read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "is no text"
            message = f"the secret for {name} is missing: {place}: {why}"
            details = {"variable": name, "file": place}
            raise StartProblem("secret_missing", message, hint="write the secret to that file", details=details) from error
    raise StartProblem("secret_missing", f"the secret for {name} is neither env:NAME nor file:PATH", hint="write env:NAME")


def needs_exec(env: Mapping[str, str]) -> bool:
    """Return whether a variable is read only when a program starts, so that a fork would not obey it."""
    return any(_AT_EXEC.match(name) for name in env)


def thread_variables(cpu: float) -> dict[str, str]:
    """Return the variables that hold numerical libraries to an instance type's CPUs."""
    count = str(max(1, int(cpu)))
    return dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), count
    )
