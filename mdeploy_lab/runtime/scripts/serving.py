"""A loaded script as the server asks it: its signature only where it declared one, and every parameter of the request."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.runtime.context import RequestContext
from mdeploy_lab.runtime.loader import ServedModel
from mdeploy_lab.runtime.problems import BadInput
from mdeploy_lab.runtime.scripts import example, feedback, manifest
from mdeploy_lab.runtime.scripts.model import ScriptModel
from mdeploy_lab.runtime.spec import ReplicaSpec

log = logging.getLogger(__name__)

HOOKS = ("tags", "metrics", "class_names", "send_feedback")
"""Seldon's names for what a class offers beside its predictions."""


class ServedScript(ServedModel):
    """A script. It may ask who calls, so every request is asked by itself, never as a part of a batch."""

    speaks_for_itself = True

    def __init__(self, spec: ReplicaSpec, pyfunc: Any, script: ScriptModel) -> None:
        script.nobody = RequestContext("", "", spec.deployment, spec.revision, spec.replica)
        self.script = script
        _complete(pyfunc, script, Path(spec.model_path))
        super().__init__(spec, pyfunc)
        found = ((name, script.parts.get(name)) for name in HOOKS)
        self.hooks = {name: hook for name, hook in found if hook is not None}
        if callable(send := self.hooks.get("send_feedback")):
            self.hooks["send_feedback"] = feedback.told(send)

    @property
    def unchecked(self) -> Callable[[Any], Any]:
        """The script's answer to a table that meets the schema."""
        return self._asked

    @property
    def stream(self) -> Callable[[Any, dict[str, Any] | None], Iterable[Any]] | None:
        """The script's ``predict_stream``."""
        return self.script.predict_stream if self.script.parts.stream is not None else None

    def predict(self, inputs: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the script's answer; a table is held against the example's signature.

        Raises
        ------
        mlflow.exceptions.MlflowException
            When the input does not fit the schema.
        BadInput
            When the script itself refuses it, by raising InvalidInput.
        """
        if self.input_schema is not None and self.script.inner is None:
            from mlflow.pyfunc import _validate_prediction_input

            inputs, _ = _validate_prediction_input(inputs, None, self.input_schema, None, manifest.LOADER)
        return self._asked(inputs, params)

    def _asked(self, inputs: Any, params: dict[str, Any] | None = None) -> Any:
        try:
            if self._function is not None:
                return self._function(inputs, params)
            return self.script.predict(inputs, params)
        except InvalidInput as refused:
            raise BadInput(refused.message, hint=refused.hint) from refused


def serve(spec: ReplicaSpec) -> ServedModel:
    """Load the script at ``spec.model_path``. It runs in its own folder, as on its author's terminal.

    What the script's code raises passes through.
    """
    import mlflow.pyfunc

    os.chdir(Path(spec.model_path, manifest.FOLDER))
    pyfunc = mlflow.pyfunc.load_model(spec.model_path, suppress_warnings=True)
    script = pyfunc._model_impl  # noqa: SLF001  # MLflow offers no other way to what a loader returned
    if not isinstance(script, ScriptModel):
        return ServedModel(spec, pyfunc)
    log.info("loaded %s from %s", script.parts.name, spec.model_path)
    return ServedScript(spec, pyfunc, script)


def _complete(pyfunc: Any, script: ScriptModel, directory: Path) -> None:
    """Give the script the signature of its example where none was saved, else that of the model that it stands before."""
    if pyfunc.metadata.signature is not None:
        return
    if script.inner is not None and script.parts.before is None:
        pyfunc.metadata.signature = script.inner.metadata.signature
        return
    source = example.read(directory / manifest.FOLDER)
    found = source if source is not None else _declared(script)
    if found is not None:
        pyfunc.metadata.signature = example.signature_of(found)


def _declared(script: ScriptModel) -> dict[str, Any] | None:
    return example.body_of(script.parts.example) if script.parts.example is not None else None
