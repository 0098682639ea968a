"""From an exception on load to a failure that a user can act on: a reason, one line, a fix."""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path

from mdeploy_lab.errors import MDeployError, ModelNotSupported
from mdeploy_lab.models.deployment import Failure, FailureReason
from mdeploy_lab.runtime.distributions import requirement_of
from mdeploy_lab.runtime.scripts import manifest
from mdeploy_lab.runtime.scripts.blame import Line, line_of
from mdeploy_lab.runtime.spec import ReplicaSpec
from mdeploy_lab.runtime.status import utcnow

EVIDENCE_LINES = 40

_ATTRIBUTE = re.compile(r"Can't get attribute '([^']+)' on <module '([^']+)'")


def failure_of(error: BaseException, spec: ReplicaSpec, reason: FailureReason = "load_failed") -> Failure:
    """Return the failure that ``error`` means for this replica."""
    found, message, hint = _explain(error, spec, reason)
    return Failure(
        reason=found,
        message=message,
        hint=hint,
        details=_script_details(error, spec) | (_details(error, spec) if found == "missing_library" else {}),
        evidence=evidence(error),
        revision=spec.revision,
        replica=spec.replica,
        at=utcnow(),
    )


def evidence(error: BaseException) -> str:
    """Return the end of the traceback, as it was."""
    lines = "".join(traceback.format_exception(error)).splitlines()
    return "\n".join(lines[-EVIDENCE_LINES:])


def _chain(error: BaseException) -> list[BaseException]:
    """Return the error and what caused it; MLflow wraps what a model's code raised."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    return chain


def _explain(error: BaseException, spec: ReplicaSpec, reason: FailureReason) -> tuple[FailureReason, str, str]:
    chain = _chain(error)
    for link in chain:
        if (found := _known(link, spec)) is not None:
            return found
    script = manifest.read(Path(spec.model_path))
    found = _import(chain) if script is None else _script(chain, script, spec, reason)
    if found is not None:
        return found
    if isinstance(chain[-1], FileNotFoundError) and reason == "load_failed":
        return (
            "model_not_found",
            f"a file of the model is missing: {_line(chain[-1])}",
            "check that the model's directory holds MLmodel and what it names",
        )
    if not (Path(spec.model_path) / "MLmodel").is_file():
        return (
            "model_not_found",
            "the model's directory has no MLmodel file",
            "deploy a directory that MLflow saved; it has a file MLmodel at its top",
        )
    if reason == "warmup_failed":
        return reason, f"the model failed on its own input example: {_line(error)}", "see the evidence and the log"
    return (
        reason,
        f"the model could not be loaded: {_line(error)}",
        "see the evidence; a model loads best with the library versions that it was saved with",
    )


def _script(
    chain: list[BaseException], script: manifest.Manifest, spec: ReplicaSpec, reason: FailureReason
) -> tuple[FailureReason, str, str]:
    again = f"mend it, try it with `mdeploy serve {script.origin or script.file}`, and deploy it again"
    wrong = next((link for link in chain if isinstance(link, ModelNotSupported)), chain[0])
    if isinstance(wrong, MDeployError):
        return reason, wrong.message, f"{wrong.hint}; then deploy it again" if wrong.hint else again
    found = _blamed(chain, spec)
    if found is None:
        return reason, f"the script {script.file} could not be loaded: {_line(chain[0])}", again
    line, link = found
    text = f"SyntaxError: {link.msg}" if isinstance(link, SyntaxError) else _line(link)
    on = "failed on its own example: " if reason == "warmup_failed" else ""
    return ("import_failed" if isinstance(link, ImportError) else reason), f"{on}{line}: {text}", again


def _blamed(chain: list[BaseException], spec: ReplicaSpec) -> tuple[Line, BaseException] | None:
    """Return the script's line that the deepest cause came from, with that cause."""
    return next(((line, link) for link in reversed(chain) if (line := line_of(link, spec.model_path)) is not None), None)


def _script_details(error: BaseException, spec: ReplicaSpec) -> dict[str, str]:
    """Return where the script lies and which line failed, for the fix."""
    script = manifest.read(Path(spec.model_path))
    if script is None:
        return {}
    found = _blamed(_chain(error), spec)
    place = {"file": found[0].file, "line": str(found[0].number)} if found is not None else {"file": script.file}
    return {"script": script.origin, **place}


def _known(link: BaseException, spec: ReplicaSpec) -> tuple[FailureReason, str, str] | None:
    if isinstance(link, MemoryError):
        return _memory(spec)
    if isinstance(link, ModuleNotFoundError) and link.name:
        return _missing(link.name, spec)
    return _attribute(str(link)) if isinstance(link, AttributeError) else None


def _import(chain: list[BaseException]) -> tuple[FailureReason, str, str] | None:
    link = next((link for link in chain if isinstance(link, ImportError)), None)
    if link is None:
        return None
    return (
        "import_failed",
        f"an import of the model failed: {_line(link)}",
        "the evidence shows which import; versions may differ from those the model was made with",
    )


def _line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:300]}" if text else type(error).__name__


def _memory(spec: ReplicaSpec) -> tuple[FailureReason, str, str]:
    return (
        "out_of_memory",
        f"the model does not fit into the memory of instance type {spec.instance_type.name!r}",
        "choose a larger instance type",
    )


def _details(error: BaseException, spec: ReplicaSpec) -> dict[str, str]:
    """Return what a fix of a missing library needs to know."""
    name = next(link.name for link in _chain(error) if isinstance(link, ModuleNotFoundError) and link.name)
    requirement, known = requirement_of(name, spec.model_path)
    return {
        "module": name.partition(".")[0],
        "requirement": requirement,
        "known": "yes" if known else "no",
        "python": sys.executable,
    }


def _missing(name: str, spec: ReplicaSpec) -> tuple[FailureReason, str, str]:
    top = name.partition(".")[0]
    interpreter = spec.template.model.interpreter
    where = f" into {interpreter.path}" if interpreter is not None and interpreter.path else ""
    requirement, _ = requirement_of(name, spec.model_path)
    script = manifest.read(Path(spec.model_path)) is not None
    own = f"put {top}.py beside the script" if script else "pass it in code_paths"
    return (
        "missing_library",
        f"the {'script' if script else 'model'} needs the library {top!r}, which is not installed",
        f"pip install {requirement}{where}, deploy with isolate=True, or {own} if it is a module of your own",
    )


def _attribute(text: str) -> tuple[FailureReason, str, str] | None:
    match = _ATTRIBUTE.search(text)
    if match is None:
        return None
    if match[2] in _main_names():
        return (
            "load_failed",
            f"the model uses {match[1]!r}, which was defined in the notebook and was saved by name only",
            "define it in a module beside the notebook and import it, or deploy the live object, which is saved whole",
        )
    return (
        "load_failed",
        f"the model uses {match[1]!r} of module {match[2]!r}, which has no such name here",
        "install the version of the library (or take the version of the module) that the model was saved with",
    )


def _main_names() -> set[str]:
    """Return how Python calls ``__main__`` in its messages: a module run with -m is called by its own name."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return {"__main__", *([] if spec is None else [spec.name])}
