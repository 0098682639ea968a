"""What the Open Inference Protocol says in each of its transports: names, versions, metadata, and what is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mdeploy_lab.runtime.problems import BadInput, NotSupported, PathUnknown
from mdeploy_lab.runtime.tensor_data import declared, from_raw
from mdeploy_lab.runtime.tensors import Tensors, datatype_of, outputs_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mdeploy_lab.runtime.loader import ServedModel

UNNAMED_INPUT = "input-0"
UNNAMED_OUTPUT = "output-0"

_REFUSED = {
    "shared_memory": "shared memory is not offered",
    "classification": "the classification extension is not offered",
    "sequence": "sequences are not offered",
}
"""Beginnings of parameters that ask for what would be wrong to leave out silently."""


@dataclass(slots=True)
class Asked:
    """What a request wants back: its own id, the names of outputs (None: all), and which of them as raw bytes."""

    id: str | None = None
    names: list[str] | None = None
    raw: bool = False
    raw_by_name: dict[str, bool] = field(default_factory=dict)

    def is_raw(self, name: str) -> bool:
        """Return whether an output is wanted as raw bytes."""
        return self.raw_by_name.get(name, self.raw)


def server() -> dict[str, Any]:
    """Return the server's metadata."""
    from mdeploy_lab import __version__

    return {"name": "mdeploy", "version": __version__, "extensions": ["binary_tensor_data"]}


def check(model: ServedModel, name: str, version: str | None) -> None:
    """Refuse another model's name and another version's."""
    if name not in {model.spec.model_name, model.spec.template.model.name} or not name:
        raise PathUnknown("no model of this name is here", hint=f"the model is called {model.spec.model_name!r}")
    if version and version != str(model.spec.revision):
        raise PathUnknown("no such version is here", hint=f"this is version {model.spec.revision}")


def metadata(model: ServedModel) -> dict[str, Any]:
    """Return the model's metadata, by its signature."""
    return {
        "name": model.spec.model_name,
        "versions": [str(model.spec.revision)],
        "platform": "mlflow_" + next((f for f in sorted(model.metadata.flavors) if f != "python_function"), "pyfunc"),
        "inputs": _described(model.input_schema, UNNAMED_INPUT),
        "outputs": _described(model.output_schema, UNNAMED_OUTPUT),
    }


def _described(schema: Any, unnamed: str) -> list[dict[str, Any]]:
    if schema is None:
        return []
    if not schema.is_tensor_spec() and not schema.has_input_names() and len(schema.inputs) > 1:
        return [{"name": unnamed, "datatype": datatype_of(schema.inputs[0]), "shape": [-1, len(schema.inputs)]}]
    return [
        {"name": spec.name or unnamed, "datatype": datatype_of(spec), "shape": list(getattr(spec, "shape", (-1,)))}
        for spec in schema.inputs
    ]


def refuse_extensions(parameters: Mapping[str, Any]) -> None:
    """Refuse what is not offered and would change the answer."""
    for key in parameters:
        for begin, what in _REFUSED.items():
            if key.startswith(begin):
                raise NotSupported(what, hint="send the tensors' values, and read the whole outputs", details={"field": key})


def params_for(parameters: Mapping[str, Any], model: ServedModel) -> dict[str, Any] | None:
    """Return those of a request's parameters that the model's signature has."""
    if not parameters:
        return None
    refuse_extensions(parameters)
    known = {param.name for param in model.params_schema.params} if model.params_schema else set()
    return {key: value for key, value in parameters.items() if key in known} or None


def add(tensors: Tensors, name: str, array: NDArray[Any]) -> None:
    """Add an input, of which each name may be there once."""
    if name in tensors:
        raise BadInput("two inputs have the same name", hint="name every input once", field=name)
    tensors[name] = array


def raw_input(name: Any, kind: Any, shape: Any, data: bytes | memoryview) -> tuple[str, NDArray[Any]]:
    """Return an input that came as raw bytes."""
    name, kind, shape = declared(name, kind, shape)
    return name, from_raw(name, kind, shape, data)


def selected(outputs: Any, model: ServedModel, names: Sequence[str] | None) -> Tensors:
    """Return a model's answer as the tensors that are asked for."""
    schema = model.output_schema
    own = schema.input_names() if schema is not None and schema.has_input_names() else [UNNAMED_OUTPUT]
    tensors = outputs_of(outputs, own)
    if names is None:
        return tensors
    missing = [name for name in names if name not in tensors]
    if missing:
        raise BadInput("an output of this name does not exist", hint=f"there are: {', '.join(tensors)}", field="outputs")
    return {name: tensors[name] for name in names}
