"""A token shows itself only when asked."""

from __future__ import annotations

import pickle
import stat

import pytest
from IPython.lib.pretty import pretty

from mdeploy_lab.client.tokens import Token
from mdeploy_lab.errors import InvalidInput

SECRET = "k1b2c3" + "S" * 43
TEXT = f"mdp_web.{SECRET}"


@pytest.fixture
def token():
    return Token("web", TEXT)


def test_no_form_of_it_shows_the_secret(token):
    shown = [repr(token), str(token), f"{token}", f"{token!r:>99}", "%s" % token, repr([token]), pretty(token)]  # noqa: UP031
    shown += [repr(token.reveal()), pretty(token.reveal()), repr({"token": token.reveal()})]
    assert [s for s in shown if SECRET[:8] in s] == []
    assert "mdp_web" in repr(token)


def test_revealed_it_is_the_text(token):
    assert token.reveal() == TEXT
    assert f"Bearer {token.reveal()}" == f"Bearer {TEXT}"


def test_saved_it_is_a_curl_configuration_for_the_owner_alone(token, tmp_path):
    path = token.save(tmp_path / "web.curl")
    assert path.read_text() == f'user = "web:{TEXT}"\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    token.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_where_it_cannot_be_saved_is_said(token, tmp_path):
    with pytest.raises(InvalidInput, match="cannot write"):
        token.save(tmp_path / "missing" / "web.curl")


def test_it_is_not_pickled(token):
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(token)
