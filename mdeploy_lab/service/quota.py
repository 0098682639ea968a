"""Whether a group may run what is wanted: replicas count. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from mdeploy_lab.errors import QuotaExceeded
from mdeploy_lab.models.access import Group, InstanceType, Quota, Usage
from mdeploy_lab.models.deployment import DeploymentSpec

_FIELDS = ("cpu", "memory", "gpu", "deployments")
_NAMES = {"cpu": "vCPU", "memory": "of memory", "gpu": "GPU", "deployments": "running deployments"}
_DIGITS = 6
"""Decimals of a vCPU that count: three times 0.1 is 0.3."""
_MEBI = 2**20


def needs(spec: DeploymentSpec, types: Mapping[str, InstanceType], others: Iterable[str] = ()) -> Usage:
    """Return what a spec takes while it runs; nothing when it is stopped.

    A range of replicas takes its most, so that it can grow without asking again. Every revision that is kept running beside
    the newest one for the traffic takes as many replicas; ``others`` are their instance types. What an update runs twice for
    a moment does not count. An instance type that is not known any more counts as a deployment only.
    """
    if spec.stopped:
        return Usage()
    n = max(spec.replicas, spec.max_replicas or 0)
    sizes = [types[name] for name in (spec.template.instance_type, *others) if name in types]
    return Usage(
        cpu=_exact(n * math.fsum(s.cpu for s in sizes)),
        memory=n * sum(s.memory for s in sizes),
        gpu=n * sum(s.gpu for s in sizes),
        deployments=1,
    )


def total(parts: Iterable[Usage]) -> Usage:
    """Return the sum."""
    known = list(parts)
    return Usage(
        cpu=_exact(math.fsum(p.cpu for p in known)),
        memory=sum(p.memory for p in known),
        gpu=sum(p.gpu for p in known),
        deployments=sum(p.deployments for p in known),
    )


def free(quota: Quota, used: Usage) -> Quota:
    """Return what is left of each limit, never less than nothing; None where there is no limit."""
    left: dict[str, Any] = {}
    for field in _FIELDS:
        limit = getattr(quota, field)
        left[field] = None if limit is None else max(type(limit)(0), _exact(limit - getattr(used, field)))
    return Quota(**left)


def grows(before: Usage, wanted: Usage) -> bool:
    """Return whether ``wanted`` takes more of anything."""
    return any(getattr(wanted, f) > getattr(before, f) for f in _FIELDS)


def check(group: Group, used: Usage, wanted: Usage, before: Usage = Usage()) -> None:  # noqa: B008  # frozen
    """Raise when ``wanted`` on top of ``used`` (by the group's other deployments) is over the group's quota.

    What does not take more than it did ``before`` passes, so that a group over a lowered quota can still get smaller.

    Raises
    ------
    QuotaExceeded
        Naming the quota, what the group uses now (``before`` included, as ``GET /groups`` has it) and what is wanted beside it.
    """
    for field in _FIELDS:
        limit = getattr(group.quota, field)
        have, want = getattr(used, field), getattr(wanted, field)
        if limit is not None and want > getattr(before, field) and _exact(have + want) > limit:
            own = getattr(before, field)
            have, want = _exact(have + own), _exact(want - own)
            quota, taken, asked = (_text(field, value) for value in (limit, have, want))
            raise QuotaExceeded(
                f"group {group.name} has a quota of {quota} {_NAMES[field]}: {taken} used, {asked} {'more ' * bool(own)}wanted",
                hint="stop a deployment of the group, use fewer replicas or a smaller instance type, or ask for more quota",
                details={"group": group.name, "resource": field, "quota": limit, "used": have, "wanted": want},
            )


def limited(quota: Quota) -> bool:
    """Return whether there is any limit."""
    return any(getattr(quota, f) is not None for f in _FIELDS)


def _exact(value: float) -> Any:
    return value if isinstance(value, int) else round(value, _DIGITS)


def _text(field: str, value: float) -> str:
    if field != "memory":
        return f"{value:g}"
    return f"{value / 2**30:g} GiB" if value % 2**30 == 0 else f"{value / _MEBI:g} MiB"
