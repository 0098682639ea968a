"""The public port, given anything: never a 5xx, never another deployment's answer, never a secret back."""

from __future__ import annotations

import json
import string

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mdeploy_lab.gateway.envoy import EnvoyGateway
from mdeploy_lab.gateway.tokens import digest, make_token, parse_token
from mdeploy_lab.models.names import CLIENT_PATTERN
from tests.gateway.conftest import basic, bearer, call, client, new_home, route
from tests.gateway.echo import Echo

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYS = {"message", "reason", "code", "hint", "details"}
MARK = "LEAK5up3r"
"""In everything that is sent as a credential; it must never come back, nor reach a model."""
PIECES = [
    "/", "//", "/deployment/", "open", "closed", "/revision/1", "/revision/", "/api/default/", "Open.v1", "..", "/../", "/./", "%2e%2e",
    "%2F", "%2f", "%5c", "\\", "%00", "\x00", "\x7f", "%", "%zz", "%c0%ae", "%25%32%65", ";", "?", "#", "&a=b", "@", ":", "etc/passwd",
    "proc/self/environ", "http://evil.example/", "ü", "\u202e", "a" * 2000, "*", "{}", "'", '"', "<script>", "\t",
]  # fmt: skip
PATHS = st.lists(
    st.sampled_from(PIECES) | st.text(st.characters(exclude_characters=" \r\n", exclude_categories=["Cs"]), max_size=6),
    max_size=8,
).map(lambda parts: "/" + "".join(parts))
AIMED = st.builds("{}{}".format, st.sampled_from(["/deployment/open", "/deployment/closed", "/api/default/Open.v1"]), PATHS)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
SCHEMES = st.sampled_from(
    ["Basic ", "Bearer ", "basic", "bearer  ", "Digest ", "", "mdp_", "Basic Og==", "Bearer mdp_web.", "\t"]
)
CREDENTIALS = st.builds(lambda scheme, value: f"authorization: {scheme}{value}{MARK}", SCHEMES, VALUES)
OTHERS = st.sampled_from(
    [
        "x-mdeploy-pass",
        "x-mdeploy-auth",
        "proxy-authorization",
        "x-forwarded-user",
        "cookie",
        "x-mdeploy-replica",
        "x-envoy-original-path",
    ]
)
HEADERS = st.lists(CREDENTIALS | st.builds(lambda name: f"{name}: {MARK}", OTHERS), max_size=3)
METHODS = st.sampled_from(["GET", "POST", "OPTIONS", "PUT", "DELETE", "TRACE", "CONNECT", "X"])
FORMS = [pytest.param(150, id="short"), pytest.param(4000, id="long", marks=[pytest.mark.slow, pytest.mark.timeout(900)])]


def bounded(examples: int) -> settings:
    return settings(
        max_examples=examples,
        derandomize=examples < 1000,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world():
    """One Envoy with an open and a closed deployment, each with a replica that says what it saw."""
    with new_home() as home:
        gateway, web = EnvoyGateway(home), client("web")
        await gateway.open({}, lambda *_: None)
        public, private = await Echo("open", secret="s3cret").start(), await Echo("closed", secret="s3cret").start()
        await gateway.put(route("open", public.target, secret="s3cret", public=True, api_name="Open.v1"))
        await gateway.put(route("closed", private.target, secret="s3cret", clients=[web]))
        yield gateway, public, private, web
        await gateway.shutdown()
        await public.stop()
        await private.stop()


def check(answer):
    """Check what holds for every answer of the gateway."""
    text = answer.body.decode("utf-8", "replace")
    said = text + json.dumps(answer.headers)
    assert answer.status < 500, said
    assert "root:x:0" not in said
    assert "HOME=" not in said
    assert MARK not in json.dumps(answer.headers)
    if answer.status >= 400:
        assert MARK not in text
        assert "s3cret" not in said
        if answer.headers.get("content-type", "").startswith("application/json"):
            assert set(json.loads(text)) == KEYS
    else:
        assert json.loads(text)["replica"] in {"open", "closed"}


@pytest.mark.parametrize("examples", FORMS)
async def test_any_path_reaches_the_open_one_or_nothing(world, examples):
    gateway, public, private, _ = world
    met = set()

    async def one(path, headers, method):
        public.seen.clear()
        answer = await call(gateway, path, *headers, method=method)
        check(answer)
        met.add(answer.status)
        assert private.count == 0
        for seen in public.seen:
            assert [
                v for n, v in seen["headers"] if n in {"authorization", "x-mdeploy-pass", "x-mdeploy-auth", "x-forwarded-user"}
            ] == []
            assert [v for n, v in seen["headers"] if n == "x-mdeploy-replica"] == ["s3cret"]
        if public.seen:
            assert "open" in path.lower() or "%" in path

    await generated(examples, one, path=PATHS | AIMED, headers=HEADERS, method=METHODS)
    assert {200, 400, 401, 404} <= met


async def generated(examples, one, **strategies):
    """Run ``one`` for generated values, which are drawn by a thread of Hypothesis' own."""
    import asyncio

    loop = asyncio.get_running_loop()

    @bounded(examples)
    @given(**strategies)
    def run(**values):
        asyncio.run_coroutine_threadsafe(one(**values), loop).result(60)

    await asyncio.to_thread(run)


@st.composite
def nearly(draw, token):
    """Return a token with one thing wrong."""
    at = draw(st.integers(0, len(token) - 1))
    alphabet = string.ascii_letters + string.digits + "-_.~!"
    kind = draw(st.sampled_from(["change", "drop", "add", "swap", "cut", "case"]))
    char = draw(st.sampled_from(alphabet))
    made = {
        "change": token[:at] + char + token[at + 1 :],
        "drop": token[:at] + token[at + 1 :],
        "add": token[:at] + char + token[at:],
        "swap": token[:at] + token[at:][::-1],
        "cut": token[:at],
        "case": token[:at] + token[at:].swapcase(),
    }[kind]
    return made if made != token else token + "x"


@pytest.mark.parametrize("examples", FORMS)
async def test_a_token_with_one_thing_wrong_is_refused(world, examples):
    gateway, _, private, web = world
    assert (await call(gateway, "/deployment/closed/x", bearer(web.token))).status == 200
    before = private.count

    async def one(token, form):
        header = {"bearer": bearer(token), "basic": basic("web", token), "raw": f"authorization: {token}"}[form]
        answer = await call(gateway, "/deployment/closed/x", header)
        check(answer)
        assert answer.status == 401, header
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert private.count == before
        assert len(token) < 8 or token not in answer.body.decode()

    await generated(examples, one, token=nearly(web.token), form=st.sampled_from(["bearer", "basic", "raw"]))


CLIENTS = st.from_regex(CLIENT_PATTERN, fullmatch=True)


@given(name=CLIENTS)
async def test_every_name_has_a_token_that_can_be_taken_apart(name):
    made = make_token(name)
    known = parse_token(made.token)
    assert (known.client, known.key_id, known.sha1) == (name, made.key_id, made.sha1)
    assert made.token not in made.sha1


@given(text=st.text() | st.builds("mdp_{}.{}".format, st.text(max_size=70), st.text(max_size=60)))
async def test_what_is_no_token_is_none_or_its_own_digest(text):
    known = parse_token(text)
    assert known is None or (known.sha1 == digest(text) and text.startswith(f"mdp_{known.client}.{known.key_id}"))
