"""Loads an MLflow model and answers with any of its methods, under the input schema that it was saved with."""

from __future__ import annotations

import contextlib
import inspect
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mdeploy_lab.runtime.feedback import Feedback, Rewards
from mdeploy_lab.runtime.preload import quiet
from mdeploy_lab.runtime.scripts import manifest
from mdeploy_lab.runtime.spec import ReplicaSpec

if TYPE_CHECKING:
    from mdeploy_lab.runtime.plan import Plan

log = logging.getLogger(__name__)

SHOWN_ROWS = 2
"""Rows of an example request."""


class ServedModel:
    """A loaded model. ``predict`` is called in the worker thread only."""

    speaks_for_itself = False
    """Whether its code is the author's own and refuses an input by raising InvalidInput: the rest is no caller's fault."""

    def __init__(self, spec: ReplicaSpec, pyfunc: Any) -> None:
        self.spec = spec
        self.method = spec.template.runtime.method
        self.pyfunc = pyfunc
        self.metadata = pyfunc.metadata
        self.input_schema = self.metadata.get_input_schema()
        self.output_schema = self.metadata.get_output_schema()
        self.params_schema = self.metadata.get_params_schema()
        self._function = None if self.method == "predict" else method_of(pyfunc, self.method)
        self.hooks: Mapping[str, Any] = {}
        """What else a script defines for a dialect: ``tags()``, ``metrics()``, ``class_names``, ``send_feedback(message)``."""
        self.rewards = Rewards()
        self.on_feedback: Callable[[Feedback], None] = self.rewards
        """Takes what callers say of answers, on the event loop."""
        self.plan: Plan | None = None
        """The short way for tables of numbers, found at warm-up."""

    def predict(self, inputs: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the model's answer; the input schema is enforced as MLflow does it.

        Raises
        ------
        mlflow.exceptions.MlflowException
            When the input does not fit the schema.
        """
        if self._function is None:
            return self.pyfunc.predict(inputs, params=params)
        from mlflow.pyfunc import _validate_prediction_input

        data, checked = _validate_prediction_input(
            inputs, params, self.input_schema, self.params_schema, self.pyfunc.loader_module
        )
        return self._function(data, checked)

    @cached_property
    def unchecked(self) -> Callable[[Any], Any] | None:
        """The library's own answer to a table that meets the schema; None for a user's class, which MLflow wraps in more."""
        if self.pyfunc.loader_module == "mlflow.pyfunc.model":
            return None
        if self._function is not None:
            function = self._function
            return lambda data: function(data, None)
        predict = getattr(getattr(self.pyfunc, "_model_impl", None), "predict", None)
        return predict if callable(predict) else None

    @cached_property
    def stream(self) -> Callable[[Any, dict[str, Any] | None], Iterable[Any]] | None:
        """Yields an answer piece by piece; None when the model answers whole."""
        implementation = getattr(self.pyfunc, "_model_impl", None)
        python_model = getattr(implementation, "python_model", None)
        own = getattr(type(python_model), "predict_stream", None)
        if python_model is None or own is None or getattr(own, "__module__", "").startswith("mlflow.pyfunc"):
            return None
        return lambda inputs, params: self.pyfunc.predict_stream(inputs, params=params)

    @cached_property
    def typed_by_hints(self) -> bool:
        """Whether the signature comes from the type hints of a Python model, which then checks its input itself."""
        check = getattr(self.metadata, "_is_signature_from_type_hint", None)
        return bool(check()) if check is not None else False

    @cached_property
    def example_body(self) -> dict[str, Any] | None:
        """A short body for ``/invocations`` that came with the model."""
        return first_rows(self.own_example, self.input_schema, SHOWN_ROWS) if self.own_example is not None else None

    @cached_property
    def own_example(self) -> dict[str, Any] | None:
        """A whole body for ``/invocations`` that came with the model: its serving example, else its parity rows."""
        root = Path(self.spec.model_path)
        for path, pick in (
            (root / "serving_input_example.json", None),
            (root / "mdeploy" / "parity.json", "request"),
        ):
            try:
                found = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None)
            except (OSError, ValueError):
                continue
            if pick is not None and isinstance(found, dict):
                found = found.get(pick)
            if isinstance(found, dict):
                return found
        return None


def first_rows(body: dict[str, Any], schema: Any, rows: int) -> dict[str, Any]:
    """Return the body with at most ``rows`` rows, where it is one of MLflow's forms and its rows can be told."""
    short = dict(body)
    split = short.get("dataframe_split")
    if isinstance(split, dict) and isinstance(split.get("data"), list):
        short["dataframe_split"] = {
            key: value[:rows] if key in ("data", "index") and isinstance(value, list) else value for key, value in split.items()
        }
    for key in ("dataframe_records", "instances", "inputs"):
        if isinstance(short.get(key), list) and _grows(schema, ""):
            short[key] = short[key][:rows]
        elif key == "inputs" and isinstance(short.get(key), dict) and schema is not None and schema.is_tensor_spec():
            named = short[key].items()
            short[key] = {n: v[:rows] if isinstance(v, list) and _grows(schema, n) else v for n, v in named}
    return short


def _grows(schema: Any, name: str) -> bool:
    """Return whether an input may have any number of rows; a tensor of a fixed first size must keep it."""
    if schema is None or not schema.is_tensor_spec():
        return True
    specs = [spec for spec in schema.inputs if not name or spec.name == name]
    return all(spec.shape[:1] == (-1,) for spec in specs)


def load(spec: ReplicaSpec) -> ServedModel:
    """Load ``spec.model_path``; whatever the model's code raises passes through."""
    quiet()
    import mlflow.pyfunc

    if manifest.read(Path(spec.model_path)) is not None:
        from mdeploy_lab.runtime.scripts.serving import serve

        return serve(spec)
    pyfunc = mlflow.pyfunc.load_model(spec.model_path, suppress_warnings=True)
    model = ServedModel(spec, pyfunc)
    log.info("loaded %s from %s", spec.template.model.uri, spec.model_path)
    return model


def method_of(pyfunc: Any, name: str) -> Callable[[Any, dict[str, Any] | None], Any]:
    """Return the model's method ``name`` as a function of inputs and params.

    Raises
    ------
    AttributeError
        When no layer of the model has such a method.
    """
    for layer in _layers(pyfunc):
        function = getattr(layer, name, None)
        if callable(function):
            return _adapt(function, pyfunc)
    kind = type(next(iter(_layers(pyfunc)), pyfunc)).__name__
    raise AttributeError(f"{kind} has no method {name!r}")


def _layers(pyfunc: Any) -> list[Any]:
    """Return the native model and its wrappers, the innermost first."""
    from mlflow.exceptions import MlflowException

    layers: list[Any] = []
    try:
        python_model = pyfunc.unwrap_python_model()
    except (MlflowException, AttributeError):
        python_model = None
    if python_model is not None:
        layers += [python_model, *(getattr(python_model, name, None) for name in ("model", "obj", "wrapped"))]
    with contextlib.suppress(NotImplementedError, MlflowException, AttributeError):
        layers.append(pyfunc.get_raw_model())
    layers.append(getattr(pyfunc, "_model_impl", None))
    return [layer for layer in layers if layer is not None]


def _adapt(function: Callable[..., Any], pyfunc: Any) -> Callable[[Any, dict[str, Any] | None], Any]:
    """Call ``function`` with what it asks for: ``context`` and ``params`` only when it names them."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD]
    implementation = getattr(pyfunc, "_model_impl", None)
    before = (getattr(implementation, "context", None),) if names[:1] == ["context"] else ()
    if "params" in names:
        return lambda data, params: function(*before, data, params=params)
    return lambda data, _params: function(*before, data)
