"""What MLflow gets to see: a deployment as a flat dict, and rows in and answers out of ``predict``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from mdeploy_lab.models.deployment import Deployment
from mdeploy_lab.runtime.encoding import encode, jsonable

SERVED = "python_function"
"""The flavor that replicas load; ``method`` reaches what it wraps."""
FORMS = ("dataframe_split", "dataframe_records")


def described(found: Deployment, name: str = "", flavor: str | None = None) -> dict[str, Any]:
    """Return a deployment with REST's field names; ``name`` is what MLflow's other calls take for it."""
    spec, status, template = found.spec, found.status, found.spec.template
    return {
        "name": name or spec.name,
        "id": found.id,
        "flavor": flavor or SERVED,
        "state": status.state,
        "health": status.health,
        "message": status.message,
        "url": found.url,
        "model": template.model.uri,
        "flavors": list(template.model.flavors),
        "method": template.runtime.method,
        "revision": status.revision,
        "group": spec.group,
        "replicas": spec.replicas,
        "instance_type": template.instance_type,
        "public": spec.public,
        "env": dict(template.env),
        "metadata": dict(spec.metadata),
        "description": spec.description,
        **{f: getattr(found, f) for f in ("created_by", "updated_by")},
        **{f: getattr(found, f).isoformat() for f in ("created_at", "updated_at")},
    }


def named(found: Iterable[Deployment]) -> list[dict[str, Any]]:
    """Return deployments, each under a name that means it alone: its id where the display name could be another's."""
    everything = list(found)
    names, ids = Counter(d.spec.name for d in everything), {d.id for d in everything}
    return [
        described(d, d.spec.name if names[d.spec.name] == 1 and d.spec.name not in ids - {d.id} else d.id) for d in everything
    ]


def body_of(inputs: Any) -> Any:
    """Return a frame as a body of MLflow's scoring protocol, so that its columns are read by the model's signature.

    A frame that ``mlflow deployments predict`` read from a file with such a body is that body again. All else goes as it is:
    the endpoint reads a frame without column names by position, as it does a matrix.
    """
    import pandas as pd

    if not isinstance(inputs, pd.DataFrame) or isinstance(inputs.columns, pd.RangeIndex):
        return inputs
    form = inputs.columns[0]
    if len(inputs.columns) == 1 and form in FORMS:
        held = inputs[form]
        return jsonable({form: held.to_dict() if form == FORMS[0] else held.tolist()})
    return jsonable({FORMS[0]: inputs.to_dict(orient="split")})


def plain(answer: Any) -> Any:
    """Return an answer as the JSON values that ``/invocations`` has under ``predictions``."""
    return json.loads(encode(answer))
