"""What an endpoint says of itself at ``/``: enough to build a form, a grid, and an example in any language."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from mdeploy_lab.models.base import Wire

Kind = Literal[
    "boolean",
    "integer",
    "long",
    "float",
    "double",
    "string",
    "binary",
    "datetime",
    "array",
    "object",
    "map",
    "any",
    "tensor",
]


class ValueType(Wire):
    """The type of one value, MLflow's words; arrays, objects and maps hold others."""

    kind: Kind
    text: str = Field(description="in a few words: double, array(string), float32[-1, 28, 28]")
    dtype: str = Field(default="", description="tensor: numpy's name of its dtype")
    shape: tuple[int, ...] | None = Field(default=None, description="tensor: its sizes, -1 for any; null for everything else")
    items: ValueType | None = Field(default=None, description="array: of an item; map: of a value")
    properties: tuple[SignatureField, ...] = Field(default=(), description="object: its fields")


class SignatureField(Wire):
    """One named input or output: a column, a tensor, or a property of an object."""

    name: str = Field(description="empty when the signature has no names: fields are then known by their position")
    type: ValueType
    required: bool = Field(default=True, description="whether a request must have it")
    nullable: bool = Field(
        default=False,
        description="whether a value may be null, as far as the signature goes; else an optional one is left out",
    )


class SignatureParam(Wire):
    """A parameter of the prediction, which a request may set beside its rows."""

    name: str
    type: ValueType
    default: Any = None
    required: Literal[False] = Field(default=False, description="parameters have defaults, always")


class Signature(Wire):
    """The model's signature; null where it says nothing."""

    inputs: tuple[SignatureField, ...] | None = None
    outputs: tuple[SignatureField, ...] | None = None
    params: tuple[SignatureParam, ...] = ()
    multi_io: bool = Field(
        default=False,
        description="inputs are several named tensors, which share no rows: one editor for each rather than a grid",
    )


class InputExample(Wire):
    """The model's own example rows. ``kind`` says which of the fields below it is set."""

    kind: Literal["table", "named", "value"]
    columns: tuple[str, ...] = Field(default=(), description="table: names of the columns; empty when they have none")
    rows: tuple[tuple[Any, ...], ...] = Field(default=(), description="table: rows of values in the columns' order")
    inputs: dict[str, Any] = Field(default_factory=dict, description="named: a value (a tensor as nested lists) for each input")
    value: Any = Field(default=None, description="value: one array, list or text, as the model takes it")
    total: int = Field(default=0, description="table: rows that the model came with; rows holds the first of them")
    params: dict[str, Any] = Field(default_factory=dict, description="parameters that came with the example")


class DialectInfo(Wire):
    """One way to call the endpoint, with a request that works."""

    name: str = Field(description="as POST …/predict takes it")
    title: str
    method: str = "POST"
    path: str = Field(description="below the endpoint's URL")
    content_types: tuple[str, ...] = Field(default=(), description="of a request; the first is the example's")
    example: str = Field(
        default="",
        description="a request body with a real row, or a script where bodies are no text; empty when it is too long to show",
    )
    binary: bool = Field(default=False, description="bodies are no text: send them as body_base64")
    note: str = Field(default="", description="why this model cannot be called this way")
    multi_io: bool = Field(default=False, description="a request can carry several named inputs, and its answer named outputs")


class DescribedModel(Wire):
    """Which model answers."""

    uri: str
    name: str = ""
    version: str = ""
    flavors: tuple[str, ...] = ()


class Description(Wire):
    """GET …/description: what the endpoint answers at ``/``, and where it is."""

    name: str = Field(description="of the model as dialects call it: the deployment's id")
    deployment: str
    revision: int
    model: DescribedModel
    method: str = Field(default="predict", description="the model's method that answers")
    signature: Signature | None = Field(default=None, description="null: the model was saved without one")
    example: InputExample | None = Field(default=None, description="null: the model came with none")
    dialects: tuple[DialectInfo, ...] = ()
    max_payload: int = Field(default=0, description="bytes that a request may have")
    predict_timeout: float = Field(default=0.0, description="seconds that a prediction may take")
    url: str = Field(default="", description="of the endpoint, or of the revision that was asked for")
    public: bool = Field(default=False, description="whether callers need no token")
