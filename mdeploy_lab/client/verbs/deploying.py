"""``deploy`` and ``update``: the parameters of what runs."""

from __future__ import annotations

from typing import Any

from mdeploy_lab.client.verbs.documents import changed
from mdeploy_lab.client.verbs.verb import ID, MESSAGE, TIMEOUT, WAIT, Param, Verb, given

SETTINGS = (
    Param("replicas", "int", "copies that run, or the fewest of a range", ("--replicas",)),
    Param("max_replicas", "int", "the most of a range, on engines that have ranges; 0: no range", ("--max-replicas",)),
    Param("instance_type", "text", "size of a replica: nano, small, medium, large, or of config.toml", ("--instance-type",)),
    Param("public", "switch", "answer without a token, or only clients", ("--public",), off="--private"),
    Param("env", "pairs", "environment variable; shown in the history", ("--env",), metavar="K=V"),
    Param("secret_env", "pairs", "variable by reference: env:NAME or file:PATH", ("--secret-env",), metavar="K=env:NAME"),
    Param("metadata", "pairs", "a name and a value of yours", ("--metadata",), metavar="K=V"),
    Param("description", "text", "what it is", ("--description",)),
    Param("api_name", "text", "alias in the endpoint's path, unique in the group; empty: none", ("--api-name",)),
    Param("method", "text", "the model's method that answers, such as predict_proba", ("--method",)),
    Param("isolate", "switch", "run in an environment built from the model's requirements", ("--isolate",), off="--no-isolate"),
    Param(
        "batching",
        "text",
        "answer requests that wait together by one prediction; auto: where rows are known to be independent",
        ("--batching",),
        choices=("auto", "on", "off"),
    ),
    Param(
        "check_parity", "switch", "refuse a revision that answers otherwise than the notebook", ("--parity",), off="--no-parity"
    ),
    Param("predict_timeout", "float", "seconds that a prediction may take", ("--predict-timeout",)),
    Param("max_payload", "int", "bytes that a request may have", ("--max-payload",)),
    Param("start_timeout", "float", "seconds without progress before a start has failed", ("--start-timeout",)),
    Param("image", "text", "container image, on engines that run images", ("--image",)),
    Param("image_pull_secret", "text", "secret for the image's registry", ("--image-pull-secret",)),
)
EXAMPLE = Param("input_example", "data", "rows like those that callers send (a variable of the notebook)", ("--input-example",))
SCRIPT = Param(
    "script", "text", "serving script (a file or folder) whose preprocess and postprocess stand before the model", ("--script",)
)
DRY_RUN = Param("dry_run", "flag", "check everything, change nothing", ("--dry-run",))
NAMES = tuple(p.name for p in SETTINGS)
TYPES = ("real-time", "batch", "async")
EXTRA = ("message", "wait", "timeout", "dry_run", "input_example", "script", "reporter")


def _deploy(client: Any, v: dict[str, Any]) -> Any:
    known = {"error": "error"} if v.get("new") else {}
    options = given(v, *NAMES, *EXTRA, "name", "id", "group", "type", "namespace", "cell")
    return client.deploy(v["model"], if_exists=known.get("error", "update"), **options)


def _update(client: Any, v: dict[str, Any]) -> Any:
    return client.get(v["id"]).update(**given(v, *NAMES, *EXTRA, "model", "name", "start"))


DEPLOY = Verb(
    "deploy",
    "Put a model behind an endpoint, or update the deployment that has this name.",
    (
        Param(
            "model",
            "model",
            "models:/NAME/VERSION, models:/NAME@ALIAS, runs:/ID/PATH, a directory, a serving script; in a notebook a variable",
            required=True,
            metavar="MODEL",
        ),
        Param("name", "text", "name of the deployment", ("--name", "-n")),
        Param("id", "text", "an id of your own; else made from the name", ("--id",)),
        Param("group", "text", "group that owns it", ("--group", "-g")),
        Param("type", "choice", "how it is called; real-time", ("--type",), choices=TYPES),
        *SETTINGS,
        EXAMPLE,
        SCRIPT,
        MESSAGE,
        Param("new", "flag", "refuse when it exists already", ("--new",)),
        DRY_RUN,
        WAIT,
        TIMEOUT,
    ),
    _deploy,
    changed,
    "deploy",
)

UPDATE = Verb(
    "update",
    "Change a deployment; a new revision only when what runs changes.",
    (
        ID,
        Param("model", "model", "another model: as for deploy", ("--model",), metavar="MODEL"),
        Param("name", "text", "another display name; the id stays", ("--name", "-n")),
        *SETTINGS,
        EXAMPLE,
        SCRIPT,
        MESSAGE,
        Param("start", "flag", "also start it when it is stopped", ("--start",)),
        DRY_RUN,
        WAIT,
        TIMEOUT,
    ),
    _update,
    changed,
    "update",
)
