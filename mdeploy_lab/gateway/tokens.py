"""Client tokens: how one is made, taken apart, and what of it is kept.

``mdp_<client>.<secret>``; the secret is a public key id of 6 characters and 43 random url-safe ones (256 bits, because the
unsalted SHA-1 that Envoy compares with is only safe for secrets that cannot be guessed).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import NamedTuple

from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.gateway.base import Credential
from mdeploy_lab.models.names import CLIENT_PATTERN

__all__ = ["NewClientToken", "digest", "make_token", "parse_token"]

_KEY_LENGTH = 6
_KEY_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_CLIENT = re.compile(CLIENT_PATTERN)
_TOKEN = re.compile(r"mdp_([a-z_][a-z0-9_-]{0,62})\.([A-Za-z0-9_-]{6})[A-Za-z0-9_-]{43}")


class NewClientToken(NamedTuple):
    """A fresh token with what is kept of it."""

    token: str
    key_id: str
    sha1: str


def make_token(client: str) -> NewClientToken:
    """Return a new token of ``client``; the token itself is kept nowhere.

    Raises
    ------
    InvalidInput
        When the name cannot be a client's.
    """
    if not _CLIENT.fullmatch(client):
        raise InvalidInput(
            f"a client cannot be named {client[:80]!r}",
            hint="use lower-case letters, digits, - and _, beginning with a letter, at most 63",
            details={"fields": {"name": f"must match {CLIENT_PATTERN}"}},
        )
    key_id = "".join(secrets.choice(_KEY_ALPHABET) for _ in range(_KEY_LENGTH))
    token = f"mdp_{client}.{key_id}{secrets.token_urlsafe(32)}"
    return NewClientToken(token, key_id, digest(token))


def digest(token: str) -> str:
    """Return what is stored of a token: the base64 SHA-1 of the whole of it, as Envoy's ``{SHA}`` users have it."""
    return base64.b64encode(hashlib.sha1(token.encode(), usedforsecurity=False).digest()).decode()


def parse_token(token: str) -> Credential | None:
    """Return the credential that a token claims to be, or None when it has not a token's form; checks no secret."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        return None
    return Credential(client=match[1], key_id=match[2], sha1=digest(token))
