"""Whether this engine can run what is wanted. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mdeploy_lab.errors import NotCapable
from mdeploy_lab.models.deployment import DeploymentSpec


def check(capabilities: Mapping[str, bool | str], spec: DeploymentSpec) -> None:
    """Raise when a spec uses a feature that this engine does not have.

    Raises
    ------
    NotCapable
        With the engine's own reason; ``details`` has ``capability``, its name in ``GET /info``, and ``fields``.
    """
    for field, capability, what in _uses(spec):
        reason = capabilities.get(capability, True)
        if reason is not True:
            raise NotCapable(
                f"this engine {what}: {reason}",
                hint=f"leave {field} out, or deploy on an engine that has it: `mdeploy info` tells",
                details={"capability": capability, "fields": {field: str(reason)}},
            )


def _uses(spec: DeploymentSpec) -> Iterator[tuple[str, str, str]]:
    """Yield the field, the capability that it needs, and what an engine without that does."""
    if spec.type != "real-time":
        yield "type", spec.type, f"runs no {spec.type} deployments"
    if spec.max_replicas is not None and spec.max_replicas > spec.replicas:
        yield "max_replicas", "replica_ranges", "runs a fixed number of replicas"
    if spec.template.image:
        yield "image", "images", "runs no images"
    if spec.template.image_pull_secret:
        yield "image_pull_secret", "image_pull_secrets", "pulls no images"
