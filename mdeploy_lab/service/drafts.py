"""From a request to a spec, and from a spec and an update to the next spec. Pure but for the clock in ids."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.models.deployment import DeploymentSpec, Model, RevisionTemplate, RuntimeOptions
from mdeploy_lab.models.requests import URI_LIMIT, CreateDeployment, ModelSource, UpdateDeployment

_RUNTIME = ("method", "isolate", "batching", "predict_timeout", "max_payload")
_TEMPLATE = ("image", "image_pull_secret", "env", "secret_env", "instance_type")
_IN_PLACE = (
    "name",
    "replicas",
    "max_replicas",
    "public",
    "metadata",
    "description",
    "api_name",
    "start_timeout",
    "check_parity",
)


def source_of(model: ModelSource | str) -> ModelSource:
    """Return a model request in its long form.

    Raises
    ------
    InvalidInput
        When the text cannot be a URI.
    """
    if not isinstance(model, str):
        return model
    try:
        return ModelSource(uri=model)
    except ValidationError:
        reason = f"a URI has 1 to {URI_LIMIT} printable characters"
        raise InvalidInput(
            f"model: {reason}", hint="give one such as models:/churn/3", details={"fields": {"model": reason}}
        ) from None


def spec_for(request: CreateDeployment, model: Model) -> DeploymentSpec:
    """Return the first spec of a deployment."""
    template = RevisionTemplate(
        model=model,
        runtime=RuntimeOptions(**{f: getattr(request, f) for f in _RUNTIME}),
        **{f: getattr(request, f) for f in _TEMPLATE},
    )
    values = {f: getattr(request, f) for f in _IN_PLACE}
    spec = DeploymentSpec(
        group=request.group,
        type=request.type,
        stopped=request.stopped,
        template=template,
        **values | {"max_replicas": request.max_replicas or None},
    )
    return _ranged(spec)


def updated(spec: DeploymentSpec, request: UpdateDeployment, model: Model | None) -> DeploymentSpec:
    """Return ``spec`` with what the request names; None leaves a field as it is."""
    runtime = spec.template.runtime.model_copy(update=_given(request, _RUNTIME))
    template = spec.template.model_copy(
        update=_given(request, _TEMPLATE) | {"runtime": runtime, "model": model or spec.template.model}
    )
    extra: dict[str, Any] = {"template": template}
    if request.start:
        extra["stopped"] = False
    if request.max_replicas == 0:
        extra["max_replicas"] = None
    return _ranged(spec.model_copy(update=_given(request, _IN_PLACE) | extra))


def _ranged(spec: DeploymentSpec) -> DeploymentSpec:
    """Return ``spec`` when its range of replicas is one.

    Raises
    ------
    InvalidInput
        When the most is less than the fewest.
    """
    if spec.max_replicas is not None and spec.max_replicas < spec.replicas:
        reason = f"the most ({spec.max_replicas}) is less than replicas ({spec.replicas})"
        raise InvalidInput(
            f"max_replicas: {reason}",
            hint="give a larger max_replicas, or 0 for no range",
            details={"fields": {"max_replicas": reason}},
        )
    return spec


def _given(request: UpdateDeployment, fields: tuple[str, ...]) -> dict[str, Any]:
    return {f: getattr(request, f) for f in fields if getattr(request, f) is not None}
