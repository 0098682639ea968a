"""Every refusal that a caller of the endpoint can meet, with its status and the way out.

A message names the field and what was expected; it never repeats the data that came in.

::

    RequestProblem
    ├── BadInput              400  the body does not fit the model or the dialect
    ├── SecretWrong           403  not from our gateway
    ├── PathUnknown           404  no dialect answers here
    ├── MethodWrong           405  with Allow
    ├── BodyTooSlow           408
    ├── BodyTooLarge          413
    ├── MediaTypeUnknown      415
    ├── ModelRaised           500  the model's own code failed
    ├── NotSupported          501  part of a dialect that is not offered
    ├── Overloaded            503  the queue is full; Retry-After
    ├── Draining              503  this replica is about to end; Connection: close
    ├── Wedged                503  the model is stuck; the engine replaces this replica
    └── PredictionTimedOut    504
"""

from __future__ import annotations

from typing import Any, ClassVar

from mdeploy_lab.errors import MDeployError


class RequestProblem(MDeployError):
    """A refusal; ``error_code`` is MLflow's name for it."""

    error_code: str = "BAD_REQUEST"
    headers: ClassVar[tuple[tuple[bytes, bytes], ...]] = ()

    def extra_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Return the headers that go with the answer."""
        return self.headers


class BadInput(RequestProblem):
    """Raised when a body does not fit; ``details`` has ``field`` and ``expected`` where they are known."""

    code = "bad_input"
    http_status = 400

    def __init__(self, message: str, *, hint: str = "", field: str = "", expected: str = "", row: int | None = None) -> None:
        details: dict[str, Any] = {}
        if field:
            details["field"] = field
        if expected:
            details["expected"] = expected
        if row is not None:
            details["row"] = row
        super().__init__(message, hint=hint, details=details)


class SecretWrong(RequestProblem):
    """Raised when a request did not come through the gateway."""

    code = "not_the_gateway"
    http_status = 403
    error_code = "PERMISSION_DENIED"


class PathUnknown(RequestProblem):
    """Raised when no dialect answers at a path; ``details["example"]`` is a request that works."""

    code = "path_unknown"
    http_status = 404
    error_code = "ENDPOINT_NOT_FOUND"


class MethodWrong(RequestProblem):
    """Raised when the path exists, with another method."""

    code = "method_not_allowed"
    http_status = 405

    def __init__(self, message: str, *, allow: list[str], hint: str = "") -> None:
        super().__init__(message, hint=hint, details={"allow": allow})
        self._allow = ", ".join(allow)

    def extra_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Return Allow."""
        return ((b"allow", self._allow.encode()),)


class BodyTooSlow(RequestProblem):
    """Raised when a body does not arrive in time."""

    code = "body_too_slow"
    http_status = 408
    error_code = "DEADLINE_EXCEEDED"
    headers = ((b"connection", b"close"),)


class BodyTooLarge(RequestProblem):
    """Raised when a body has more bytes than the revision accepts."""

    code = "body_too_large"
    http_status = 413
    error_code = "REQUEST_LIMIT_EXCEEDED"
    headers = ((b"connection", b"close"),)


class MediaTypeUnknown(RequestProblem):
    """Raised when a body's media type or charset is not accepted here."""

    code = "media_type_unknown"
    http_status = 415


class ModelRaised(RequestProblem):
    """Raised when the model's own code failed; the log has the traceback under the same request id."""

    code = "model_raised"
    http_status = 500
    error_code = "INTERNAL_ERROR"


class NotSupported(RequestProblem):
    """Raised for a part of a dialect that is not offered."""

    code = "not_supported"
    http_status = 501
    error_code = "NOT_IMPLEMENTED"


class Overloaded(RequestProblem):
    """Raised when too much is waiting already."""

    code = "overloaded"
    http_status = 503
    error_code = "TEMPORARILY_UNAVAILABLE"
    headers = ((b"retry-after", b"1"),)


class Draining(RequestProblem):
    """Raised when this replica takes no new work because it is about to end."""

    code = "draining"
    http_status = 503
    error_code = "TEMPORARILY_UNAVAILABLE"
    headers = ((b"retry-after", b"0"), (b"connection", b"close"))


class Wedged(RequestProblem):
    """Raised while the model is stuck in an earlier prediction."""

    code = "wedged"
    http_status = 503
    error_code = "TEMPORARILY_UNAVAILABLE"
    headers = ((b"retry-after", b"2"), (b"connection", b"close"))


class PredictionTimedOut(RequestProblem):
    """Raised when a prediction took longer than the revision's ``predict_timeout``."""

    code = "predict_timeout"
    http_status = 504
    error_code = "DEADLINE_EXCEEDED"
