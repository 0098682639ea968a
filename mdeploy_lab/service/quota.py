"""Whether a group may run what is wanted: replicas count. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mdeploy_lab.errors import QuotaExceeded
from mdeploy_lab.models.access import Group, InstanceType, Usage
from mdeploy_lab.models.deployment import DeploymentSpec

_FIELDS = ("cpu", "memory", "gpu", "deployments")
_NAMES = {"cpu": "vCPU", "memory": "bytes of memory", "gpu": "GPU", "deployments": "deployments"}


def needs(spec: DeploymentSpec, types: Mapping[str, InstanceType]) -> Usage:
    """Return what a spec takes while it runs; nothing when it is stopped."""
    if spec.stopped:
        return Usage()
    size = types.get(spec.template.instance_type)
    if size is None:
        return Usage(deployments=1)
    n = spec.replicas
    return Usage(cpu=size.cpu * n, memory=size.memory * n, gpu=size.gpu * n, deployments=1)


def usage(specs: Iterable[DeploymentSpec], types: Mapping[str, InstanceType]) -> Usage:
    """Return the sum of what running specs take."""
    parts = [needs(s, types) for s in specs]
    return Usage(**{f: sum(getattr(p, f) for p in parts) for f in _FIELDS})


def check(group: Group, used: Usage, wanted: Usage) -> None:
    """Raise when ``wanted`` on top of ``used`` (by the group's other deployments) is over the group's quota.

    Raises
    ------
    QuotaExceeded
        Naming the quota, what is used and what is wanted.
    """
    for field in _FIELDS:
        limit = getattr(group.quota, field)
        have, want = getattr(used, field), getattr(wanted, field)
        if limit is not None and want > 0 and have + want > limit:
            raise QuotaExceeded(
                f"group {group.name} has a quota of {limit:g} {_NAMES[field]}: {have:g} used, {want:g} wanted",
                hint="stop a deployment of the group, use fewer replicas or a smaller instance type, or ask for more quota",
                details={"group": group.name, "resource": field, "quota": limit, "used": have, "wanted": want},
            )
