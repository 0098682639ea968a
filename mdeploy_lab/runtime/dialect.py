"""What a dialect is: paths, a decoder, an encoder, its own form of an error, and an example that works.

A dialect knows nothing of sockets, queues or threads, and the server core nothing of bodies. ``decode`` and ``encode`` run in
the model's worker thread. A new dialect is one file in ``protocols/`` with a module attribute ``DIALECT``.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mdeploy_lab.runtime.problems import RequestProblem

if TYPE_CHECKING:
    from mdeploy_lab.runtime.loader import ServedModel

JSON = "application/json"


@dataclass(slots=True)
class Request:
    """One request with its body whole."""

    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes = b""
    request_id: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    """What the placeholders of the route's path stand for."""

    def header(self, name: bytes) -> str:
        """Return a header's value, or an empty string; ``name`` is in lower case."""
        return self.headers.get(name, b"").decode("latin-1")

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters, in lower case; empty when there is none."""
        return self.header(b"content-type").partition(";")[0].strip().lower()


@dataclass(slots=True)
class Response:
    """One answer."""

    body: bytes
    status: int = 200
    content_type: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()
    means: int = 0
    """The status that is logged and counted, where HTTP's own says nothing: a refused gRPC call is a 200."""


@dataclass(slots=True)
class Streamed(Response):
    """An answer that comes piece by piece; ``pieces`` is gone through in the model's worker thread."""

    pieces: Generator[bytes, None, None] | None = None


@dataclass(slots=True)
class Call:
    """A decoded request: what the model is asked. ``extra`` is the dialect's own, kept for ``encode``."""

    inputs: Any
    params: dict[str, Any] | None = None
    extra: Any = None
    matrix: Any = None
    """A table of numbers (rows, columns) that the model's plan has read, in place of ``inputs``."""
    stream: bool = False
    """Whether the answer is wanted piece by piece."""


@dataclass(frozen=True, slots=True)
class Example:
    """A request that works on this model, ready to send."""

    path: str
    body: Any
    method: str = "POST"
    content_type: str = JSON
    code: str = ""
    """A Python script that sends one, where a body is no text."""

    def wire(self) -> dict[str, Any]:
        """Return it for the description at ``/``."""
        return {"method": self.method, "path": self.path, "content_type": self.content_type, "body": self.body}


@dataclass(frozen=True, slots=True)
class Route:
    """One method and path. ``{name}`` in the path stands for one segment.

    Exactly one of ``answer`` (computed on the event loop: must be instant) and ``decode`` with ``encode`` is given.
    ``reads`` says that an ``answer`` needs the request's body.
    """

    method: str
    path: str
    answer: Callable[[Request, ServedModel], Response] | None = None
    decode: Callable[[Request, ServedModel], Call] | None = None
    encode: Callable[[Any, Call, Request, ServedModel], Response] | None = None
    reads: bool = False


class Dialect(ABC):
    """One protocol that callers may speak."""

    name: str
    title: str
    content_types: tuple[str, ...] = (JSON,)
    binary = False
    """Whether bodies are no text."""
    multi_io = False
    """Whether a request can carry several named inputs, and its answer several named outputs."""

    @abstractmethod
    def routes(self) -> Sequence[Route]:
        """Return every path that this dialect answers."""

    @abstractmethod
    def describe(self, model: ServedModel) -> Example:
        """Return a request that works on this model."""

    def misfit(self, model: ServedModel) -> str:  # noqa: ARG002  # most can carry any model's values
        """Return why this model cannot be called in this dialect; empty when it can."""
        return ""

    def error(self, problem: RequestProblem) -> dict[str, Any]:
        """Return the body of an error in this dialect's form; ours by default."""
        return problem.to_body()

    def refuse(self, problem: RequestProblem) -> Response:
        """Return a whole error; JSON with HTTP's status by default."""
        return json_response(self.error(problem), problem.http_status, problem.extra_headers())


def json_response(value: Any, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Response:
    """Return ``value`` as a JSON answer."""
    return Response(json.dumps(value, separators=(",", ":")).encode(), status, JSON, headers)


def load_dialects() -> tuple[Dialect, ...]:
    """Return every dialect in ``protocols/``, by name."""
    from mdeploy_lab.runtime import protocols

    found = []
    for info in pkgutil.iter_modules(protocols.__path__):
        module = importlib.import_module(f"{protocols.__name__}.{info.name}")
        dialect = getattr(module, "DIALECT", None)
        if isinstance(dialect, Dialect):
            found.append(dialect)
    return tuple(sorted(found, key=lambda d: d.name))
