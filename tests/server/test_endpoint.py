"""Models through Jupyter: nothing of Jupyter's reaches a model, and nothing of a model's acts in Jupyter's origin."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest
from tornado.httputil import HTTPHeaders
from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from mdeploy_lab.server import headers
from tests.server.jupyter import Jupyter
from tests.server.stub import StubEngine, StubGateway, deployment

TOKEN = "mdp_web.abcdef0123456789"


@pytest.fixture
def endpoint(jupyter: Jupyter, engine: StubEngine) -> str:
    engine.deployments["churn"] = deployment()
    engine.deployments["open"] = deployment("open", public=True)
    return f"{jupyter.url}mdeploy/endpoint"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        yield client


async def test_calls_the_gateway_with_the_callers_own_token(
    endpoint: str, gateway: StubGateway, http: httpx.AsyncClient
) -> None:
    body = {"inputs": [[1]]}
    answer = await http.post(f"{endpoint}/churn/invocations?a=%20b", json=body, headers={"Authorization": f"Bearer {TOKEN}"})
    assert (answer.status_code, answer.json()) == (200, {"predictions": [1]})
    seen = gateway.seen[0]
    sent = HTTPHeaders(dict(seen["headers"]))
    assert (seen["method"], seen["uri"]) == ("POST", "/deployment/churn/invocations?a=%20b")
    assert sent["Authorization"] == f"Bearer {TOKEN}"
    assert sent["Host"] == f"127.0.0.1:{gateway.port}"
    assert json.loads(seen["start"]) == body


async def test_nothing_of_jupyter_reaches_a_model(
    endpoint: str, jupyter: Jupyter, gateway: StubGateway, http: httpx.AsyncClient
) -> None:
    await http.get(f"{jupyter.url}login")
    await http.get(f"{jupyter.url}api", params={"token": jupyter.token}, follow_redirects=True)
    assert http.cookies
    await http.get(
        f"{endpoint}/churn/",
        params={"token": jupyter.token, "_xsrf": "x-secret", "to%6ben": "1", "keep": "1"},
        headers={
            "Authorization": f"token {jupyter.token}",
            "X-XSRFToken": "x-secret",
            "Referer": f"{jupyter.url}lab?token={jupyter.token}",
            "X-Forwarded-User": "root",
            "X_Forwarded_User": "root",
            "X-MDeploy-Pass": "forged",
            "X-MDeploy-Replica": "forged",
            "X-Kept": "yes",
        },
    )
    seen = gateway.seen[0]
    text = json.dumps({"uri": seen["uri"], "headers": seen["headers"]})
    assert jupyter.token not in text
    assert "x-secret" not in text
    assert "root" not in text
    assert "forged" not in text
    assert not any(name.lower() == "cookie" for name, _ in seen["headers"])
    assert ["X-Kept", "yes"] in [list(pair) for pair in seen["headers"]]
    assert "keep=1" in seen["uri"]


@pytest.mark.parametrize("token", ["token {jupyter}", "Bearer {jupyter}", "{jupyter}"])
async def test_a_jupyter_token_opens_nothing_and_goes_nowhere(
    endpoint: str, jupyter: Jupyter, gateway: StubGateway, http: httpx.AsyncClient, token: str
) -> None:
    await http.get(f"{endpoint}/churn/ping", headers={"Authorization": token.format(jupyter=jupyter.token)})
    assert "Authorization" not in HTTPHeaders(dict(gateway.seen[0]["headers"]))


async def test_public_deployments_are_refused(endpoint: str, gateway: StubGateway, http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{endpoint}/open/")
    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"
    assert gateway.seen == []


async def test_an_unknown_deployment_says_nothing_about_others(
    endpoint: str, gateway: StubGateway, http: httpx.AsyncClient
) -> None:
    answer = await http.get(f"{endpoint}/chur/")
    assert answer.status_code == 404
    assert "secret-name" not in answer.text
    assert gateway.seen == []


@pytest.mark.parametrize(
    "path", ["churn/../open/x", "churn/%2e%2e/open/x", "churn/..%2fopen", "churn/%2E%2E%2Fopen", "churn/a%5cb", "../api/info"]
)
async def test_a_path_cannot_lead_to_another_deployment(endpoint: str, gateway: StubGateway, path: str) -> None:
    status = await raw_status(f"{endpoint}/{path}")
    assert status in {400, 403, 404, 422}
    assert gateway.seen == []


async def raw_status(url: str) -> int:
    """Ask without a client that tidies the path."""
    parts = httpx.URL(url)
    reader, writer = await asyncio.open_connection(parts.host, parts.port)
    target = url.split(f":{parts.port}", 1)[1]
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {parts.host}:{parts.port}\r\nConnection: close\r\n\r\n".encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    await writer.wait_closed()
    return status


async def test_a_models_page_cannot_act_in_jupyters_origin(
    endpoint: str, gateway: StubGateway, http: httpx.AsyncClient
) -> None:
    async def page(handler: RequestHandler) -> None:
        handler.set_header("Content-Type", "text/html")
        handler.set_header("Set-Cookie", "username-127-0-0-1=evil; Path=/")
        handler.set_header("Content-Security-Policy", "default-src *")
        handler.set_header("Access-Control-Allow-Origin", "*")
        handler.set_header("Service-Worker-Allowed", "/")
        handler.set_header("Clear-Site-Data", '"*"')
        handler.set_header("X-Answer", "kept")
        handler.write("<script>fetch('/api/contents')</script>")

    gateway.answer = page
    answer = await http.get(f"{endpoint}/churn/")
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert "allow" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    for name in ("set-cookie", "access-control-allow-origin", "service-worker-allowed", "clear-site-data"):
        assert name not in answer.headers
    assert answer.headers["x-answer"] == "kept"
    assert answer.headers["content-type"] == "text/html"


async def test_errors_are_sandboxed_too(endpoint: str, http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{endpoint}/gone-one/")
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["content-type"] == "application/json"


async def test_the_gateways_401_passes_with_its_challenge(endpoint: str, gateway: StubGateway, http: httpx.AsyncClient) -> None:
    async def refuse(handler: RequestHandler) -> None:
        handler.set_status(401)
        handler.set_header("WWW-Authenticate", 'Basic realm="churn"')
        handler.write("no")

    gateway.answer = refuse
    answer = await http.post(f"{endpoint}/churn/invocations", json={})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Basic realm="churn"')


async def test_a_large_body_streams_both_ways(endpoint: str, gateway: StubGateway, http: httpx.AsyncClient) -> None:
    """Larger than Jupyter's own limit of 512 MB would be slow here; larger than any buffer on the way is enough."""
    size = 150 * 1024 * 1024

    async def body() -> AsyncIterator[bytes]:
        for _ in range(size // (1 << 20)):
            yield b"x" * (1 << 20)

    async def echo(handler: RequestHandler) -> None:
        for _ in range(size // (1 << 20)):
            handler.write(b"y" * (1 << 20))
            await handler.flush()

    gateway.answer = echo
    got = 0
    async with http.stream("POST", f"{endpoint}/churn/invocations", content=body()) as answer:
        async for chunk in answer.aiter_bytes():
            got += len(chunk)
    assert (gateway.seen[0]["size"], got) == (size, size)


async def test_an_answer_streams_before_it_is_complete(endpoint: str, gateway: StubGateway, http: httpx.AsyncClient) -> None:
    go_on = asyncio.Event()

    async def slow(handler: RequestHandler) -> None:
        handler.write("data: 1\n\n")
        await handler.flush()
        await go_on.wait()
        handler.write("data: 2\n\n")

    gateway.answer = slow
    async with http.stream("GET", f"{endpoint}/churn/stream") as answer:
        parts = answer.aiter_text()
        assert await asyncio.wait_for(anext(parts), 5) == "data: 1\n\n"
        go_on.set()
        assert await asyncio.wait_for(anext(parts), 5) == "data: 2\n\n"


async def test_a_caller_who_leaves_ends_the_call(endpoint: str, gateway: StubGateway, http: httpx.AsyncClient) -> None:
    left = asyncio.Event()

    async def endless(handler: RequestHandler) -> None:
        try:
            while True:
                handler.write("more")
                await handler.flush()
                await asyncio.sleep(0.01)
        except StreamClosedError:
            left.set()

    gateway.answer = endless
    async with http.stream("GET", f"{endpoint}/churn/stream") as answer:
        await anext(answer.aiter_text())
    await asyncio.wait_for(left.wait(), 5)


async def test_an_early_refusal_of_a_large_body_arrives(endpoint: str, engine: StubEngine) -> None:
    """A gateway that answers 413 at once, and does not care for the rest."""
    ended = asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        with suppress(ConnectionError):
            while await reader.read(1 << 20):
                pass
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    engine.gateway_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    engine.deployments["big-one"] = deployment("big-one")
    async with server, httpx.AsyncClient(timeout=30, trust_env=False) as http:
        answer = await http.post(f"{endpoint}/big-one/invocations", content=b"x" * (8 << 20))
        await asyncio.wait_for(ended.wait(), 10)
    assert answer.status_code == 413


async def test_another_host_name_is_refused(endpoint: str, gateway: StubGateway, http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{endpoint}/churn/", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert gateway.seen == []


async def test_a_gateway_that_is_away_is_a_503(endpoint: str, engine: StubEngine, http: httpx.AsyncClient) -> None:
    engine.gateway_url = "http://127.0.0.1:9"
    engine.deployments["away-one"] = deployment("away-one")
    answer = await http.get(f"{endpoint}/away-one/")
    assert (answer.status_code, answer.json()["code"]) == (503, "engine_unavailable")


async def test_post_needs_no_xsrf(endpoint: str, jupyter: Jupyter, gateway: StubGateway, http: httpx.AsyncClient) -> None:
    await http.get(f"{jupyter.url}login")
    assert (await http.post(f"{endpoint}/churn/invocations", json={})).status_code == 200


@pytest.mark.parametrize(
    ("authorization", "passes"),
    [
        ("Basic d2ViOm1kcF93ZWI=", True),
        ("Bearer mdp_web.secret", True),
        ("bearer  mdp_web.secret", True),
        ("mdp_web.secret", True),
        ("token mdp_web.secret", False),
        ("token 0123", False),
        ("Bearer 0123", False),
        ("0123", False),
        ("", False),
    ],
)
def test_which_authorization_passes(authorization: str, passes: bool) -> None:
    assert headers.is_endpoint_credential(authorization) is passes


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("a=1&token=x&b=%26", "a=1&b=%26"),
        ("tok%65n=x", ""),
        ("_xsrf=1&no_track_activity=1&token", ""),
        ("mytoken=1", "mytoken=1"),
        ("", ""),
    ],
)
def test_which_parameters_pass(query: str, kept: str) -> None:
    assert headers.without_jupyter_parameters(query) == kept
