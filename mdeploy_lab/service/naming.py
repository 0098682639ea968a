"""Whether an id or an API name is free, and what would be. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from mdeploy_lab.errors import NameTaken
from mdeploy_lab.models.deployment import DeploymentSpec
from mdeploy_lab.models.names import API_NAME_LIMIT, is_api_name, is_id, slug, with_suffix
from mdeploy_lab.models.requests import ApiNameCheck, IdCheck
from mdeploy_lab.store.base import StoredDeployment

ID_RULE = "an id has 3 to 63 lower-case letters, digits and inner hyphens"
API_NAME_RULE = f"an API name has 1 to {API_NAME_LIMIT} ASCII letters, digits, and after the first of them also - _ and ."


def check_id(wanted: str, *, taken: bool) -> IdCheck:
    """Say whether an id is free, and what would be."""
    if not is_id(wanted):
        return IdCheck(id=wanted, available=False, reason=ID_RULE, suggestion=slug(wanted) if wanted.strip() else "")
    if not taken:
        return IdCheck(id=wanted, available=True)
    return IdCheck(id=wanted, available=False, reason="it is taken", suggestion=with_suffix(wanted))


def check_api_name(group: str, name: str, records: Iterable[StoredDeployment]) -> ApiNameCheck:
    """Say whether an API name is free in a group, and what would be."""
    holders = {r.spec.api_name: r.id for r in records if r.spec.group == group and r.spec.api_name and not r.deleting}
    if not is_api_name(name):
        return ApiNameCheck(name=name, available=False, reason=API_NAME_RULE, suggestion=_free(_plain(name), holders))
    if name not in holders:
        return ApiNameCheck(name=name, available=True)
    reason = f"deployment {holders[name]} has it in group {group}"
    return ApiNameCheck(name=name, available=False, reason=reason, suggestion=_free(name, holders), holder=holders[name])


def check_free(spec: DeploymentSpec, records: Iterable[StoredDeployment], own: str = "") -> None:
    """Raise for a name or API name that another deployment has, as the store would; for a dry run, which writes nothing.

    Raises
    ------
    NameTaken
        With ``field`` (name or api_name), ``value`` and ``holder`` in the details.
    """
    for record in records:
        if record.deleting or record.uid == own or record.spec.group != spec.group:
            continue
        for field, what in (("name", "name"), ("api_name", "API name")):
            value = getattr(spec, field)
            if value and value == getattr(record.spec, field):
                raise NameTaken(
                    f"the {what} {value!r} is taken in group {spec.group} by deployment {record.id}",
                    hint=f"choose another {what}, or update {record.id}",
                    details={"field": field, "value": value, "holder": record.id},
                )


def _plain(name: str) -> str:
    """Return the nearest text that can be an API name; empty when nothing is left."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-_.")[:API_NAME_LIMIT]


def _free(base: str, taken: Collection[str]) -> str:
    """Return ``base``, else ``base`` with the first number that makes it free."""
    if not base or base not in taken:
        return base
    numbered = (f"{base[: API_NAME_LIMIT - 5]}-{n}" for n in range(2, len(taken) + 3))
    return next((name for name in numbered if name not in taken), "")
