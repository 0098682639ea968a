"""A kernel as JupyterLab uses it: started by the server's REST API, and spoken to over its WebSocket."""

from __future__ import annotations

import ast
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.sync.client import connect

from tests.server.jupyter import Jupyter

SECONDS = 120.0


@dataclass
class Cell:
    """What a cell put out."""

    stdout: str = ""
    stderr: str = ""
    data: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All that it shows."""
        return "\n".join([self.stdout, self.stderr, *(str(each.get("text/plain", "")) for each in self.data), self.error])


class Kernel:
    """One kernel of a Jupyter server."""

    def __init__(self, jupyter: Jupyter, name: str) -> None:
        self._http = httpx.Client(
            base_url=f"{jupyter.url}api/", headers={"Authorization": f"token {jupyter.token}"}, timeout=60, trust_env=False
        )
        answer = self._http.post("kernels", json={"name": name})
        assert answer.status_code == 201, answer.text
        self.id = answer.json()["id"]
        url = f"ws://127.0.0.1:{jupyter.port}{jupyter.base}api/kernels/{self.id}/channels"
        headers = {"Authorization": f"token {jupyter.token}"}
        self._socket = connect(url, additional_headers=headers, proxy=None, max_size=None)

    def close(self) -> None:
        self._socket.close()
        self._http.delete(f"kernels/{self.id}")
        self._http.close()

    def run(self, code: str, *, fails: bool = False, **values: str) -> Cell:
        """Run a cell, then evaluate ``values``; a cell that fails, fails the test, unless it should."""
        message = self._send(code, {name: f"__import__('json').dumps({expression})" for name, expression in values.items()})
        cell, waiting = Cell(), {"reply", "idle"}
        end = time.monotonic() + SECONDS
        while waiting:
            said = json.loads(self._socket.recv(timeout=max(0.0, end - time.monotonic())))
            if said["parent_header"].get("msg_id") == message:
                self._take(cell, said["msg_type"], said["content"], waiting)
        assert fails or not (cell.error or "UsageError" in cell.stderr), cell.text
        return cell

    def value(self, expression: str) -> Any:
        """Return what an expression is worth, as JSON."""
        return self.run("", it=expression).values["it"]

    def _send(self, code: str, expressions: dict[str, str]) -> str:
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": "execute_request",
            "username": "",
            "session": self.id,
            "version": "5.3",
        }
        content = {"code": code, "silent": False, "store_history": bool(code), "user_expressions": expressions}
        content |= {"allow_stdin": False, "stop_on_error": True}
        rest = {"parent_header": {}, "metadata": {}, "content": content, "buffers": [], "channel": "shell"}
        self._socket.send(json.dumps({"header": header, **rest}))
        return header["msg_id"]

    @staticmethod
    def _take(cell: Cell, kind: str, content: dict[str, Any], waiting: set[str]) -> None:
        if kind == "stream":
            setattr(cell, content["name"], getattr(cell, content["name"]) + content["text"])
        elif kind in {"display_data", "update_display_data", "execute_result"}:
            cell.data.append(content["data"])
        elif kind == "error":
            cell.error = "\n".join(content["traceback"])
        elif kind == "execute_reply":
            waiting.discard("reply")
            for name, answer in content.get("user_expressions", {}).items():
                assert answer["status"] == "ok", answer
                cell.values[name] = json.loads(ast.literal_eval(answer["data"]["text/plain"]))
        elif kind == "status" and content["execution_state"] == "idle":
            waiting.discard("idle")
