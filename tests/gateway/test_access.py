"""Who may call what, each through a real Envoy to a replica that says what it saw."""

from __future__ import annotations

import base64
import hmac
import json
import time

import jwt
import pytest
import pytest_asyncio

from mdeploy_lab.errors import from_body
from mdeploy_lab.gateway.base import Unavailable
from mdeploy_lab.gateway.envoy import EnvoyGateway
from mdeploy_lab.gateway.passes import PassIssuer

from .conftest import basic, bearer, call, client, new_home, route, until
from .echo import Echo

PREDICT = "/deployment/churn/invocations"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def home():
    with new_home() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(home):
    """One Envoy for all tests of this file; each brings its own deployments."""
    envoy = EnvoyGateway(home)
    await envoy.open({}, lambda *_: None)
    yield envoy
    await envoy.shutdown()


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nothing_is_left(gateway):
    yield
    for uid in list(gateway._routes):
        await gateway.drop(uid)


@pytest_asyncio.fixture(loop_scope="module")
async def replica():
    echo = await Echo("r", secret="s3cret").start()
    yield echo
    await echo.stop()


@pytest.fixture
def web():
    return client("web")


@pytest_asyncio.fixture(loop_scope="module")
async def churn(gateway, replica, web):
    made = route("churn", replica.target, secret="s3cret", clients=[web])
    await gateway.put(made)
    return made


@pytest_asyncio.fixture(loop_scope="module")
async def open_one(gateway, replica):
    made = route("open", replica.target, secret="s3cret", public=True)
    await gateway.put(made)
    return made


def owner(home, uid="uid-churn", actor="jo", ttl=300):
    return f"x-mdeploy-pass: {PassIssuer(home.keys).issue(uid, actor, ttl)[0]}"


def refused(answer, status=401):
    """Assert a refusal in our error shape, and that it is an error of ours again at the caller's."""
    assert answer.status == status, answer
    assert answer.headers["content-type"].startswith("application/json")
    assert set(answer.json) == {"message", "reason", "code", "hint", "details"}
    assert answer.json["message"]
    assert answer.json["hint"]
    assert type(from_body(answer.json, status)).__name__ == answer.json["reason"]
    return answer.json


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def hs256(claims, key):
    """Return a pass signed with what an attacker may know as if it were a shared secret."""
    signed = f"{b64(json.dumps({'alg': 'HS256', 'typ': 'JWT'}).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{signed}.{b64(hmac.digest(key, signed.encode(), 'sha256'))}"


