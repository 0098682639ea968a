"""One behaviour, every surface: a verb of the client has a route, a command, a magic and its place in the reference."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import click
import pytest

from mdeploy_lab.api.app import openapi
from mdeploy_lab.cli.root import cli
from mdeploy_lab.client.deployment import Clients, Deployment
from mdeploy_lab.client.show import ShownDeployment
from mdeploy_lab.client.sync import Client
from mdeploy_lab.client.verbs import VERBS
from mdeploy_lab.notebook.parsing import parse

REFERENCE = Path(__file__).parents[1] / "docs" / "reference.md"

ROUTES = {
    "deploy": ("post", "/deployments"),
    "deployments": ("get", "/deployments"),
    "get": ("get", "/deployments/{id}"),
    "info": ("get", "/info"),
    "groups": ("get", "/groups"),
    "instance_types": ("get", "/instance-types"),
    "models": ("get", "/models"),
    "versions": ("get", "/models/{name}/versions"),
    "version": ("get", "/models/{name}/versions/{version}"),
    "check_id": ("get", "/ids/{id}"),
    "check_api_name": ("get", "/groups/{group}/api-names/{name}"),
    "predict": ("post", "/deployments/{id}/pass"),
    "predict_stream": ("post", "/deployments/{id}/pass"),
    "answer": ("get", "/deployments/{id}/answers/{token}"),
    "describe": ("get", "/deployments/{id}/description"),
    "query": ("post", "/deployments/{id}/predict"),
    "update": ("patch", "/deployments/{id}"),
    "history": ("get", "/deployments/{id}/history"),
    "revisions": ("get", "/deployments/{id}/revisions"),
    "diff": ("get", "/deployments/{id}/diff"),
    "rollback": ("post", "/deployments/{id}/rollback"),
    "traffic": ("put", "/deployments/{id}/traffic"),
    "stop": ("post", "/deployments/{id}/stop"),
    "start": ("post", "/deployments/{id}/start"),
    "delete": ("delete", "/deployments/{id}"),
    "wait": ("get", "/events"),
    "logs": ("get", "/deployments/{id}/logs"),
    "metrics": ("get", "/deployments/{id}/metrics"),
    "replicas": ("get", "/deployments/{id}/replicas"),
    "log_replicas": ("get", "/deployments/{id}/logs/replicas"),
    "events": ("get", "/deployments/{id}/events"),
    "clients.list": ("get", "/deployments/{id}/clients"),
    "clients.add": ("post", "/deployments/{id}/clients"),
    "clients.rotate": ("post", "/deployments/{id}/clients/{name}/rotate"),
    "clients.remove": ("delete", "/deployments/{id}/clients/{name}"),
}
NO_COMMAND = {
    "query": "predict --dialect",
    "answer": "predict --dialect",
    "predict_stream": "predict --stream",
    "check_id": "deploy --dry-run",
    "check_api_name": "deploy --api-name … --dry-run",
}
"""Verbs whose command is part of another one."""
NOT_VERBS = {"close", "refresh", "snapshot", "form", "widget"}
"""Methods that say nothing to an engine's users."""


def methods(cls: type, prefix: str = "") -> set[str]:
    found = {n for n, v in vars(cls).items() if inspect.isfunction(v) and not n.startswith("_")}
    return {prefix + n for n in found - NOT_VERBS}


CLIENT_VERBS = sorted(methods(Client) | methods(Deployment) | methods(Clients, "clients."))


@pytest.fixture(scope="module")
def paths():
    return openapi()["paths"]


def test_there_are_verbs():
    assert {"deploy", "update", "clients.add"} <= set(CLIENT_VERBS)
    assert issubclass(Deployment, ShownDeployment)


@pytest.mark.parametrize("verb", CLIENT_VERBS)
def test_a_verb_has_a_route(verb, paths):
    method, path = ROUTES[verb]
    assert method in paths[path]


@pytest.mark.parametrize("verb", sorted(set(CLIENT_VERBS) - NO_COMMAND.keys()))
def test_a_verb_has_a_command_and_a_magic(verb):
    if verb == "info":  # what an engine is, is asked of the shell
        assert "info" in cli.commands
        return
    found = next(v for v in VERBS if v.method == verb)
    command: click.Command = cli
    for word in found.words:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    assert command.help
    assert any("--json" in p.opts for p in command.params)
    required = ["1" for p in found.params if not p.flags and p.required]
    options = [word for p in found.params if p.flags and p.required for word in (p.flags[0], "1")]
    parsed = parse(" ".join([found.name, *required, *options]))
    assert parsed is not None
    assert parsed[0] is found


def test_a_verb_of_the_table_is_a_method():
    assert [v.name for v in VERBS if v.method not in CLIENT_VERBS] == []


def test_options_of_the_table_are_parameters_of_the_method():
    owners = {"": Client, "clients": Clients}
    for verb in VERBS:
        group, _, name = verb.method.rpartition(".")
        owner = owners[group] if group or hasattr(Client, name) else Deployment
        known = set(inspect.signature(getattr(owner, name)).parameters) | {
            "id",
            "save",
            "new",
            "yes",
            "shares",
            "dialect",
            "stream",
        }
        assert {p.name for p in verb.params} - known == set(), verb.name


@pytest.mark.parametrize("verb", [v.name for v in VERBS])
def test_a_verb_is_in_the_reference(verb):
    text = REFERENCE.read_text(encoding="utf-8")
    assert re.search(rf"^### `{verb}( |`)", text, re.MULTILINE), "run `make docs`"
