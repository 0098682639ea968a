"""What ``mlflow deployments help -t mdeploy`` prints; the keys come from the verbs' own table."""

from __future__ import annotations

from collections.abc import Mapping

from mdeploy_lab.client.verbs.verb import Param
from mdeploy_lab.mlflow_plugin.options import CHANGE, CREATE, DELETE
from mdeploy_lab.mlflow_plugin.targets import TOKEN

TEXT = """\
Deploys models to mdeploy: behind an authenticated, monitored HTTP endpoint, on this machine or a server.

Target (-t)
  mdeploy                                this machine's home (MDEPLOY_HOME, or the default); its engine starts when needed
  mdeploy:/https://host/mdeploy/api      a server; its token is read from the variable {token}

Name, endpoint, flavor
  --name      the display name; where a deployment is meant, its id too
  --endpoint  a group of deployments; names are unique within one. Groups are configured (config.toml), and listed by
              `mlflow deployments list-endpoints -t mdeploy`
  --flavor    python_function, which is what is served, or another that the model has; -C method=predict_proba (say)
              answers with another method of what the flavor wraps

Model (-m)
  models:/NAME/VERSION, models:/NAME@ALIAS, runs:/ID/PATH, or a directory

create -C KEY=VALUE
{create}

update -C KEY=VALUE: the same without id and group; what is not given stays. Also:
{update}

delete -C KEY=VALUE
{delete}

Several variables: -C env=TZ=UTC,LANG=C or, with a comma in a value, -C 'env={{"TAGS": "a,b"}}'. In Python a dict.
create, update and delete wait until it is done: -C wait=false returns at once, -C timeout=60 gives up waiting.

predict -I rows.json: rows as pandas.read_json reads them, or {{"dataframe_split": …}}. explain is refused.
run-local deploys to this machine and prints how to call it; what it made is managed like all others.
"""


def target_help() -> str:
    """Return how targets are written, and every key of ``config``."""
    extra = {name: param for name, param in CHANGE.items() if name not in CREATE}
    return TEXT.format(token=TOKEN, create=_keys(CREATE), update=_keys(extra), delete=_keys(DELETE))


def _keys(known: Mapping[str, Param]) -> str:
    return "\n".join(f"  {name:<18} {param.help}" for name, param in known.items())
