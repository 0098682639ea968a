"""The endpoint through Jupyter with the real gateway, which decides who may call."""

from __future__ import annotations

import httpx
import pytest

from mdeploy_lab.client.sync import Client
from tests.server.jupyter import Jupyter

ROWS = {"inputs": [1.0, 2.5]}


@pytest.fixture(scope="module")
def token(client: Client, model: str) -> str:
    d = client.deploy(model, name="through", id="through", timeout=120)
    return str(d.clients.add("web").token.reveal())


@pytest.fixture
def url(lab: Jupyter) -> str:
    return f"{lab.url}mdeploy/endpoint/through"


def test_a_clients_token_opens_it_in_all_three_ways(url: str, token: str) -> None:
    ways: list[dict[str, object]] = [
        {"auth": ("web", token)},
        {"headers": {"Authorization": f"Bearer {token}"}},
        {"headers": {"Authorization": token}},
    ]
    for way in ways:
        answer = httpx.post(f"{url}/invocations", json=ROWS, trust_env=False, timeout=30, **way)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()) == (200, {"predictions": [2.0, 5.0]}), way


def test_nothing_else_does(url: str, token: str, lab: Jupyter) -> None:
    for authorization in ("", f"token {lab.token}", f"Bearer {lab.token}", "Bearer mdp_web.wrong", f"Bearer {token[:-1]}"):
        headers = {"Authorization": authorization} if authorization else {}
        answer = httpx.post(f"{url}/invocations", json=ROWS, headers=headers, trust_env=False, timeout=30)
        assert answer.status_code == 401, authorization
        assert answer.headers["www-authenticate"].startswith("Basic")


def test_a_signed_in_browser_is_no_client(url: str, token: str, lab: Jupyter) -> None:
    with httpx.Client(follow_redirects=True, trust_env=False, timeout=30) as http:
        http.get(f"{lab.url}api/contents", params={"token": lab.token})
        assert http.cookies
        assert http.get(f"{url}/").status_code == 401


def test_a_deployment_made_public_is_refused(client: Client, lab: Jupyter, model: str) -> None:
    d = client.deploy(model, name="opened", id="opened-up", public=True, timeout=120)
    assert httpx.post(f"{d.url}/invocations", json=ROWS, trust_env=False, timeout=30).status_code == 200
    answer = httpx.post(f"{lab.url}mdeploy/endpoint/opened-up/invocations", json=ROWS, trust_env=False, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_the_root_describes_the_model(url: str, token: str) -> None:
    answer = httpx.get(f"{url}/", auth=("web", token), trust_env=False, timeout=30)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("sandbox")
