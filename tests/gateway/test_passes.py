import stat
from datetime import datetime, timezone

import jwt
import pytest

from mdeploy_lab.errors import HomeUnusable
from mdeploy_lab.gateway.passes import PassIssuer


def read(issuer, token, audience):
    key = jwt.PyJWK(issuer.public_jwks()["keys"][0]).key
    return jwt.decode(token, key, algorithms=["ES256"], audience=audience, issuer="mdeploy")


def test_a_pass_names_deployment_actor_and_end(tmp_path):
    issuer = PassIssuer(tmp_path)
    token, expires = issuer.issue("uid-1", "jo", ttl=60)
    claims = read(issuer, token, "uid-1")
    assert claims["sub"] == "jo"
    assert claims["exp"] == int(expires.timestamp())
    assert 58 < (expires - datetime.now(timezone.utc)).total_seconds() <= 60


def test_the_key_is_made_once_and_private(tmp_path):
    first = PassIssuer(tmp_path)
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert PassIssuer(tmp_path).public_jwks() == first.public_jwks()
    assert "d" not in first.public_jwks()["keys"][0]


def test_a_key_that_others_can_read_is_closed_again(tmp_path):
    PassIssuer(tmp_path)
    (file,) = tmp_path.iterdir()
    file.chmod(0o644)
    PassIssuer(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_broken_key_is_said(tmp_path):
    (tmp_path / "pass.pem").write_text("rubbish")
    with pytest.raises(HomeUnusable, match="no signing key"):
        PassIssuer(tmp_path)


def test_an_actor_with_any_letters_fits_into_a_header(tmp_path):
    issuer = PassIssuer(tmp_path)
    token, _ = issuer.issue("u", "Jörg\r\nX-Evil: 1")
    assert read(issuer, token, "u")["sub"] == "J\\u00f6rg\\r\\nX-Evil: 1"