class TestTokens:
    @pytest.mark.parametrize(
        "form",
        [
            lambda c: basic("web", c.token),
            lambda c: basic("web", c.token).replace("Basic", "basic"),
            lambda c: bearer(c.token),
            lambda c: f"authorization: bearer  {c.token}",
            lambda c: f"authorization: {c.token}",
        ],
        ids=["basic", "basic-lower", "bearer", "bearer-lower", "raw"],
    )
    async def test_every_documented_form_works(self, gateway, churn, web, form):
        answer = await call(gateway, PREDICT, form(web), method="POST", body=b"{}")
        assert answer.status == 200
        assert answer.json["path"] == "/invocations"
        assert answer.seen("x-forwarded-user") == ["web"]

    async def test_the_model_never_sees_a_secret(self, gateway, churn, web):
        answer = await call(gateway, PREDICT, bearer(web.token), "x-mdeploy-pass: abc", "proxy-authorization: Basic abc")
        for name in ("authorization", "proxy-authorization", "x-mdeploy-pass", "x-mdeploy-auth"):
            assert answer.seen(name) == []
        assert web.token not in answer.body.decode()
        assert base64.b64encode(web.token.encode())[:20].decode() not in answer.body.decode()

    async def test_without_a_token_the_answer_says_how(self, gateway, churn):
        answer = await call(gateway, PREDICT)
        assert refused(answer)["code"] == "unauthorized"
        assert answer.headers["www-authenticate"].startswith("Basic ")

    @pytest.mark.parametrize(
        "header",
        [
            lambda c: bearer(c.token[:-1]),
            lambda c: bearer(c.token + "x"),
            lambda c: bearer(c.token[:-1] + ("A" if c.token[-1] != "A" else "B")),
            lambda c: basic("other", c.token),
            lambda c: basic("", c.token),
            lambda c: basic(f"web.{c.credential.key_id}", c.token),
            lambda c: basic(f"web.{c.credential.key_id}", "x"),
            lambda c: basic("nobody.", "x"),
            lambda c: basic("web", c.credential.sha1),
            lambda c: bearer(f"mdp_nobody..{c.token[-49:]}"),
            lambda c: bearer("mdp_web." + "a" * 49),
            lambda c: bearer(client("other").token),
            lambda c: bearer("x" * 5000),
            lambda c: "authorization: Basic !!!",
            lambda c: "authorization: Basic " + "A" * 5000,
            lambda c: "authorization: Digest " + c.token,
            lambda c: "authorization:",
            lambda c: f"x-mdeploy-auth: {basic('web.' + c.credential.key_id, c.token)[15:]}",
            lambda c: "cookie: token=" + c.token,
        ],
    )
    async def test_anything_else_is_refused(self, gateway, churn, replica, web, header):
        refused(await call(gateway, PREDICT, header(web)))
        assert replica.count == 0

    async def test_a_token_in_the_query_is_not_a_credential(self, gateway, churn, web):
        refused(await call(gateway, f"{PREDICT}?access_token={web.token}&token={web.token}"))

    async def test_two_authorization_headers_are_refused_whichever_is_right(self, gateway, churn, web):
        wrong = bearer(client("web").token)
        refused(await call(gateway, PREDICT, bearer(web.token), wrong))
        refused(await call(gateway, PREDICT, wrong, bearer(web.token)))
        refused(await call(gateway, PREDICT, bearer(web.token), bearer(web.token)))

    async def test_a_token_of_another_deployment_is_refused(self, gateway, churn, replica, web):
        other = client("web")
        await gateway.put(route("other", replica.target, secret="s3cret", clients=[other]))
        refused(await call(gateway, "/deployment/other/invocations", bearer(web.token)))
        assert (await call(gateway, "/deployment/other/invocations", bearer(other.token))).status == 200

    async def test_both_tokens_of_a_rotated_client_work_until_one_is_removed(self, gateway, churn, web, replica):
        new = client("web")
        await gateway.put(route("churn", replica.target, secret="s3cret", clients=[web, new]))
        for one in (web, new):
            answer = await call(gateway, PREDICT, bearer(one.token))
            assert answer.seen("x-forwarded-user") == ["web"]
        await gateway.put(route("churn", replica.target, secret="s3cret", clients=[new]))
        refused(await call(gateway, PREDICT, bearer(web.token)))
        assert (await call(gateway, PREDICT, bearer(new.token))).status == 200

    async def test_a_removed_client_is_out_at_once(self, gateway, churn, web, replica):
        for _ in range(20):
            assert (await call(gateway, PREDICT, bearer(web.token))).status == 200
            await gateway.put(route("churn", replica.target, secret="s3cret"))
            refused(await call(gateway, PREDICT, bearer(web.token)))
            await gateway.put(churn)

    async def test_public_and_back(self, gateway, churn, web):
        await gateway.put(churn.model_copy(update={"public": True}))
        assert (await call(gateway, PREDICT)).status == 200
        await gateway.put(churn)
        refused(await call(gateway, PREDICT))

    async def test_the_same_client_name_in_many_deployments(self, gateway, replica):
        callers = [client("web") for _ in range(5)]
        for i, one in enumerate(callers):
            await gateway.put(route(f"dep-{i}", replica.target, secret="s3cret", clients=[one]))
        for i in range(5):
            statuses = [(await call(gateway, f"/deployment/dep-{i}/x", bearer(c.token))).status for c in callers]
            assert statuses == [200 if i == j else 401 for j in range(5)]


