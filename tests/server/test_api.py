"""REST through Jupyter: who may, what passes, and what is said when nothing answers."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from tornado.web import RequestHandler

from tests.server.jupyter import Jupyter
from tests.server.stub import StubEngine, deployment

READER = """
from jupyter_server.auth import Authorizer

class Reader(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return resource != "mdeploy" or action == "read"

class Nobody(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return resource != "mdeploy"
"""


async def test_relays_a_request_and_its_answer(jupyter: Jupyter, engine: StubEngine) -> None:
    engine.deployments["churn"] = deployment()
    async with jupyter.client() as http:
        answer = await http.get("/deployments", params={"search": "chu", "group": ["a", "b"]})
    assert answer.status_code == 200
    assert answer.json()["deployments"][0]["id"] == "churn"
    assert answer.headers["content-type"].startswith("application/json")
    assert engine.asked[-1]["query"] == {"search": ["chu"], "group": ["a", "b"]}


async def test_passes_body_and_idempotency_key_and_names_the_actor(jupyter: Jupyter, engine: StubEngine) -> None:
    engine.deployments["churn"] = deployment()
    async with jupyter.client() as http:
        await http.patch("/deployments/churn", json={"replicas": 2}, headers={"Idempotency-Key": "k1"})
    asked = engine.asked[-1]
    assert (asked["method"], asked["path"], asked["body"]) == ("PATCH", "/deployments/churn", {"replicas": 2})
    assert asked["headers"]["Idempotency-Key"] == "k1"
    assert unquote(asked["headers"]["X-Mdeploy-Actor"]) == getpass.getuser()


async def test_keeps_escapes_in_the_path(jupyter: Jupyter, engine: StubEngine) -> None:
    async with jupyter.client() as http:
        await http.get(f"{jupyter.api}/deployments/a%2Fb%20c?x=%26")
    assert engine.asked[-1]["uri"] == "/deployments/a%2Fb%20c?x=%26"


CLAIMS = {"X-MDeploy-Actor": "root", "X-MDeploy-Groups": "root"}


async def test_nothing_of_jupyter_reaches_the_engine(jupyter: Jupyter, engine: StubEngine) -> None:
    async with jupyter.client(token=False) as http:
        answer = await http.get("/info", params={"token": jupyter.token, "x": "1"}, headers=CLAIMS)
    assert answer.status_code == 200
    asked = engine.asked[-1]
    assert jupyter.token not in json.dumps(asked)
    assert asked["query"] == {"x": ["1"]}
    assert "Cookie" not in asked["headers"]
    assert asked["headers"]["X-Mdeploy-Actor"] == getpass.getuser()
    assert "X-Mdeploy-Groups" not in asked["headers"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
async def test_nobody_comes_in_without_signing_in(jupyter: Jupyter, engine: StubEngine, method: str) -> None:
    async with jupyter.client(token=False) as http:
        answer = await http.request(method, "/deployments")
    assert answer.status_code == 403
    assert engine.asked == []
    if method != "HEAD":
        assert answer.json()["code"] == "forbidden"


async def test_a_cookie_needs_the_xsrf_header(jupyter: Jupyter, engine: StubEngine) -> None:
    engine.deployments["churn"] = deployment()
    async with jupyter.client(token=False, follow_redirects=True) as http:
        await http.get(f"{jupyter.url}login")
        await http.get(f"{jupyter.url}api/contents", params={"token": jupyter.token})
        assert (await http.get("/deployments")).status_code == 200
        refused = await http.post("/deployments/churn", json={})
        assert refused.status_code == 403
        assert "_xsrf" in refused.json()["message"]
        xsrf = next(cookie.value for cookie in http.cookies.jar if cookie.name == "_xsrf")
        allowed = await http.post("/deployments/churn", json={}, headers={"X-XSRFToken": xsrf or ""})
        assert allowed.status_code == 200


async def test_an_engines_error_passes_unchanged(jupyter: Jupyter, engine: StubEngine) -> None:
    async with jupyter.client() as http:
        answer = await http.get("/deployments/gone")
    assert answer.status_code == 404
    assert answer.json()["reason"] == "DeploymentNotFound"
    assert answer.json()["hint"] == "near: secret-name"


async def test_says_that_the_engine_is_away_and_why(jupyter: Jupyter) -> None:
    async with jupyter.client() as http:
        answer = await http.get("/deployments")
    body = answer.json()
    assert answer.status_code == 503
    assert (body["code"], body["reason"]) == ("engine_unavailable", "EngineUnavailable")
    assert body["message"]
    assert body["hint"]
    assert "Traceback" not in answer.text


async def test_an_answer_that_breaks_does_not_look_complete(jupyter: Jupyter, engine: StubEngine) -> None:
    seen = asyncio.Event()

    async def half(handler: RequestHandler) -> None:
        handler.write("x" * 1000)
        await handler.flush()
        await seen.wait()
        handler.request.connection.stream.close()  # type: ignore[attr-defined]  # tornado's annotation is narrower

    engine.answers["GET", "/deployments/churn/logs"] = half
    async with jupyter.client() as http, http.stream("GET", "/deployments/churn/logs") as answer:
        parts = answer.aiter_bytes()
        assert await asyncio.wait_for(anext(parts), 5) == b"x" * 1000
        seen.set()
        with pytest.raises(httpx.RemoteProtocolError):
            await asyncio.wait_for(anext(parts), 5)


async def test_streams_what_is_not_finished(jupyter: Jupyter, engine: StubEngine) -> None:
    go_on = asyncio.Event()

    async def slow(handler: RequestHandler) -> None:
        handler.set_header("Content-Type", "text/plain")
        handler.write("first\n")
        await handler.flush()
        await go_on.wait()
        handler.write("second\n")

    engine.answers["GET", "/deployments/churn/logs"] = slow
    async with jupyter.client() as http, http.stream("GET", "/deployments/churn/logs") as answer:
        parts = answer.aiter_text()
        assert await asyncio.wait_for(anext(parts), 5) == "first\n"
        assert answer.headers["content-type"].startswith("text/plain")
        go_on.set()
        assert await asyncio.wait_for(anext(parts), 5) == "second\n"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, blocked_home: Path) -> Iterator[Jupyter]:
    folder = tmp_path_factory.mktemp("reader")
    (folder / "reader_authorizer.py").write_text(READER)
    server = Jupyter(
        folder,
        blocked_home,
        base="/",
        arguments=("--ServerApp.authorizer_class=reader_authorizer.Reader",),
        environment={"PYTHONPATH": f"{folder}:{Path(__file__).parents[2]}"},
    ).start()
    yield server
    server.stop()


async def test_a_reader_may_look_and_is_told_why_not_change(reader: Jupyter, engine: StubEngine) -> None:
    engine.deployments["churn"] = deployment()
    async with reader.client() as http:
        assert (await http.get("/deployments")).status_code == 200
        for method, path in (
            ("POST", "/deployments/churn/stop"),
            ("PATCH", "/deployments/churn"),
            ("DELETE", "/deployments/churn"),
        ):
            refused = await http.request(method, path, json={})
            assert refused.status_code == 403
            assert refused.json()["message"] == "you may not change deployments on this Jupyter server"
            assert "mdeploy" in refused.json()["hint"]
    assert {asked["method"] for asked in engine.asked} == {"GET"}


def test_jupyter_has_nothing_to_complain_about(jupyter: Jupyter) -> None:
    assert "mdeploy_lab.server | extension was successfully loaded" in jupyter.log
    assert "JupyterServerAuthWarning" not in jupyter.log
    assert jupyter.problems() == []
