"""Where requests go: shares, retries, time-outs, endings, and changes while requests run."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

from mdeploy_lab.gateway.base import Backend, Unavailable
from mdeploy_lab.gateway.envoy import EnvoyGateway
from mdeploy_lab.models.deployment import Address

from .conftest import bearer, call, client, new_home, receive, route, until
from .echo import Echo

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def home():
    with new_home() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(home):
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
async def replicas(home):
    """Three replicas: a and b on Unix sockets, c on TCP with a secret."""
    made = [
        await Echo("a").start(f"unix:{home.run}/a"),
        await Echo("b").start(f"unix:{home.run}/b"),
        await Echo("c", secret="s3cret").start(),
    ]
    yield made
    for one in made:
        await one.stop()


async def post(gateway, path, body=b"{}", test=""):
    return await call(gateway, path, *([f"x-test: {test}"] if test else []), method="POST", body=body)


class TestShares:
    async def test_traffic_follows_the_weights(self, gateway, replicas):
        a, b, c = replicas
        await gateway.put(
            route(
                "split",
                weights={1: (90, [a.target]), 2: (10, [b.target]), 3: (0, [c.target])},
                secret="s3cret",
                public=True,
            )
        )
        n = 2000
        await asyncio.gather(*(many(gateway, "/deployment/split/ping", n // 8) for _ in range(8)))
        # 6 standard deviations of a binomial(2000, 0.1) around 200: fails by chance once in 10^9 runs.
        assert 120 <= b.count <= 280
        assert a.count + b.count == n
        assert c.count == 0

    async def test_a_revision_without_traffic_answers_under_its_own_url(self, gateway, replicas):
        a, b, c = replicas
        await gateway.put(
            route(
                "split",
                weights={1: (100, [a.target]), 22: (0, [b.target]), 2: (0, [c.target])},
                secret="s3cret",
                public=True,
            )
        )
        seen = [(await call(gateway, f"/deployment/split/revision/{n}/x")).json["replica"] for n in (1, 22, 2)]
        assert seen == ["a", "b", "c"]

    async def test_replicas_of_one_revision_share_and_each_gets_its_own_secret(self, gateway):
        one, two = await Echo("one", secret="1").start(), await Echo("two", secret="2").start()
        addresses = tuple(Address(target=e.target, secret=e.secret) for e in (one, two))
        await gateway.put(route("pair", public=True, backends=(Backend(revision=1, weight=100, addresses=addresses),)))
        answers = [await call(gateway, "/deployment/pair/x") for _ in range(40)]
        assert {a.status for a in answers} == {200}
        assert one.count > 0
        assert two.count > 0
        await one.stop()
        await two.stop()


async def many(gateway, path, n):
    """Send n requests on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.health()["port"])
    for _ in range(n):
        writer.write(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode())
        assert (await receive(reader)).status == 200
    writer.close()
    await writer.wait_closed()


class TestNothingThere:
    @pytest.mark.parametrize("reason", ["stopped", "never_ready", "no_replica"])
    async def test_an_endpoint_that_cannot_answer_says_why(self, gateway, reason):
        why = Unavailable(reason=reason, message='churn is "stopped" 100%', hint="`mdeploy start churn` é")
        await gateway.put(route("gone", weights={1: (0, [])}, public=True, unavailable=why))
        for path in ("/deployment/gone/invocations", "/deployment/gone"):
            answer = await post(gateway, path)
            assert answer.status == 503
            assert answer.headers["content-type"] == "application/json"
            assert answer.json["message"] == why.message
            assert answer.json["hint"] == why.hint
            assert answer.json["code"] == reason
        host = await call(gateway, "/invocations", host="gone.mdeploy.localhost")
        assert host.json["message"] == why.message

    async def test_a_stopped_private_endpoint_tells_only_its_clients(self, gateway):
        web = client()
        why = Unavailable(reason="stopped", message="secret plans are stopped")
        await gateway.put(route("gone", weights={}, backends=(), clients=[web], unavailable=why))
        assert (await call(gateway, "/deployment/gone/x")).status == 401
        assert (await call(gateway, "/deployment/gone/x", bearer(web.token))).json["message"] == why.message

    async def test_a_revision_without_replicas_is_503_in_our_shape(self, gateway):
        await gateway.put(route("empty", weights={1: (100, [])}, public=True))
        answer = await post(gateway, "/deployment/empty/invocations")
        assert answer.status == 503
        assert answer.json["code"] == "no_replica"

    async def test_a_replica_that_does_not_listen_is_503_in_our_shape(self, gateway, home):
        await gateway.put(route("dead", f"unix:{home.run}/nobody", public=True))
        for method in ("GET", "POST"):
            answer = await call(gateway, "/deployment/dead/invocations", method=method)
            assert (answer.status, answer.json["code"]) == (503, "no_replica")

    async def test_no_traffic_at_all(self, gateway, replicas):
        await gateway.put(route("idle", weights={1: (0, [replicas[0].target])}, public=True))
        assert (await call(gateway, "/deployment/idle/x")).status == 503
        assert (await call(gateway, "/deployment/idle/revision/1/x")).status == 200

    async def test_a_dropped_deployment_is_unknown(self, gateway, replicas):
        await gateway.put(route("brief", replicas[0].target, public=True))
        assert (await call(gateway, "/deployment/brief/x")).status == 200
        await gateway.drop("uid-brief")
        assert (await call(gateway, "/deployment/brief/x")).status == 404
        await gateway.drop("uid-brief")


