"""Names and ids: what is allowed, and how an id is made from a name.

Two requirements: a display name may be any printable text (one letter, other scripts, dots, emoji), and an id must be safe
in a path, a host name, a file name and a Kubernetes object. So names are kept as typed and ids are derived.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata

ID_PATTERN = r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$"
CLIENT_PATTERN = r"^[a-z_][a-z0-9_-]{0,62}$"
ENV_PATTERN = r"^[-._a-zA-Z][-._a-zA-Z0-9]*$"
GROUP_PATTERN = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
API_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,98}$"
API_NAME_LIMIT = 99
NAME_LIMIT = 200
SUFFIX_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"

_ID = re.compile(ID_PATTERN)
_API_NAME = re.compile(API_NAME_PATTERN)
_GROUP = re.compile(GROUP_PATTERN)


def is_id(text: str) -> bool:
    """Return whether ``text`` can be a deployment's id: 3 to 63 lower-case letters, digits and inner hyphens."""
    return _ID.fullmatch(text) is not None


def is_api_name(text: str) -> bool:
    """Return whether ``text`` can be an API name, which stands in the endpoint's path."""
    return _API_NAME.fullmatch(text) is not None


def name_problem(name: str) -> str | None:
    """Return why ``name`` cannot be a display name, or None when it can."""
    if not name.strip():
        return "a name needs at least one visible character"
    if len(name) > NAME_LIMIT:
        return f"a name has at most {NAME_LIMIT} characters, this one has {len(name)}"
    bad = next((c for c in name if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}), None)
    if bad is not None:
        return f"a name cannot contain the control character U+{ord(bad):04X}"
    return None


def slug(name: str) -> str:
    """Return the id for ``name``: lower case ASCII with hyphens, always valid, always the same for the same name.

    A name whose letters all fall away (another script, emoji) or that is too short gets a part of its own digest, so that
    two such names do not meet in one id.
    """
    plain, digest = _plain(name), _digest(name)
    if len(plain) > 63:  # noqa: PLR2004  # the id's limit
        return f"{plain[:54].rstrip('-')}-{digest[:8]}"
    if len(plain) >= 3:  # noqa: PLR2004  # the id's least length
        return plain
    return f"{plain}-{digest[:8]}" if plain else f"model-{digest[:8]}"


def is_group(text: str) -> bool:
    """Return whether ``text`` can be a group's name, which stands in a path and names a namespace."""
    return _GROUP.fullmatch(text) is not None


def group_name(title: str) -> str:
    """Return the group's name for a name that JupyterHub gives: the same where it can be one, else always another.

    Two hub groups must never meet in one group, so what cannot be kept as it is gets a part of its digest.
    """
    if is_group(title):
        return title
    return f"{_plain(title)[:54].rstrip('-') or 'group'}-{_digest(title)[:8]}"


def _plain(name: str) -> str:
    """Return lower-case ASCII letters and digits with single inner hyphens; perhaps nothing."""
    folded = unicodedata.normalize("NFKD", name.strip()).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", folded).strip("-")


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def with_suffix(base: str) -> str:
    """Return ``base`` with five random characters, for an id whose plain form is taken."""
    tail = "".join(secrets.choice(SUFFIX_ALPHABET) for _ in range(5))
    return f"{base[:57].rstrip('-')}-{tail}"
