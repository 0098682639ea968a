"""How generated requests reach the engine's socket, and what every answer has to be."""

from __future__ import annotations

import json
import socket
from copy import deepcopy

import requests
import schemathesis
import urllib3
from requests.adapters import HTTPAdapter
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from urllib3.connection import HTTPConnection

from mdeploy_lab.api.app import openapi
from mdeploy_lab.models.requests import Changed

KEYS = {"message", "reason", "code", "hint", "details"}
LEFT_OUT = {"hand_over", "stream_events"}
"""One ends the engine, the other never ends."""
REFUSED = {400, 403, 404, 405, 409, 422}
NEVER = ("Traceback (most recent call last)", "root:x:0", "BEGIN PRIVATE", "BEGIN EC PRIVATE")

load_all_checks()
CONFORMS = CHECKS.get_by_names(
    ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]
)


class _Pool(urllib3.HTTPConnectionPool):
    """Connections to one Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("engine", timeout=60)

        class Connection(HTTPConnection):
            def _new_conn(self):
                made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                made.settimeout(60)
                made.connect(path)
                return made

        self.ConnectionCls = Connection


class _Unix(HTTPAdapter):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._pool = _Pool(path)

    def get_connection_with_tls_context(self, request, verify, proxies=None, cert=None):
        return self._pool

    def close(self) -> None:
        self._pool.close()
        super().close()


def over(path: str) -> requests.Session:
    """Return a session whose requests all go to one Unix socket."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", _Unix(path))
    return session


def document() -> dict:
    """Return our OpenAPI document with links: what makes or changes a deployment leads to what can be done with it."""
    made = deepcopy(openapi())
    operations = [o for methods in made["paths"].values() for o in methods.values()]
    with_id = [o["operationId"] for o in operations if any(p["name"] == "id" for p in o.get("parameters", []))]
    paths = {o["operationId"]: path for path, methods in made["paths"].items() for o in methods.values()}
    reached = [name for name in with_id if name not in {"start_deployment", "stream_events", "check_id"}]
    for operation in operations:
        if operation["operationId"] == "create_deployment":
            operation["responses"]["201"]["links"] = {
                name: {"operationId": name, "parameters": {"id": "$response.body#/deployment/id"}} for name in reached
            }
        if operation["operationId"] == "add_client":
            operation["responses"]["201"]["links"] = {
                name: {
                    "operationId": name,
                    "parameters": {"id": "$request.path.id"}
                    | ({"name": "$response.body#/client/name"} if "{name}" in paths[name] else {}),
                }
                for name in ("rotate_client", "remove_client", "list_clients")
            }
    return made


def api():
    """Return the schema that tests generate from."""
    schema = schemathesis.openapi.from_dict(document(), config=SchemathesisConfig())
    return schema.exclude(operation_id=sorted(LEFT_OUT))


def aim(case, model: str, known: str | None) -> None:
    """Point a generated request at what exists, and see to it that no replica has to start."""
    name = case.operation.definition.raw["operationId"]
    if known and isinstance(case.path_parameters, dict) and "id" in case.path_parameters and name != "start_deployment":
        case.path_parameters["id"] = known
    if isinstance(case.query, dict):
        case.query.pop("follow", None)
    if isinstance(case.body, dict):
        if known and "model" in case.body:
            case.body["model"] = model
        if name == "create_deployment":
            case.body["stopped"] = True
        if name == "update_deployment":
            case.body.pop("start", None)


def body_of_change(text: str) -> bool:
    """Return whether an answer says what changed."""
    return text.startswith('{"deployment":{')


def check(answer, status: int | None = None) -> None:
    """Check what holds for every answer: no 5xx but a documented one, our error body, nothing that is nobody's business."""
    code, text = answer.status_code, answer.text
    assert code < 500 or code in {502, 503}, text
    assert not [word for word in NEVER if word in text], text
    if code >= 400:
        body = json.loads(text)
        assert set(body) == KEYS, text
        assert body["message"], text
        assert body["reason"] != "MDeployError", text
        assert code in REFUSED | {502, 503}, text
    elif body_of_change(text):
        Changed.model_validate_json(text)  # what is accepted can be read again, by a client and from the store
    if status is not None:
        assert code == status, text
