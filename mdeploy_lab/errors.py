"""Every error that mdeploy_lab raises on purpose.

Users meet these in five places (notebook, shell, panel, REST, logs), so each one carries the three things that all of
them need: one plain line (``message``), the next step (``hint``), and a stable name (``code``) that scripts can test.
Surfaces print the first two and never a traceback; ``api`` turns ``http_status`` and ``to_body()`` into the answer.

::

    MDeployError                    the base; 500
    ├── InvalidInput                a value cannot be accepted; 422
    │   └── ModelNotSupported       the object cannot be saved or served; 422
    ├── NotFound                    404
    │   ├── DeploymentNotFound
    │   ├── RevisionNotFound
    │   ├── ClientNotFound
    │   ├── ModelNotFound
    │   └── AnswerNotFound          an answer that was too large to show is not kept any more
    ├── Conflict                    409
    │   ├── NameTaken               the id, name or API name belongs to another deployment
    │   ├── StaleEdit               it was changed since it was read
    │   └── WrongState              the verb makes no sense now
    ├── QuotaExceeded               403, with quota, used and wanted
    ├── Forbidden                   403
    ├── NotCapable                  this engine cannot do it; 422
    ├── DeployFailed                the revision did not start, or did not pass its parity check; 424
    ├── PredictFailed               the endpoint refused or failed a prediction; the endpoint's own status
    ├── WaitTimeout                 a wait ran out; nothing was undone; 504
    ├── RegistryUnavailable         MLflow cannot be reached or refuses; 503
    │   └── RegistryNotConfigured   its URI, its driver or its credentials are missing or wrong; 503
    ├── NotServing                  no replica answers: stopped, starting, or failed; 503
    ├── EngineUnavailable           the engine cannot be started or reached; 503
    └── HomeUnusable                the home is read-only, full, corrupt or held by another host; 503
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "AnswerNotFound",
    "ClientNotFound",
    "Conflict",
    "DeployFailed",
    "DeploymentNotFound",
    "EngineUnavailable",
    "Forbidden",
    "HomeUnusable",
    "InvalidInput",
    "MDeployError",
    "ModelNotFound",
    "ModelNotSupported",
    "NameTaken",
    "NotCapable",
    "NotFound",
    "NotServing",
    "PredictFailed",
    "QuotaExceeded",
    "RegistryNotConfigured",
    "RegistryUnavailable",
    "RevisionNotFound",
    "StaleEdit",
    "WaitTimeout",
    "WrongState",
    "from_body",
]


class MDeployError(Exception):
    """Raise a failure that a user can act on.

    Parameters
    ----------
    message
        One line, no full stop, that says what went wrong.
    hint
        One line that says what to do next.
    details
        JSON values that a program may want (numbers of a quota, field paths, the current state).
    """

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, *, hint: str = "", details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details: dict[str, Any] = dict(details or {})

    def __str__(self) -> str:
        return f"{self.message}\n\nhint: {self.hint}" if self.hint else self.message

    def to_body(self) -> dict[str, Any]:
        """Return the JSON error body: ``message``, ``reason``, ``code``, ``hint``, ``details``."""
        return {
            "message": self.message,
            "reason": type(self).__name__,
            "code": self.code,
            "hint": self.hint,
            "details": self.details,
        }


class InvalidInput(MDeployError):
    """Raised when a value cannot be accepted; ``details["fields"]`` maps field paths to reasons."""

    code = "invalid_input"
    http_status = 422


class ModelNotSupported(InvalidInput):
    """Raised when an object cannot be turned into a model that another process can load."""

    code = "model_not_supported"


class NotFound(MDeployError):
    """Raised when something named does not exist."""

    code = "not_found"
    http_status = 404


class DeploymentNotFound(NotFound):
    """Raised when no deployment has this id or unique name; the hint names near ones."""

    code = "deployment_not_found"


class RevisionNotFound(NotFound):
    """Raised when a deployment has no revision or history entry of this number."""

    code = "revision_not_found"


class ClientNotFound(NotFound):
    """Raised when a deployment has no client of this name."""

    code = "client_not_found"


class ModelNotFound(NotFound):
    """Raised when a model URI, run or path leads nowhere."""

    code = "model_not_found"


class AnswerNotFound(NotFound):
    """Raised when an answer that was too large to show is not kept any more."""

    code = "answer_not_found"


class Conflict(MDeployError):
    """Raised when the request and the present state exclude each other."""

    code = "conflict"
    http_status = 409


class NameTaken(Conflict):
    """Raised when an id, a client name or an API name is in use."""

    code = "name_taken"


class StaleEdit(Conflict):
    """Raised when a deployment changed since it was read; ``details["current"]`` is its present state."""

    code = "stale_edit"


class WrongState(Conflict):
    """Raised when a verb makes no sense in the present state, such as traffic to a revision that is gone."""

    code = "wrong_state"


class QuotaExceeded(MDeployError):
    """Raised when a group's quota does not allow it; ``details`` has ``quota``, ``used`` and ``wanted``."""

    code = "quota_exceeded"
    http_status = 403


class Forbidden(MDeployError):
    """Raised when the caller may not do this."""

    code = "forbidden"
    http_status = 403


class NotCapable(MDeployError):
    """Raised when this engine has no such feature; ``GET /info`` lists what it has."""

    code = "not_capable"
    http_status = 422


class DeployFailed(MDeployError):
    """Raised when a revision did not become ready; ``details["failure"]`` is the cause with its evidence."""

    code = "deploy_failed"
    http_status = 424


class PredictFailed(MDeployError):
    """Raised when the endpoint answered a prediction with an error; ``details["status"]`` is its HTTP status."""

    code = "predict_failed"
    http_status = 502


class WaitTimeout(MDeployError):
    """Raised when waiting took longer than ``timeout``; the deployment goes on."""

    code = "wait_timeout"
    http_status = 504


class RegistryUnavailable(MDeployError):
    """Raised when the model registry is not reachable or refuses."""

    code = "registry_unavailable"
    http_status = 503


class RegistryNotConfigured(RegistryUnavailable):
    """Raised when a registry is named that cannot be asked from here: an unknown kind of URI, no driver, no credentials."""

    code = "registry_not_configured"


class NotServing(MDeployError):
    """Raised when no replica of a deployment or revision answers: it is stopped, starting or failed."""

    code = "not_serving"
    http_status = 503


class EngineUnavailable(MDeployError):
    """Raised when the engine does not answer and could not be started."""

    code = "engine_unavailable"
    http_status = 503


class HomeUnusable(MDeployError):
    """Raised when the home cannot be used: read-only, full, corrupt, newer, or held by another host."""

    code = "home_unusable"
    http_status = 503


def _tree(root: type[MDeployError]) -> dict[str, type[MDeployError]]:
    found = {root.__name__: root}
    for child in root.__subclasses__():
        found |= _tree(child)
    return found


def from_body(body: dict[str, Any], status: int) -> MDeployError:
    """Rebuild the error that an error body came from, so that a remote failure is the same Python class.

    A reason that this version does not know becomes the nearest class by status.
    """
    classes = _tree(MDeployError)
    by_status = {422: InvalidInput, 404: NotFound, 409: Conflict, 403: Forbidden, 503: EngineUnavailable}
    cls = classes.get(str(body.get("reason", "")), by_status.get(status, MDeployError))
    message = str(body.get("message") or f"the server answered {status}")
    details = body.get("details")
    return cls(message, hint=str(body.get("hint", "")), details=details if isinstance(details, dict) else None)
