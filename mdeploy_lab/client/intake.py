"""From what the user has, a URI or a live object, to what the API takes: a model source, and notes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdeploy_lab.client.namespace import name_of
from mdeploy_lab.errors import InvalidInput, ModelNotFound
from mdeploy_lab.models.registry import CellContext
from mdeploy_lab.models.requests import ModelSource
from mdeploy_lab.paths import Home, find_home

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:/")
_REGISTERED = re.compile(r"models:/([^/@]+)")
_HINT = "models:/NAME/VERSION, models:/NAME@ALIAS, runs:/ID/PATH, a directory, a serving script, or the object itself"


@dataclass(frozen=True)
class Intake:
    """Fields of a create or update request, and what the user should know."""

    fields: dict[str, Any]
    notes: tuple[str, ...] = field(default=())


def is_reference(model: Any) -> bool:
    """Return whether ``model`` says where a model is, and is not one itself."""
    return isinstance(model, str | os.PathLike)


def default_name(model: Any, namespace: Mapping[str, Any]) -> str:
    """Return the display name of a deployment that was given none.

    Raises
    ------
    InvalidInput
        When nothing suggests one.
    """
    if is_reference(model):
        text = os.fspath(model)
        registered = _REGISTERED.match(text)
        if registered is not None:
            return registered[1]
        if not _SCHEME.match(text):
            path = Path(text).expanduser().absolute()
            return path.stem if path.suffix == ".py" else path.name
    else:
        found = name_of(model, namespace)
        if found:
            return found
    raise InvalidInput("the deployment needs a name", hint='give it one: name="churn", or --name churn')


def take_reference(model: str | os.PathLike[str], home: Home | None) -> Intake:
    """Return a reference to a model in a form that means the same in the engine's directory.

    Raises
    ------
    ModelNotFound
        When it is neither a URI nor a path that exists.
    """
    text = os.fspath(model)
    if home is None:
        return Intake({"model": ModelSource(uri=text)})
    from mdeploy_lab.registry.backend import choose

    if not text:
        raise InvalidInput("the model is empty", hint=_HINT)
    where = choose(home)
    if not _SCHEME.match(text):
        path = Path(text).expanduser().absolute()
        if not path.exists():
            raise ModelNotFound(f"there is no model at {str(path)[:300]}", hint=_HINT)
        text = str(path)
    source = ModelSource(uri=text, tracking_uri=where.tracking_uri, registry_uri=where.registry_uri)
    return Intake({"model": _of_this_python(source) if _is_script(text) else source})


def _is_script(text: str) -> bool:
    from mdeploy_lab.registry.scripts import is_script

    return not _SCHEME.match(text) and is_script(Path(text))


def _of_this_python(source: ModelSource) -> ModelSource:
    """Let a script run with the Python that deploys it, which has the libraries that it was tried with."""
    from mdeploy_lab.registry.interpreter import this_interpreter

    return source.model_copy(update={"interpreter": source.interpreter or this_interpreter()})


def with_script(intake: Intake, script: str | os.PathLike[str], home: Home | None) -> Intake:
    """Return the same model with a serving script that stands before it.

    Raises
    ------
    ModelNotFound
        When there is no such file or folder.
    """
    source: ModelSource = intake.fields["model"]
    if home is None:
        return Intake({**intake.fields, "model": source.model_copy(update={"script": os.fspath(script)})}, intake.notes)
    path = Path(script).expanduser().absolute()
    if not path.exists():
        raise ModelNotFound(f"there is no script at {str(path)[:300]}", hint="give a Python file, or a folder with one")
    source = _of_this_python(source.model_copy(update={"script": str(path)}))
    return Intake({**intake.fields, "model": source}, intake.notes)


@dataclass(frozen=True)
class Capturing:
    """How a live object is to be saved; see ``registry.capture.capture``."""

    method: str | None = None
    input_example: Any = None
    requirements: Sequence[str] | None = None
    code_paths: Sequence[str | os.PathLike[str]] | None = None


def take_object(
    model: Any,
    home: Home | None,
    *,
    name: str,
    how: Capturing,
    namespace: Mapping[str, Any],
    cell: CellContext | None,
) -> Intake:
    """Save and register a live object; call it in the thread that owns the object.

    Raises
    ------
    ModelNotSupported
        When it cannot become a model.
    """
    from mdeploy_lab.registry.capture import capture

    captured = capture(
        model,
        name=name,
        home=home or find_home(),
        method=how.method or "predict",
        input_example=how.input_example,
        namespace=namespace,
        variable=name_of(model, namespace) or None,
        cell=cell,
        requirements=how.requirements,
        code_paths=[Path(path) for path in how.code_paths] if how.code_paths is not None else None,
    )
    source = ModelSource(
        uri=captured.uri,
        tracking_uri=captured.tracking_uri,
        registry_uri=captured.registry_uri,
        source=captured.source,
        interpreter=captured.interpreter,
    )
    return Intake({"model": source, "method": captured.method}, captured.notes)
