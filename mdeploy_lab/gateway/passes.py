"""The owner's passes: short-lived signed rights to call one deployment over the gateway's private listener.

The home's key is an EC key on P-256 that never leaves ``keys``; Envoy gets only its public half.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mdeploy_lab.errors import HomeUnusable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

__all__ = ["ISSUER", "PASS_HEADER", "PassIssuer"]

ISSUER = "mdeploy"
PASS_HEADER = "x-mdeploy-pass"  # noqa: S105  # a header's name
_FILE = "pass.pem"


def _now() -> datetime:
    return datetime.now(timezone.utc)


class PassIssuer:
    """Signs passes with the home's key, which is made the first time it is needed.

    Parameters
    ----------
    keys
        The home's key directory (0700).
    clock
        The present time, for tests.
    """

    def __init__(self, keys: Path, *, clock: Callable[[], datetime] = _now) -> None:
        self._clock = clock
        self._pem = _load_or_create(keys / _FILE)
        self._key_id = self.public_jwks()["keys"][0]["kid"]

    def issue(self, uid: str, actor: str, ttl: float = 300) -> tuple[str, datetime]:
        """Return a pass of ``actor`` for the deployment ``uid``, and when it ends (``ttl`` seconds from now)."""
        import jwt

        now = self._clock()
        expires = now + timedelta(seconds=ttl)
        claims = {
            "iss": ISSUER,
            "aud": uid,
            "sub": _plain(actor),
            "iat": int(now.timestamp()),
            "exp": int(expires.timestamp()),
            "jti": secrets.token_hex(8),
        }
        token = jwt.encode(claims, self._pem, algorithm="ES256", headers={"kid": self._key_id})
        return token, expires

    def public_jwks(self) -> dict[str, Any]:
        """Return the JSON Web Key Set with the public key alone."""
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        from jwt.algorithms import ECAlgorithm

        key = cast("EllipticCurvePrivateKey", load_pem_private_key(self._pem, password=None))
        jwk = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        kid = f"{jwk['x'][:8]}{jwk['y'][:8]}"
        return {"keys": [{**jwk, "alg": "ES256", "use": "sig", "kid": kid}]}


def _plain(actor: str) -> str:
    """Return the actor as a header can carry it: printable ASCII, the rest as JSON escapes."""
    return json.dumps(actor)[1:-1][:200]


def _load_or_create(path: Path) -> bytes:
    try:
        return _load(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        _create(path)
        return _load(path)
    except OSError as error:
        raise _unusable(path, error) from error


def _load(path: Path) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = path.read_bytes()
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    try:
        usable = isinstance(load_pem_private_key(pem, password=None), EllipticCurvePrivateKey)
    except ValueError:
        usable = False
    if not usable:
        raise HomeUnusable(f"{path} is no signing key", hint="move it away; a new one is made at the next start")
    return pem


def _create(path: Path) -> None:
    """Write a new key so that it is either there whole or not at all, and the first of two writers wins."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        except PermissionError:  # a file system without hard links
            temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)


def _unusable(path: Path, error: OSError) -> HomeUnusable:
    return HomeUnusable(
        f"cannot use {path}: {error.strerror or error}", hint="make the home's keys directory writable and your own"
    )