class TestPaths:
    async def test_one_id_being_the_beginning_of_another_confuses_nothing(self, gateway, churn, replica, web):
        prod = client("web")
        await gateway.put(route("churn-prod", replica.target, secret="s3cret", clients=[prod]))
        refused(await call(gateway, "/deployment/churn-prod/invocations", bearer(web.token)))
        refused(await call(gateway, PREDICT, bearer(prod.token)))
        answer = await call(gateway, "/deployment/churn-prod/invocations", bearer(prod.token))
        assert answer.json["path"] == "/invocations"
        refused(await call(gateway, "/deployment/churn-pro/x", bearer(web.token)), 404)
        refused(await call(gateway, "/deployment/churnx/x", bearer(web.token)), 404)

    @pytest.mark.parametrize(
        ("path", "seen"),
        [
            ("/deployment/churn", "/"),
            ("/deployment/churn/", "/"),
            ("/deployment/churn?a=1", "/?a=1"),
            ("/deployment/churn/?a=/deployment/x", "/?a=/deployment/x"),
            ("/deployment/churn/v2/models/churn/infer", "/v2/models/churn/infer"),
            ("/deployment/churn/deployment/churn/x", "/deployment/churn/x"),
            ("/deployment/churn/revision/1/ping", "/ping"),
            ("/deployment/churn/revision/1", "/"),
            ("/deployment/./churn/ping", "/ping"),
            ("/deployment/other/../churn/ping", "/ping"),
            ("/x/%2e%2e/deployment/churn/ping", "/ping"),
            ("/deployment/%63hurn/ping", "/ping"),
            ("/deployment/churn/a%20b", "/a%20b"),
        ],
    )
    async def test_the_replica_sees_the_rest_of_the_path(self, gateway, churn, web, path, seen):
        answer = await call(gateway, path, bearer(web.token))
        assert answer.status == 200
        assert answer.json["path"] == seen

    @pytest.mark.parametrize(
        "path",
        [
            "/deployment/churn%2Finvocations",
            "/deployment/churn/..%2F..%2Fadmin",
            "/deployment/churn/%2e%2e%2fopen/x",
            "/deployment/churn/..%5Copen",
            "/deployment%2Fchurn/x",
        ],
    )
    async def test_escaped_slashes_are_refused(self, gateway, churn, open_one, replica, web, path):
        refused(await call(gateway, path, bearer(web.token)), 400)
        assert replica.count == 0

    async def test_dots_cannot_climb_from_an_open_deployment_into_a_private_one(self, gateway, churn, open_one, replica):
        for path in ("/deployment/open/../churn/invocations", "/deployment/open/%2e%2e/churn/invocations"):
            refused(await call(gateway, path))
        assert replica.count == 0
        answer = await call(gateway, "/deployment/open/x/../../../deployment/open/y")
        assert answer.json["path"] == "/y"

    @pytest.mark.parametrize("path", ["/", "/deployment", "/deployment/", "/deployment/nobody/invocations", "/api/default/x"])
    async def test_an_unknown_path_is_404_with_words(self, gateway, churn, path):
        assert refused(await call(gateway, path), 404)["reason"] == "DeploymentNotFound"

    async def test_a_revision_that_does_not_run_is_404_and_not_another_one(self, gateway, churn, replica, web):
        for n in ("2", "11", "1x", "0", ""):
            body = refused(await call(gateway, f"/deployment/churn/revision/{n}", bearer(web.token)), 404)
            assert body["reason"] == "RevisionNotFound"
        assert replica.count == 0

    async def test_a_revisions_url_asks_for_the_token_too(self, gateway, churn):
        refused(await call(gateway, "/deployment/churn/revision/1/invocations"))

    async def test_an_api_name_is_one_more_address(self, gateway, churn, web):
        await gateway.put(churn.model_copy(update={"api_name": "Churn.v1"}))
        answer = await call(gateway, "/api/default/Churn.v1/invocations", bearer(web.token))
        assert answer.json["path"] == "/invocations"
        refused(await call(gateway, "/api/default/Churn.v1/invocations"))
        refused(await call(gateway, "/api/default/Churnxv1/invocations", bearer(web.token)), 404)

    async def test_an_api_name_is_guarded_as_the_id_is(self, gateway, churn, web, replica):
        await gateway.put(churn.model_copy(update={"api_name": "Churn.v1"}))
        base, count = "/api/default/Churn.v1", replica.count
        for header in ((), (bearer(client("web").token),), (basic("web", "x"),)):
            refused(await call(gateway, f"{base}/invocations", *header))
            refused(await call(gateway, f"{base}/revision/1/invocations", *header))
        for path in (
            f"{base}x/invocations",
            f"{base}-prod/x",
            "/api/default/Churn",
            "/api/Default/Churn.v1",
            "/api/other/Churn.v1",
        ):
            refused(await call(gateway, path, bearer(web.token)), 404)
        refused(await call(gateway, f"{base}%2Finvocations", bearer(web.token)), 400)
        assert replica.count == count
        forged = await call(gateway, f"{base}/invocations", bearer(web.token), "x-forwarded-user: root")
        assert forged.seen("x-forwarded-user") == ["web"]
        assert forged.seen("authorization") == []

    async def test_an_api_name_has_the_paths_of_revisions(self, gateway, churn, web, replica):
        await gateway.put(churn.model_copy(update={"api_name": "score"}))
        answer = await call(gateway, "/api/default/score/revision/1/ping", bearer(web.token))
        assert answer.json["path"] == "/ping"
        count = replica.count
        for n in ("2", "11", "1x", ""):
            body = refused(await call(gateway, f"/api/default/score/revision/{n}", bearer(web.token)), 404)
            assert body["reason"] == "RevisionNotFound"
        assert replica.count == count

    async def test_the_owners_pass_opens_the_api_name_and_no_other(self, gateway, churn, home):
        await gateway.put(churn.model_copy(update={"api_name": "score"}))
        for path in ("/api/default/score/invocations", "/api/default/score/revision/1/invocations"):
            assert (await call(gateway.private_socket, path, owner(home))).status == 200
            refused(await call(gateway.private_socket, path, owner(home, "uid-open")), 403)
            refused(await call(gateway, path, owner(home)))

    async def test_an_old_api_name_ends_when_it_changes(self, gateway, churn, web):
        await gateway.put(churn.model_copy(update={"api_name": "old"}))
        await gateway.put(churn.model_copy(update={"api_name": "new"}))
        refused(await call(gateway, "/api/default/old/invocations", bearer(web.token)), 404)
        assert (await call(gateway, "/api/default/new/invocations", bearer(web.token))).status == 200
        await gateway.put(churn)
        refused(await call(gateway, "/api/default/new/invocations", bearer(web.token)), 404)

    async def test_an_api_name_of_what_is_stopped_says_so(self, gateway, churn, web):
        stopped = Unavailable(reason="stopped", message="deployment churn is stopped", hint="start it")
        await gateway.put(churn.model_copy(update={"api_name": "score", "backends": (), "unavailable": stopped}))
        by_id = await call(gateway, "/deployment/churn/invocations", bearer(web.token))
        by_name = await call(gateway, "/api/default/score/invocations", bearer(web.token))
        assert by_name.status == by_id.status == 503
        assert by_name.json == by_id.json

    async def test_a_raw_token_at_a_host_name_is_what_clients_of_ti_ml_send(self, gateway, churn, web):
        answer = await call(gateway, "/v1/models/m:predict", f"authorization: {web.token}", host="churn.mdeploy.localhost")
        assert (answer.status, answer.json["path"]) == (200, "/v1/models/m:predict")

    async def test_foundrys_clients_find_it_at_the_servers_root(self, gateway, churn, web):
        base = "/foundry-ml-live/api/inference/transform/churn"
        for path, inside in ((base, "/transform"), (f"{base}/v2", "/transform/v2")):
            assert (await call(gateway, path, bearer(web.token))).json["path"] == inside
            refused(await call(gateway, path))
        assert (await call(gateway, f"{base}-prod", bearer(web.token))).status == 404

    async def test_a_host_name_serves_at_its_root(self, gateway, churn, web):
        port = gateway.health()["port"]
        for host in ("churn.mdeploy.localhost", f"churn.mdeploy.localhost:{port}", "CHURN.mdeploy.localhost"):
            answer = await call(gateway, "/v1/models/m:predict", bearer(web.token), host=host)
            assert answer.json["path"] == "/v1/models/m:predict"
            refused(await call(gateway, "/v1/models/m:predict", host=host))
        answer = await call(gateway, "/revision/1/ping", bearer(web.token), host="churn.mdeploy.localhost")
        assert answer.json["path"] == "/ping"
        # The host decides: the path of another deployment is only a path of this one.
        answer = await call(gateway, "/deployment/open/x", bearer(web.token), host="churn.mdeploy.localhost")
        assert answer.json["path"] == "/deployment/open/x"

    @pytest.mark.parametrize(
        "host",
        ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "x.mdeploy.localhost", "mdeploy.localhost", "10.0.0.1"],
    )
    async def test_a_foreign_host_is_refused(self, gateway, churn, open_one, replica, web, host):
        for path in (PREDICT, "/deployment/open/x"):
            assert refused(await call(gateway, path, bearer(web.token), host=host), 421)["code"] == "foreign_host"
        assert replica.count == 0

    async def test_no_host_two_hosts_and_an_absolute_foreign_target_are_refused(self, gateway, open_one, replica):
        assert (await call(gateway, "/deployment/open/x", host="")).status == 400
        assert (await call(gateway, "/deployment/open/x", "host: evil.example")).status in {400, 421}
        assert (await call(gateway, "http://evil.example/deployment/open/x")).status == 421
        assert replica.count == 0


