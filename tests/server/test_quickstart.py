"""The quick-start notebook through a real Jupyter server: sessions by REST, cells by WebSocket, deployments by both."""

from __future__ import annotations

import asyncio
import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.server.jupyter import ROOT, Jupyter, engine_home

NOTEBOOK = ROOT / "notebooks/quickstart.ipynb"
CELL_SECONDS = 120

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    folder = tmp_path_factory.mktemp("real")
    profile = folder / "ipython/profile_default"
    profile.mkdir(parents=True)
    shutil.copy(ROOT / "ipython-config/ipython_kernel_config.py", profile)  # as the wheel installs it
    with engine_home() as home:
        server = Jupyter(folder, home.root).start()
        yield server
        server.stop()


@dataclass
class Cell:
    """What running one cell gave."""

    status: str = ""
    text: str = ""
    types: set[str] = field(default_factory=set)


async def test_quickstart_runs_and_everybody_who_watches_sees_it(real: Jupyter) -> None:
    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    token = {"Authorization": f"token {real.token}"}
    seen: list[dict[str, Any]] = []
    async with (
        httpx.AsyncClient(base_url=real.url, headers=token, timeout=60, trust_env=False) as http,
        connect(real.events, additional_headers=token, proxy=None, max_size=None) as events,
    ):
        watching = asyncio.create_task(watch(events, seen))
        await http.put("api/contents/quickstart.ipynb", json={"type": "notebook", "content": book})
        wanted = {"path": "quickstart.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}}
        session = (await http.post("api/sessions", json=wanted)).raise_for_status().json()
        channels = f"{real.url}api/kernels/{session['kernel']['id']}/channels".replace("http", "ws", 1)
        async with connect(channels, additional_headers=token, proxy=None, max_size=None) as kernel:
            cells = {
                cell["id"]: await asyncio.wait_for(run(kernel, "".join(cell["source"])), CELL_SECONDS)
                for cell in book["cells"]
                if cell["cell_type"] == "code"
            }
        assert (await http.get("mdeploy/api/deployments")).json() == {"deployments": []}
        await http.delete(f"api/sessions/{session['id']}")
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert {name: cell.text for name, cell in cells.items() if cell.status != "ok" and name != "mistake"} == {}
    assert "same as in this notebook: True" in cells["predict"].text
    assert "same as the first model again: True" in cells["rollback"].text
    assert any("mdeploy" in kind for kind in cells["again"].types | cells["deploy"].types)
    states = [each["deployment"]["status"]["state"] for each in seen if each["topic"] == "deployment"]
    assert {"deploying", "deployed", "stopped"} <= set(states)
    assert [each["id"] for each in seen if each["topic"] == "deleted"] == ["tumours", "digits"]
    assert [each["topic"] for each in seen if each["topic"] == "event"]


async def watch(events: ClientConnection, seen: list[dict[str, Any]]) -> None:
    while True:
        seen.append(json.loads(await events.recv()))


async def run(kernel: ClientConnection, source: str) -> Cell:
    """Run a cell as JupyterLab does, until the kernel is idle again and has answered."""
    name = uuid.uuid4().hex
    content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
    header = {"msg_id": name, "msg_type": "execute_request", "session": name, "username": "", "version": "5.3", "date": ""}
    request = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}
    await kernel.send(json.dumps(request))
    cell, idle = Cell(), False
    while not (idle and cell.status):
        message = json.loads(await kernel.recv())
        if message["parent_header"].get("msg_id") != name:
            continue
        kind, content = message["msg_type"], message["content"]
        idle |= kind == "status" and content["execution_state"] == "idle"
        cell.status = content["status"] if kind == "execute_reply" else cell.status
        if kind == "stream":
            cell.text += content["text"]
        elif kind == "error":
            cell.text += f"{content['ename']}: {content['evalue']}\n"
        elif kind in {"display_data", "execute_result", "update_display_data"}:
            cell.text += content["data"].get("text/plain", "")
            cell.types |= set(content["data"])
    return cell
