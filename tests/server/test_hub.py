"""On a real JupyterHub: its users are the actors, and callers' tokens and the hub's do not get into each other's way."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import httpx
import pytest
from tornado.httputil import HTTPHeaders

from tests.server.jupyter import OTHERS, ROOT, free_port
from tests.server.stub import StubEngine, StubGateway, deployment

PROXY = ROOT / "node_modules/.bin/configurable-http-proxy"
ADMIN = "admin-token-of-this-test"
SECONDS = 90.0
MODEL_TOKEN = "mdp_web.abcdef0123456789"

pytestmark = pytest.mark.timeout(180)

CONFIG = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}/hubs/"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.JupyterHub.services = [{{"name": "starter", "api_token": {admin!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "starter", "scopes": ["admin:users", "admin:servers", "admin:groups", "tokens", "access:servers"], "services": ["starter"]}}
]
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser"]
c.Spawner.environment = {environment!r}
c.Spawner.args = ["--allow-root"]
c.Spawner.start_timeout = 90
c.Spawner.http_timeout = 90
"""


@dataclass
class Hub:
    url: str
    token: str

    @property
    def user(self) -> str:
        return f"{self.url}/user/jo"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, blocked_home: Path) -> Iterator[Hub]:
    pytest.importorskip("jupyterhub")
    if not PROXY.exists() or shutil.which("node") is None:
        pytest.skip("needs configurable-http-proxy: make setup")
    folder = tmp_path_factory.mktemp("hub")
    port = free_port()
    (folder / "jupyterhub_config.py").write_text(
        CONFIG.format(
            port=port,
            hub_port=free_port(),
            api_port=free_port(),
            proxy=str(PROXY),
            admin=ADMIN,
            python=sys.executable,
            environment=environment(folder, blocked_home),
        )
    )
    with (folder / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub"],
            cwd=folder,
            env={**os.environ, "CONFIGPROXY_AUTH_TOKEN": "proxy-token"},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield started(process, f"http://127.0.0.1:{port}/hubs", folder / "hub.log")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(5)


def environment(folder: Path, home: Path) -> dict[str, str]:
    config = folder / "config"
    config.mkdir()
    ours = json.loads((ROOT / "jupyter-config/server-config/mdeploy_lab.json").read_text(encoding="utf-8"))
    ours["ServerApp"]["jpserver_extensions"] |= dict.fromkeys(OTHERS, False)
    ours["JupyterHubSingleUser"] = {"default_url": "/api"}
    ours["HubAuth"] = {"cache_max_age": 1}
    (config / "jupyter_server_config.json").write_text(json.dumps(ours))
    return {
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERHUB_SINGLEUSER_APP": "jupyter_server.serverapp.ServerApp",
        "MDEPLOY_HOME": str(home),
        "PYTHONPATH": str(ROOT),
    }


def started(process: subprocess.Popen[bytes], url: str, log: Path) -> Hub:
    """Start jo's server and return a token of jo's."""
    headers = {"Authorization": f"token {ADMIN}"}
    with httpx.Client(base_url=f"{url}/hub/api", headers=headers, trust_env=False, timeout=30) as api:
        deadline = time.monotonic() + SECONDS
        while not answers(api):
            assert process.poll() is None, log.read_text(errors="replace")[-4000:]
            assert time.monotonic() < deadline, log.read_text(errors="replace")[-4000:]
            time.sleep(0.1)
        api.post("/users/jo").raise_for_status()
        api.post("/users/jo/server")
        while not api.get("/users/jo").json()["servers"].get("", {}).get("ready"):
            assert time.monotonic() < deadline, log.read_text(errors="replace")[-4000:]
            time.sleep(0.2)
        return Hub(url, api.post("/users/jo/tokens", json={"note": "test"}).json()["token"])


def answers(api: httpx.Client) -> bool:
    try:
        return api.get("/").is_success
    except httpx.HTTPError:
        return False


async def test_history_names_the_hubs_user(hub: Hub, engine: StubEngine) -> None:
    engine.deployments["churn"] = deployment()
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        answer = await http.patch(
            f"{hub.user}/mdeploy/api/deployments/churn", json={"replicas": 2}, headers={"Authorization": f"token {hub.token}"}
        )
    assert answer.status_code == 200
    assert unquote(engine.asked[-1]["headers"]["X-Mdeploy-Actor"]) == "jo"
    assert hub.token not in json.dumps(engine.asked)


async def test_the_engine_hears_the_hubs_groups_and_their_changes(hub: Hub, engine: StubEngine) -> None:
    """As the hub writes them, whatever a browser claims; a change arrives when the server asks the hub again."""
    deadline = time.monotonic() + 20

    async def told() -> set[str]:
        headers = {"Authorization": f"token {hub.token}", "X-MDeploy-Groups": "root", "X-MDeploy-Actor": "root"}
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            assert (await http.get(f"{hub.user}/mdeploy/api/deployments", headers=headers)).status_code == 200
        sent = engine.asked[-1]["headers"]["X-Mdeploy-Groups"]
        return {unquote(part) for part in sent.split(",") if part}

    async with httpx.AsyncClient(base_url=f"{hub.url}/hub/api", trust_env=False, timeout=30) as admin:
        admin.headers["Authorization"] = f"token {ADMIN}"
        assert await told() == set()
        for group in ("risk", "Größe, & more"):
            (await admin.post(f"/groups/{quote(group, safe='')}")).raise_for_status()
            (await admin.post(f"/groups/{quote(group, safe='')}/users", json={"users": ["jo"]})).raise_for_status()
        while await told() != {"risk", "Größe, & more"}:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        (await admin.request("DELETE", "/groups/risk/users", json={"users": ["jo"]})).raise_for_status()
        while await told() != {"Größe, & more"}:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)


async def test_nobody_comes_in_without_the_hub(hub: Hub, engine: StubEngine) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        for token in ("", "token wrong", f"Bearer {MODEL_TOKEN}"):
            answer = await http.get(f"{hub.user}/mdeploy/api/deployments", headers={"Authorization": token} if token else {})
            assert answer.status_code == 403
    assert engine.asked == []


async def test_the_endpoints_token_wins_on_the_endpoint(hub: Hub, engine: StubEngine, gateway: StubGateway) -> None:
    """On ``/mdeploy/endpoint/`` the ``Authorization`` header is the model's; the hub is not asked, and its tokens do not pass."""
    engine.deployments["churn"] = deployment()
    url = f"{hub.user}/mdeploy/endpoint/churn/invocations"
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        assert (await http.post(url, json={}, headers={"Authorization": f"Bearer {MODEL_TOKEN}"})).status_code == 200
        assert HTTPHeaders(dict(gateway.seen[-1]["headers"]))["Authorization"] == f"Bearer {MODEL_TOKEN}"
        for token in (f"token {hub.token}", f"Bearer {hub.token}"):
            await http.post(url, json={}, headers={"Authorization": token})
            assert "Authorization" not in HTTPHeaders(dict(gateway.seen[-1]["headers"]))
        assert hub.token not in json.dumps([{**seen, "start": ""} for seen in gateway.seen])