class TestHeaders:
    async def test_a_forged_user_is_replaced_or_gone(self, gateway, churn, open_one, web):
        forged = ("x-forwarded-user: root", "X-Forwarded-User: admin")
        answer = await call(gateway, PREDICT, *forged, bearer(web.token))
        assert answer.seen("x-forwarded-user") == ["web"]
        answer = await call(gateway, "/deployment/open/invocations", *forged)
        assert answer.seen("x-forwarded-user") == []
        answer = await call(gateway, "/deployment/open/invocations", *forged, bearer(web.token))
        assert answer.seen("x-forwarded-user") == []
        assert answer.seen("authorization") == []

    @pytest.mark.parametrize("name", ["x_forwarded_user", "X-Forwarded_User", "x_mdeploy_pass"])
    async def test_headers_with_underscores_are_refused(self, gateway, open_one, replica, name):
        refused(await call(gateway, "/deployment/open/x", f"{name}: root"), 400)
        assert replica.count == 0

    async def test_the_replicas_secret_cannot_be_overwritten_or_seen(self, gateway, open_one):
        answer = await call(gateway, "/deployment/open/x", "x-mdeploy-replica: wrong", "x-mdeploy-replica: s3cret")
        assert answer.status == 200
        assert answer.seen("x-mdeploy-replica") == ["s3cret"]
        assert "s3cret" not in json.dumps(answer.headers)

    async def test_envoys_own_control_headers_are_ignored(self, gateway, open_one, replica):
        answer = await call(
            gateway,
            "/deployment/open/api/v1.0/feedback?sleep=0.2",
            "x-envoy-upstream-rq-timeout-ms: 1",
            "x-envoy-retry-on: 5xx",
            "x-envoy-max-retries: 9",
            "x-envoy-original-path: /admin",
            method="POST",
            body=b"{}",
        )
        assert answer.status == 200
        assert replica.count == 1
        assert not [n for n, _ in answer.json["headers"] if n.startswith("x-envoy-")]

    async def test_every_answer_has_a_request_id_that_the_model_saw(self, gateway, open_one, churn):
        answer = await call(gateway, "/deployment/open/x")
        assert answer.headers["x-request-id"] == answer.seen("x-request-id")[0]
        answer = await call(gateway, "/deployment/open/x", "x-request-id: mine-1")
        assert answer.headers["x-request-id"] == "mine-1"
        assert answer.seen("x-request-id") == ["mine-1"]
        answer = await call(gateway, PREDICT)
        assert answer.json["details"]["request_id"] == answer.headers["x-request-id"]

    async def test_two_lengths_do_not_smuggle_a_second_request(self, gateway, open_one, replica):
        inner = b"GET /deployment/open/smuggled HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
        for extra in (b"transfer-encoding: chunked\r\n", b"content-length: 0\r\n"):
            raw = (
                b"POST /deployment/open/x HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n"
                b"content-length: " + str(len(inner) + 5).encode() + b"\r\n" + extra + b"\r\n0\r\n\r\n" + inner
            )
            assert (await call(gateway, "", raw=raw)).status == 400
        assert not [s for s in replica.seen if "smuggled" in s["path"]]


