"""Who may deploy where: the groups of config.toml and of JupyterHub that a caller belongs to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from mdeploy_lab.errors import Forbidden
from mdeploy_lab.models.access import Group, InstanceType
from mdeploy_lab.models.names import group_name

NO_GROUP = "No group is configured for you to launch a server. Please contact admin."
OWN = "default"
"""The group of the home's owner: on a hub too, until config.toml disables it or gives it members."""


@dataclass(frozen=True)
class Caller:
    """Who asks.

    ``groups`` are the names of JupyterHub's groups, as the hub writes them; None where no hub has said.
    """

    actor: str
    groups: frozenset[str] | None = None


class Limits(Protocol):
    """What config.toml says of sizes and groups, as of the last ``refresh``; a broken file keeps what was good."""

    @property
    def instance_types(self) -> Mapping[str, InstanceType]:
        """Sizes that replicas can have, by name; the same object for ever, with other contents after a change."""
        ...

    @property
    def groups(self) -> Mapping[str, Group]:
        """Groups by name."""
        ...

    @property
    def unnamed(self) -> Group:
        """The limits of a JupyterHub group that config.toml does not name."""
        ...

    async def refresh(self) -> None:
        """Take in a file that has changed."""
        ...


def groups_of(caller: Caller, limits: Limits) -> dict[str, Group]:
    """Return the groups that a caller belongs to, disabled ones too, by name."""
    hub = None if caller.groups is None else _hub_groups(caller.groups, limits)
    found = {g.name: g for g in limits.groups.values() if _belongs(caller, g, hub)}
    for name, title in (hub or {}).items():
        known = found.get(name) or limits.unnamed.model_copy(update={"name": name})
        found[name] = known if title == name else known.model_copy(update={"title": title})
    return found


def chosen(name: str, caller: Caller, limits: Limits) -> Group:
    """Return the group when the caller may deploy in it.

    Raises
    ------
    Forbidden
        Naming the groups that can be chosen, in ``details["groups"]`` too.
    """
    mine = groups_of(caller, limits)
    usable = [g.name for g in mine.values() if g.enabled]
    if name in usable:
        return mine[name]
    if not usable:
        raise Forbidden(NO_GROUP, hint="an administrator adds you to a group", details=_details(NO_GROUP, usable))
    reason = "model deployment is not enabled there" if name in mine else "you are not a member of it"
    if name not in mine and name not in limits.groups:
        reason = "there is no such group" if caller.groups is None else "there is no such group among yours"
    raise Forbidden(
        f"you cannot deploy in group {name}: {reason}",
        hint=f"choose one of: {', '.join(usable)}",
        details=_details(reason, usable),
    )


def _belongs(caller: Caller, group: Group, hub: Mapping[str, str] | None) -> bool:
    if group.members is not None and caller.actor in group.members:
        return True
    if hub is None or group.name == OWN:
        return group.members is None or (hub is not None and group.name in hub)
    return group.name in hub


def _hub_groups(titles: frozenset[str], limits: Limits) -> dict[str, str]:
    """Return JupyterHub's names by ours: what config.toml gives as ``title``, else a name that can stand in a path."""
    known = {g.title: g.name for g in limits.groups.values() if g.title}
    return {known.get(title) or group_name(title): title for title in sorted(titles)}


def _details(reason: str, usable: list[str]) -> dict[str, object]:
    return {"fields": {"group": reason}, "groups": usable}
