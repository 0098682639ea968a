"""A loaded script as MLflow sees it: one object with ``predict``."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mdeploy_lab.errors import ModelNotSupported
from mdeploy_lab.runtime.context import RequestContext, current
from mdeploy_lab.runtime.problems import ModelRaised
from mdeploy_lab.runtime.scripts import kserve, manifest, raw
from mdeploy_lab.runtime.scripts.arguments import Bound, where
from mdeploy_lab.runtime.scripts.loading import Parts, call_load, import_script, parts_of

_ARRAYS = frozenset({"feature_names"})
"""A function that asks for this wants an array beside it, as Seldon gives it."""


def load(path: str) -> ScriptModel:
    """Import the script and let it load what it needs.

    Raises
    ------
    ModelNotSupported
        When it lacks what a script must have. What its own code raises passes through.
    """
    root = Path(path).absolute().parent
    found = manifest.read(root)
    if found is None:
        raise ModelNotSupported(f"{manifest.FILE} is missing or damaged", hint="deploy the script again")
    file = root / manifest.FOLDER / found.file
    artifact = root / found.artifact
    parts = parts_of(import_script(file), file, artifact)
    return ScriptModel(parts, artifact)


class ScriptModel:
    """Answers with a script's functions: preprocess, predict, postprocess; each is given the arguments that it names."""

    def __init__(self, parts: Parts, path: Path) -> None:
        self.parts = parts
        self.nobody = RequestContext()
        """The context outside of a request, in warm-up."""
        self._path = path
        self._loop: asyncio.AbstractEventLoop | None = None
        self._inner: Any = None
        loaded = call_load(parts.load, path, self.nobody) if parts.load is not None else None
        self._model = parts.instance if loaded is None and parts.instance is not None else loaded
        self._stand_before_model(loaded)

    def _stand_before_model(self, loaded: Any) -> None:
        """Load the MLflow model at the path, when the script has no predict of its own or asks for what it does not load."""
        asks = self.parts.predict is not None and "model" in self.parts.predict.asks
        alone = self.parts.predict is None and self.parts.raw is None and self.parts.stream is None
        if not (alone or (asks and loaded is None and self.parts.instance is None)):
            return
        if (self._path / "MLmodel").is_file() and (alone or self.parts.load is None):
            import mlflow.pyfunc

            place = (self._path / "MLmodel").resolve().parent  # MLflow takes no link for a model
            self._inner = mlflow.pyfunc.load_model(str(place), suppress_warnings=True)
            self._model = self._inner
        elif alone:
            raise ModelNotSupported(
                f"{self.parts.name} has no predict, and there is no MLflow model that it could stand before",
                hint="write a function predict(inputs), or name the model: mdeploy serve DIR --model PATH",
            )
        elif self.parts.load is not None:
            raise ModelNotSupported(
                f"{where(self.parts.load)} returned None, and predict asks for model", hint="end load with: return model"
            )
        else:
            raise ModelNotSupported(
                f"{self.parts.name}: predict asks for model, and nothing loads one", hint="write a function load(path)"
            )

    @property
    def inner(self) -> Any:
        """The MLflow model that the script stands before; None for a script that predicts itself."""
        return self._inner

    def predict(self, inputs: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Return the script's answer.

        Raises
        ------
        ModelRaised
            When a function forgot to return something. What the script raises passes through.
        """
        values, parts = self._values(inputs, params), self.parts
        if parts.kserve:
            values["inputs"] = kserve.payload(inputs)
        if parts.before is not None:
            values["inputs"] = self._call(parts.before, values)
        if parts.predict is not None:
            outputs = self._call(parts.predict, values)
        elif parts.stream is not None and self._inner is None:
            outputs = list(self._pieces(values))
        elif parts.raw is not None:
            outputs = raw.answered(parts.raw, values["inputs"], values["context"].request_id)
        else:
            known = self._inner.metadata.get_params_schema() is not None
            outputs = self._inner.predict(values["inputs"], params=values["params"] if known else None)
        if parts.after is not None:
            outputs = self._call(parts.after, {**values, "inputs": inputs, "outputs": outputs})
        return kserve.content(outputs) if parts.kserve else outputs

    def predict_stream(self, inputs: Any, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Yield the pieces of the script's answer, as they come; preprocess goes before, postprocess is not asked.

        Raises
        ------
        ModelRaised
            When the script has no ``predict_stream``, or that yields nothing that can be gone through.
        """
        values, parts = self._values(inputs, params), self.parts
        if parts.stream is None:
            raise ModelRaised(f"{parts.name} has no predict_stream", hint="ask for the whole answer")
        if parts.before is not None:
            values["inputs"] = self._call(parts.before, values)
        yield from self._pieces(values)

    def _pieces(self, values: Mapping[str, Any]) -> Iterable[Any]:
        stream = self.parts.stream
        assert stream is not None
        pieces = stream(values)
        if not isinstance(pieces, Iterable):
            raise ModelRaised(f"{stream.where} yields nothing", hint="write: yield piece")
        return pieces

    def _values(self, inputs: Any, params: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return everything that a function may ask for."""
        return {
            "inputs": inputs,
            "params": dict(params) if params else {},
            "context": current() or self.nobody,
            "model": self._model,
            "path": self._path,
            "feature_names": [],
            "meta": {},
            "headers": {},
        }

    def _call(self, function: Bound, values: dict[str, Any]) -> Any:
        if not _ARRAYS.isdisjoint(function.asks):
            values = {**values, **_as_array(values), "meta": {"puid": values["context"].request_id}}
        if "headers" in function.asks:
            values = {**values, "headers": values["context"].headers}
        result = function(values)
        if inspect.iscoroutine(result):
            self._loop = self._loop or asyncio.new_event_loop()
            result = self._loop.run_until_complete(result)
        if inspect.isgenerator(result):
            result = list(result)
        if result is None:
            raise ModelRaised(
                f"{function.where} returned nothing", hint="end it with: return answer", details={"type": "NoneType"}
            )
        return result


def _as_array(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return inputs and outputs as arrays, and the columns' names, which a table brings along."""
    found: dict[str, Any] = {}
    for name in ("inputs", "outputs"):
        data: Any = values.get(name)
        if hasattr(data, "columns") and hasattr(data, "to_numpy"):
            found[name] = data.to_numpy()
            if name == "inputs":
                found["feature_names"] = [str(column) for column in data.columns]
    return found