class TestPass:
    async def test_the_owner_needs_a_pass_and_nothing_else(self, gateway, churn, home):
        answer = await call(gateway.private_socket, PREDICT, owner(home), method="POST", body=b"{}")
        assert answer.status == 200
        assert answer.json["path"] == "/invocations"
        assert answer.seen("x-forwarded-user") == ["jo"]
        assert answer.seen("x-mdeploy-pass") == []
        assert answer.seen("x-mdeploy-replica") == ["s3cret"]

    async def test_any_host_name_will_do_on_the_socket(self, gateway, churn, home):
        assert (await call(gateway.private_socket, PREDICT, owner(home), host="mdeploy")).status == 200

    async def test_a_revision_by_pass(self, gateway, churn, home):
        answer = await call(gateway.private_socket, "/deployment/churn/revision/1/ping", owner(home))
        assert answer.json["path"] == "/ping"

    async def test_open_deployments_need_it_too(self, gateway, open_one, home):
        refused(await call(gateway.private_socket, "/deployment/open/x"))
        assert (await call(gateway.private_socket, "/deployment/open/x", owner(home, "uid-open"))).status == 200

    async def test_a_pass_is_worth_nothing_on_the_public_listener(self, gateway, churn, open_one, home):
        refused(await call(gateway, PREDICT, owner(home)))
        answer = await call(gateway, "/deployment/open/x", owner(home, "uid-open"))
        assert answer.seen("x-mdeploy-pass") == []
        assert answer.seen("x-forwarded-user") == []

    async def test_a_token_is_worth_nothing_on_the_private_listener(self, gateway, churn, web):
        refused(await call(gateway.private_socket, PREDICT, bearer(web.token)))

    async def test_a_pass_of_another_deployment_is_refused(self, gateway, churn, open_one, replica, home):
        refused(await call(gateway.private_socket, PREDICT, owner(home, "uid-open")), 403)
        refused(await call(gateway.private_socket, PREDICT, owner(home, "churn")), 403)
        refused(await call(gateway.private_socket, "/deployment/churn/revision/1/x", owner(home, "uid-open")), 403)
        refused(await call(gateway.private_socket, "/deployment/open/../churn/x", owner(home, "uid-open")), 403)
        assert replica.count == 0

    async def test_a_pass_of_another_home_is_refused(self, gateway, churn, tmp_path, replica):
        foreign = f"x-mdeploy-pass: {PassIssuer(tmp_path).issue('uid-churn', 'eve')[0]}"
        refused(await call(gateway.private_socket, PREDICT, foreign))
        assert replica.count == 0

    async def test_an_expired_pass_is_refused(self, gateway, churn, home, replica):
        refused(await call(gateway.private_socket, PREDICT, owner(home, ttl=-5)))
        short = owner(home, ttl=1)
        assert (await call(gateway.private_socket, PREDICT, short)).status == 200

        async def over():
            return (await call(gateway.private_socket, PREDICT, short)).status == 401

        await until(over, "the pass to end", deadline=6)

    async def test_forged_passes_are_refused(self, gateway, churn, home, replica):
        claims = {"iss": "mdeploy", "aud": "uid-churn", "sub": "eve", "exp": int(time.time()) + 300}
        public = json.dumps(PassIssuer(home.keys).public_jwks()["keys"][0])
        good = PassIssuer(home.keys).issue("uid-churn", "jo")[0]
        head, _, signature = good.split(".")
        other = b64(json.dumps(claims).encode())
        forged = [
            jwt.encode(claims, None, algorithm="none"),
            hs256(claims, public.encode()),
            hs256(claims, (home.keys / "pass.pem").read_bytes()),
            f"{head}.{other}.{signature}",
            good[:-4] + "AAAA",
            f"{head}.{other}.",
            "",
            "x",
        ]
        for one in forged:
            refused(await call(gateway.private_socket, PREDICT, f"x-mdeploy-pass: {one}"))
        assert replica.count == 0

    async def test_a_pass_without_end_or_of_another_issuer_is_refused(self, gateway, churn, home):
        pem = (home.keys / "pass.pem").read_bytes()
        kid = PassIssuer(home.keys).public_jwks()["keys"][0]["kid"]
        for claims in (
            {"iss": "mdeploy", "aud": "uid-churn", "sub": "eve"},
            {"iss": "other", "aud": "uid-churn", "sub": "eve", "exp": int(time.time()) + 60},
        ):
            token = jwt.encode(claims, pem, algorithm="ES256", headers={"kid": kid})
            refused(await call(gateway.private_socket, PREDICT, f"x-mdeploy-pass: {token}"))

    async def test_two_passes_are_refused_whichever_is_right(self, gateway, churn, home, replica):
        right, wrong = owner(home), owner(home, "uid-open", "eve")
        for pair in ((right, wrong), (wrong, right), (right, right)):
            refused(await call(gateway.private_socket, PREDICT, *pair))
        assert replica.count == 0

    async def test_forged_users_beside_a_pass_are_gone(self, gateway, churn, home):
        answer = await call(
            gateway.private_socket, PREDICT, "x-forwarded-user: root", owner(home), "x-forwarded-user: root", bearer("x")
        )
        assert answer.seen("x-forwarded-user") == ["jo"]
        assert answer.seen("authorization") == []

    async def test_unknown_deployments_are_404_with_a_pass(self, gateway, churn, home):
        refused(await call(gateway.private_socket, "/deployment/nobody/x", owner(home)), 404)
        refused(await call(gateway.private_socket, "/deployment/churn/revision/7/x", owner(home)), 404)