class TestTime:
    async def test_a_slow_model_is_504_in_our_shape(self, gateway, replicas):
        await gateway.put(route("slow", replicas[0].target, public=True, timeout=0.2))
        started = time.monotonic()
        answer = await post(gateway, "/deployment/slow/invocations?sleep=5")
        assert (answer.status, answer.json["code"]) == (504, "predict_timeout")
        assert time.monotonic() - started < 3
        assert replicas[0].count == 1  # a time-out is not tried again


async def announce(gateway, path, length, *headers, sent=10, host="localhost"):
    """Announce a long body, send its beginning, and return the answer that came meanwhile."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.health()["port"])
    lines = [f"POST {path} HTTP/1.1", f"host: {host}", f"content-length: {length}", *headers, "", ""]
    writer.write("\r\n".join(lines).encode() + b"x" * sent)
    try:
        return await asyncio.wait_for(receive(reader), 10)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


class TestSize:
    @pytest.mark.parametrize("limit", [1000, 200_000_000])
    async def test_an_announced_length_over_the_limit_is_refused_before_it_is_sent(self, gateway, replicas, limit):
        web = client()
        await gateway.put(route("big", replicas[0].target, max_payload=limit, api_name="B", clients=[web]))
        await gateway.put(route("other", replicas[0].target, public=True))
        lengths = {"/deployment/big/x": limit, "/deployment/big/revision/1/x": limit, "/api/default/B/x": limit}
        for path, most in lengths.items():
            answer = await announce(gateway, path, most + 1, bearer(web.token))
            assert (answer.status, answer.json["code"]) == (413, "payload_too_large")
        answer = await announce(gateway, "/x", limit + 1, bearer(web.token), host="big.mdeploy.localhost")
        assert answer.status == 413
        assert replicas[0].count == 0
        assert (await call(gateway, "/deployment/big/x", bearer(web.token), method="POST", body=b"x" * 1000)).status == 200

    async def test_a_refusal_by_the_replica_before_the_whole_body_came_reaches_the_caller(self, gateway, replicas):
        for one in (replicas[0], replicas[2]):
            await gateway.put(route("big", one.target, public=True, secret="s3cret"))
            assert (await announce(gateway, "/deployment/big/early", 50_000_000, sent=1_000_000)).status == 413

    async def test_a_body_of_many_megabytes_goes_through(self, gateway, replicas):
        await gateway.put(route("big", replicas[0].target, public=True))
        answer = await post(gateway, "/deployment/big/invocations", b"x" * 30_000_000)
        assert (answer.status, answer.json["size"]) == (200, 30_000_000)


class TestRetry:
    @pytest.fixture
    def pair(self, replicas):
        a, b, _ = replicas
        return route("pair", a.target, b.target, public=True)

    @pytest.mark.parametrize(
        "path",
        [
            "/invocations",
            "/v2/models/pair/infer",
            "/v2/models/pair/versions/1/infer",
            "/v1/models/m:predict",
            "/api/v1.0/predictions",
            "/transform/v2",
        ],
    )
    async def test_a_prediction_that_got_no_byte_goes_once_to_the_other_replica(self, gateway, replicas, pair, path):
        await gateway.put(pair)
        for _ in range(6):
            for base in ("", "/revision/1"):
                answer = await post(gateway, f"/deployment/pair{base}{path}", test="reset=a")
                assert (answer.status, answer.json["replica"]) == (200, "b")
        assert replicas[0].count > 0
        assert replicas[1].count == 12

    async def test_reading_is_tried_again_too(self, gateway, replicas, pair):
        await gateway.put(pair)
        for _ in range(6):
            assert (await call(gateway, "/deployment/pair/v2/models/x?reset=a")).json["replica"] == "b"

    async def test_it_is_tried_twice_and_never_three_times(self, gateway, replicas, pair):
        await gateway.put(pair)
        a, b, _ = replicas
        answer = await post(gateway, "/deployment/pair/invocations?reset=*")
        assert answer.status == 503
        assert answer.json["code"] == "no_replica"
        assert a.count + b.count == 2

    @pytest.mark.parametrize(
        "path", ["/api/v1.0/feedback", "/v2/models/pair/generate_stream", "/v1/chat/completions", "/train"]
    )
    async def test_feedback_and_streams_are_never_sent_twice(self, gateway, replicas, pair, path):
        await gateway.put(pair)
        a, b, _ = replicas
        answer = await post(gateway, f"/deployment/pair{path}?reset=*")
        assert answer.status == 503
        assert a.count + b.count == 1

    async def test_it_can_be_switched_off(self, gateway, replicas, pair):
        await gateway.put(pair.model_copy(update={"retry": False}))
        a, b, _ = replicas
        assert (await post(gateway, "/deployment/pair/invocations?reset=*")).status == 503
        assert a.count + b.count == 1

    async def test_an_answer_is_never_asked_for_again(self, gateway, replicas, pair):
        await gateway.put(pair)
        a, b, _ = replicas
        for status in (500, 502, 503, 429):
            assert (await post(gateway, f"/deployment/pair/invocations?status={status}")).status == status
        assert a.count + b.count == 4
        with pytest.raises(asyncio.IncompleteReadError):
            await post(gateway, "/deployment/pair/invocations?cut=1")
        assert a.count + b.count == 5

    async def test_a_body_of_some_size_is_sent_again_whole(self, gateway, replicas, pair):
        await gateway.put(pair)
        body = b"x" * 300_000
        for _ in range(4):
            answer = await post(gateway, "/deployment/pair/invocations?reset=a", body)
            assert (answer.status, answer.json["size"]) == (200, len(body))


class Program:
    """A replica in a process of its own."""

    def __init__(self, target, name):
        self.target, self.name = target, name

    async def start(self):
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, str(Path(__file__).with_name("echo.py")), self.target, self.name, stdout=asyncio.subprocess.PIPE
        )
        self.target = (await asyncio.wait_for(self.process.stdout.readline(), 20)).decode().strip()
        return self

    async def kill(self):
        self.process.send_signal(signal.SIGKILL)
        await self.process.communicate()


class Load:
    """Requests at a steady rate on several connections; every failure is kept."""

    def __init__(self, gateway, path, rate=200, connections=8, method="POST"):
        self.gateway, self.path, self.method = gateway, path, method
        self.pause = connections / rate
        self.connections = connections
        self.sent, self.failures, self.by = 0, [], {}

    async def __aenter__(self):
        self.stop = asyncio.Event()
        self.tasks = [asyncio.create_task(self._run()) for _ in range(self.connections)]
        return self

    async def __aexit__(self, *error):
        self.stop.set()
        await asyncio.gather(*self.tasks)

    async def _run(self):
        port = self.gateway.health()["port"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while not self.stop.is_set():
            started = time.monotonic()
            writer.write(f"{self.method} {self.path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{{}}".encode())
            answer = await asyncio.wait_for(receive(reader), 20)
            self.sent += 1
            if answer.status == 200:
                name = answer.json["replica"]
                self.by[name] = self.by.get(name, 0) + 1
            else:
                self.failures.append((time.monotonic(), answer.status, answer.body))
            await asyncio.sleep(max(0.0, self.pause - (time.monotonic() - started)))
        writer.close()
        await writer.wait_closed()


class TestChangesUnderLoad:
    @pytest.mark.parametrize("kind", ["unix", "tcp"])
    async def test_an_update_loses_no_request(self, gateway, home, kind):
        """Revision 1 → 1 and 2 → 2 → revision 1 gone, again and again, with requests that take a while."""
        echoes = [await Echo(str(n)).start(f"unix:{home.run}/u{n}" if kind == "unix" else "tcp:127.0.0.1:0") for n in range(2)]
        first = route("live", weights={1: (100, [echoes[0].target])}, public=True)
        await gateway.put(first)
        async with Load(gateway, "/deployment/live/api/v1.0/feedback?sleep=0.02") as load:
            for n in range(1, 13):
                old, new = echoes[(n - 1) % 2], echoes[n % 2]
                both = {n: (100, [old.target]), n + 1: (0, [new.target])}
                await gateway.put(route("live", weights=both, public=True))
                await gateway.put(route("live", weights={n: (50, [old.target]), n + 1: (50, [new.target])}, public=True))
                await gateway.put(route("live", weights={n: (0, [old.target]), n + 1: (100, [new.target])}, public=True))
                await gateway.put(route("live", weights={n + 1: (100, [new.target])}, public=True))
                await asyncio.sleep(0.02)
        assert load.failures == []
        assert load.sent > 50
        assert len(load.by) == 2
        for echo in echoes:
            await echo.stop()

    async def test_scaling_loses_no_request(self, gateway, home):
        echoes = [await Echo(str(n)).start(f"unix:{home.run}/s{n}") for n in range(3)]
        targets = [e.target for e in echoes]
        await gateway.put(route("live", targets[0], public=True))
        async with Load(gateway, "/deployment/live/api/v1.0/feedback?sleep=0.02") as load:
            for n in (3, 1, 2, 1, 3, 2, 3, 1):
                await gateway.put(route("live", *targets[:n], public=True))
                await asyncio.sleep(0.05)
        assert load.failures == []
        for echo in echoes:
            await echo.stop()

    async def test_a_running_request_survives_the_end_of_its_revision(self, gateway, replicas):
        a, b, _ = replicas
        await gateway.put(route("live", a.target, public=True))
        running = asyncio.create_task(post(gateway, "/deployment/live/api/v1.0/feedback?sleep=1"))
        await until(lambda: a.count, "the request to arrive")
        await gateway.put(route("live", weights={2: (100, [b.target])}, public=True))
        assert (await post(gateway, "/deployment/live/x")).json["replica"] == "b"
        assert not running.done()
        answer = await running
        assert (answer.status, answer.json["replica"]) == (200, "a")


class TestDeath:
    async def test_predictions_notice_nothing_of_a_killed_replica(self, gateway, home):
        one = await Program(f"unix:{home.run}/k1", "one").start()
        two = await Program(f"unix:{home.run}/k2", "two").start()
        await gateway.put(route("live", one.target, two.target, public=True))
        async with Load(gateway, "/deployment/live/invocations?sleep=0.005") as load:
            await until(lambda: len(load.by) == 2, "both to answer")
            await one.kill()
            await asyncio.sleep(0.5)
            again = await Program(f"unix:{home.run}/k1", "again").start()
            await until(lambda: load.by.get("again"), "the restarted replica to get traffic", deadline=5)
        assert load.failures == []
        await two.kill()
        await again.kill()

    async def test_the_only_replica_answers_as_soon_as_it_is_back(self, gateway):
        """Nothing that the gateway remembers of the failures keeps requests from it."""
        one = await Program("tcp:127.0.0.1:0", "one").start()
        await gateway.put(route("live", one.target, public=True))
        async with Load(gateway, "/deployment/live/api/v1.0/feedback", method="POST") as load:
            await until(lambda: load.by, "it to answer")
            await one.kill()
            await until(lambda: load.failures, "a failure")
            again = await Program(one.target, "again").start()
            back = time.monotonic()
            await until(lambda: load.by.get("again"), "the restarted replica to answer", deadline=5)
        assert all(json.loads(body)["code"] == "no_replica" for _, _, body in load.failures)
        assert all(at - back < 0.7 for at, _, _ in load.failures)
        await again.kill()
