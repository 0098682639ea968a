"""The notebook cell that mends a failure, where one is known. Pure.

A cell is read before it is run: it says in comments what it cannot know, and does nothing that the failure does not call for.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable

from mdeploy_lab.models.deployment import DeploymentSpec, DeploymentStatus, Failure, FailureReason

STILL = "--no-wait"
"""An update that makes no new revision leaves a failed one failed until it is started again."""


def added(status: DeploymentStatus, id_: str, spec: DeploymentSpec) -> DeploymentStatus:
    """Return the status whose failure has its fix."""
    failure = status.failure
    if failure is None:
        return status
    return status.model_copy(update={"failure": failure.model_copy(update={"fix": cell(failure, id_, spec)})})


def cell(failure: Failure, id_: str, spec: DeploymentSpec) -> str:
    """Return the text of one notebook cell that mends ``failure``; empty when none is known."""
    maker = _MAKERS.get(failure.reason)
    return "\n".join(maker(failure, id_, spec)) if maker is not None else ""


def _missing_library(failure: Failure, id_: str, spec: DeploymentSpec) -> list[str]:
    requirement, python = failure.details.get("requirement", ""), failure.details.get("python", "")
    if not requirement:
        return []
    if failure.details.get("known") != "yes":
        module = failure.details.get("module", requirement)
        if failure.details.get("script"):
            return [
                f"# {module} is none of the script's requirements: name it in requirements.txt, or put {module}.py beside it.",
                *_script(failure, id_, spec),
            ]
        return [
            f"# {module} is none of the model's requirements. When it is a module of yours, it has to travel with the model:",
            "# clf stands for your fitted model.",
            "import mdeploy_lab as md",
            f"d = md.deploy(clf, {json.dumps(spec.name, ensure_ascii=False)}, code_paths=[{json.dumps(module + '.py')}])",
            f"# When it is a library: %pip install {requirement}, then %deploy start {id_}",
        ]
    where = (
        [f"# The model runs in {python}: when this kernel is another, !{shlex.quote(python)} -m pip install …"]
        if python
        else []
    )
    return [*where, f"%pip install {shlex.quote(requirement)}", f"%deploy start {id_}"]


def _script(failure: Failure, id_: str, _spec: DeploymentSpec) -> list[str]:
    """Deploy a script again, when its own line has been mended."""
    script = failure.details.get("script", "")
    if not script:
        return []
    line = failure.details.get("line", "")
    place = failure.details.get("file", script) + (f", line {line}" if line else "")
    return [
        f"# When {place} is mended (`mdeploy serve` in a terminal tries it):",
        f"%deploy update {id_} --model {shlex.quote(script)}",
    ]


def _import_failed(failure: Failure, id_: str, spec: DeploymentSpec) -> list[str]:
    if failure.details.get("script"):
        return _script(failure, id_, spec)
    if spec.template.runtime.isolate:
        return []
    return ["# Run it with the library versions that it was made with.", f"%deploy update {id_} --isolate"]


def _secret_missing(failure: Failure, id_: str, spec: DeploymentSpec) -> list[str]:
    name, place = failure.details.get("variable", ""), failure.details.get("file", "")
    if not name:
        return []
    if place:
        path = f"pathlib.Path({json.dumps(place)}).expanduser()"
        again = f"%deploy start {id_}"
    else:
        path = f'pathlib.Path.home() / ".mdeploy-secrets" / {json.dumps(name)}'
        kept = [f"--secret-env {shlex.quote(f'{k}={v}')}" for k, v in spec.template.secret_env.items() if k != name]
        again = " ".join([f"%deploy update {id_} --secret-env {shlex.quote(name)}=file:{{secret}}", *kept])
    return [
        "import getpass, pathlib",
        f"secret = {path}",
        "secret.parent.mkdir(mode=0o700, parents=True, exist_ok=True)",
        "secret.touch(mode=0o600)",
        f"_ = secret.write_text(getpass.getpass({json.dumps(f'{name}: ')}))",
        again,
    ]


def _start_timeout(_failure: Failure, id_: str, spec: DeploymentSpec) -> list[str]:
    seconds = max(60.0, 2 * spec.start_timeout)
    return [f"%deploy update {id_} --start-timeout {seconds:g} {STILL}", f"%deploy start {id_}"]


def _out_of_memory(failure: Failure, id_: str, _spec: DeploymentSpec) -> list[str]:
    larger = failure.details.get("instance_type", "")
    return [f"%deploy update {id_} --instance-type {shlex.quote(larger)}"] if larger else []


def _parity(_failure: Failure, id_: str, _spec: DeploymentSpec) -> list[str]:
    return [
        "# Look at the rows that differ first: a model that depends on random numbers, globals or files has to be mended.",
        "import mdeploy_lab as md",
        f"print(md.get({json.dumps(id_)}).status.failure.evidence)",
        "# When the endpoint's answers are right all the same, let it serve them:",
        f"# %deploy update {id_} --no-parity {STILL}",
        f"# %deploy start {id_}",
    ]


def _environment(failure: Failure, id_: str, spec: DeploymentSpec) -> list[str]:
    cause, python = failure.details.get("cause", ""), failure.details.get("python", "")
    if cause == "uv":
        return ["%pip install uv", f"%deploy start {id_}"]
    if cause == "mdeploy" and python:
        return [f"!{shlex.quote(python)} -m pip install --upgrade mdeploy-lab", f"%deploy start {id_}"]
    if spec.template.runtime.isolate:
        return []
    return [f"%deploy update {id_} --isolate"]


def _model_not_found(_failure: Failure, id_: str, spec: DeploymentSpec) -> list[str]:
    model = spec.template.model
    if not model.name:
        return ["%deploy models", f"# then one of them: %deploy update {id_} --model models:/NAME/VERSION"]
    name = shlex.quote(model.name)
    uri = shlex.quote(f"models:/{model.name}/VERSION")
    return [f"%deploy versions {name}", f"# then one of them: %deploy update {id_} --model {uri}"]


def _download_failed(_failure: Failure, id_: str, _spec: DeploymentSpec) -> list[str]:
    return ["# When the place that holds the model's files can be reached again:", f"%deploy start {id_}"]


def _crash(failure: Failure, id_: str, spec: DeploymentSpec) -> list[str]:
    native = failure.details.get("native") == "yes" and not spec.template.runtime.isolate
    return _import_failed(failure, id_, spec) if native else []


_MAKERS: dict[FailureReason, Callable[[Failure, str, DeploymentSpec], list[str]]] = {
    "missing_library": _missing_library,
    "load_failed": _script,
    "warmup_failed": _script,
    "import_failed": _import_failed,
    "secret_missing": _secret_missing,
    "start_timeout": _start_timeout,
    "out_of_memory": _out_of_memory,
    "parity": _parity,
    "environment": _environment,
    "model_not_found": _model_not_found,
    "download_failed": _download_failed,
    "crash": _crash,
}
