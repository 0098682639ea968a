"""The verbs that look: list, get, logs, history, revisions, diff, replicas, events, and what an engine offers."""

from __future__ import annotations

from typing import Any

from mdeploy_lab.client.verbs import documents
from mdeploy_lab.client.verbs.deploying import TYPES
from mdeploy_lab.client.verbs.verb import ID, TIMEOUT, Param, Verb, given

STATES = ("deploying", "deployed", "failed", "stopping", "stopped")
NAME = Param("name", "text", "name of the registered model", required=True, metavar="NAME")
GOALS = ("deployed", "healthy", "stopped", "failed", "deleted")


def _list(client: Any, v: dict[str, Any]) -> Any:
    return client.deployments(**given(v, "search", "group", "state", "type", "mine"))


def _logs(client: Any, v: dict[str, Any]) -> Any:
    return client.get(v["id"]).logs(**given(v, "tail", "follow", "replica", "since", "revision"))


def _wait(client: Any, v: dict[str, Any]) -> Any:
    goal = v.get("state") or "deployed"
    return client.get(v["id"]).wait(goal, **given(v, "timeout", "reporter"))


def _of(method: str) -> Any:
    return lambda client, v: getattr(client.get(v["id"]), method)()


READING = (
    Verb(
        "list",
        "List deployments, newest update first.",
        (
            Param("search", "text", "part of the name or id", ("--search", "-s")),
            Param("group", "texts", "of this group; several at once", ("--group", "-g")),
            Param("state", "texts", "in this state; several at once", ("--state",), choices=STATES),
            Param("type", "texts", "of this type; several at once", ("--type",), choices=TYPES),
            Param("mine", "flag", "made or changed by me", ("--mine",)),
        ),
        _list,
        documents.listed("deployments"),
        "deployments",
    ),
    Verb(
        "get",
        "Show one deployment.",
        (ID,),
        lambda client, v: client.get(v["id"]),
        documents.one,
        "get",
        aliases=("show",),
    ),
    Verb(
        "logs",
        "Show what the replicas wrote, oldest first.",
        (
            ID,
            Param("follow", "flag", "go on with new lines until interrupted", ("--follow", "-f")),
            Param("tail", "int", "newest lines; 2000 when not given", ("--tail",)),
            Param("replica", "text", "of this replica", ("--replica",)),
            Param("since", "text", "10m, 2h, 1d or a time", ("--since",)),
            Param("revision", "int", "of this revision", ("--revision",)),
        ),
        _logs,
        documents.listed("lines"),
        "logs",
    ),
    Verb("history", "Show every change that somebody made.", (ID,), _of("history"), documents.listed("history"), "history"),
    Verb("revisions", "Show what ran and runs.", (ID,), _of("revisions"), documents.listed("revisions"), "revisions"),
    Verb(
        "diff",
        "Compare two revisions, or entries of the history: their fields, and model against model.",
        (
            ID,
            Param("before", "int", "a revision", required=True, metavar="A"),
            Param("after", "int", "another", required=True, metavar="B"),
            Param("of", "choice", "what the numbers are; revisions", ("--of",), choices=("revisions", "history")),
        ),
        lambda client, v: client.get(v["id"]).diff(v["before"], v["after"], **given(v, "of")),
        documents.diff,
        "diff",
    ),
    Verb("replicas", "Show the copies that run.", (ID,), _of("replicas"), documents.listed("replicas"), "replicas"),
    Verb(
        "log-replicas",
        "Show the copies whose logs are kept, those that exited too.",
        (ID,),
        _of("log_replicas"),
        documents.listed("replicas"),
        "log_replicas",
    ),
    Verb(
        "metrics",
        "Show what the replicas counted: requests, statuses, times, feedback.",
        (ID,),
        _of("metrics"),
        documents.plain,
        "metrics",
    ),
    Verb("events", "Show what was observed, oldest first.", (ID,), _of("events"), documents.listed("events"), "events"),
    Verb(
        "wait",
        "Wait until a deployment is deployed, healthy, stopped, failed or deleted.",
        (ID, Param("state", "choice", "what to wait for; deployed", ("--for",), choices=GOALS), TIMEOUT),
        _wait,
        documents.one,
        "wait",
    ),
    Verb(
        "models",
        "List the registered models.",
        (Param("search", "text", "part of the name or description", ("--search", "-s")),),
        lambda client, v: client.models(**given(v, "search")),
        documents.listed("models"),
        "models",
    ),
    Verb(
        "versions",
        "List the versions of a registered model, newest first.",
        (NAME,),
        lambda client, v: client.versions(v["name"]),
        documents.listed("versions"),
        "versions",
    ),
    Verb(
        "version",
        "Show one version of a registered model: metrics, parameters, tags, signature.",
        (NAME, Param("version", "text", "its number", required=True, metavar="VERSION")),
        lambda client, v: client.version(v["name"], v["version"]),
        documents.plain,
        "version",
    ),
    Verb(
        "groups",
        "List your groups: quota and use.",
        (),
        lambda client, _: client.groups(),
        documents.listed("groups"),
        "groups",
    ),
    Verb(
        "instance-types",
        "List the sizes that replicas can have.",
        (),
        lambda client, _: client.instance_types(),
        documents.listed("instance_types"),
        "instance_types",
    ),
)
