"""What pydantic found wrong, in words that a user can act on: the same in the client and in the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.models import names

ALLOWED = {
    names.ID_PATTERN: "3 to 63 lower-case letters, digits and inner hyphens are allowed",
    names.CLIENT_PATTERN: "lower-case letters, digits, _ and - are allowed, beginning with a letter or _, 63 at most",
    names.ENV_PATTERN: "letters, digits, -, _ and . are allowed, not beginning with a digit",
    names.GROUP_PATTERN: "1 to 63 lower-case letters, digits and inner hyphens are allowed",
    names.API_NAME_PATTERN: "1 to 99 letters, digits, _, . and - are allowed, beginning with a letter or digit",
}
PATH_SHOWN = 60
FIELDS_SHOWN = 20
_PLACES = frozenset({"body", "query", "path", "header"})


def invalid(found: Iterable[Mapping[str, Any]], hint: str) -> InvalidInput:
    """Return the error for pydantic's list of errors, by field path, never echoing the values."""
    fields: dict[str, str] = {}
    for item in list(found)[:FIELDS_SHOWN]:
        path = ".".join(str(p) for p in item["loc"] if p not in _PLACES)[:PATH_SHOWN] or "body"
        fields.setdefault(path, _reason(item))
    first, reason = next(iter(fields.items()), ("body", "it cannot be read"))
    more = f" (and {len(fields) - 1} more)" if len(fields) > 1 else ""
    return InvalidInput(f"{first}: {reason}{more}", hint=hint, details={"fields": fields})


def _reason(item: Mapping[str, Any]) -> str:
    if item["type"] == "string_pattern_mismatch":
        return ALLOWED.get(str(item.get("ctx", {}).get("pattern")), "it has characters that are not allowed")
    return str(item["msg"]).removeprefix("Value error, ").replace("Input should", "it should")
