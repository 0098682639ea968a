import base64
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.gateway.tokens import make_token, parse_token
from mdeploy_lab.models.names import CLIENT_PATTERN


@settings(deadline=None)
@given(st.from_regex(CLIENT_PATTERN, fullmatch=True))
def test_a_token_can_be_taken_apart_again(client):
    made = make_token(client)
    parsed = parse_token(made.token)
    assert parsed is not None
    assert (parsed.client, parsed.key_id, parsed.sha1) == (client, made.key_id, made.sha1)


def test_the_secret_has_256_random_bits_behind_the_key_id():
    made = make_token("web")
    secret = made.token.removeprefix("mdp_web.")
    assert secret.startswith(made.key_id)
    assert len(secret) == 6 + 43
    assert len({make_token("web").token for _ in range(100)}) == 100


def test_what_is_kept_is_the_hash_of_the_whole_token():
    made = make_token("web")
    assert made.sha1 == base64.b64encode(hashlib.sha1(made.token.encode()).digest()).decode()


@pytest.mark.parametrize("name", ["", "Web", "a b", "a:b", "a.b", "-a", "a" * 64, "é", "../x", "a\n"])
def test_a_name_that_no_client_can_have_is_refused(name):
    with pytest.raises(InvalidInput, match="cannot be named"):
        make_token(name)


@pytest.mark.parametrize("token", ["", "mdp_", "mdp_web", "mdp_web.", "mdp_web.short", "web.abcdef" + "x" * 43])
def test_what_is_no_token_is_not_parsed(token):
    assert parse_token(token) is None


@settings(deadline=None)
@given(st.text())
def test_any_text_can_be_looked_at(text):
    parse_token(text)
