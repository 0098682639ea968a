"""The first prediction, before anybody waits for it: the model's own example through ``/invocations``."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from mdeploy_lab.runtime.answering import predict
from mdeploy_lab.runtime.encoding import encode
from mdeploy_lab.runtime.plan import plan_for
from mdeploy_lab.runtime.problems import BadInput, ModelRaised
from mdeploy_lab.runtime.protocols.invocations import read_json

if TYPE_CHECKING:
    from mdeploy_lab.runtime.loader import ServedModel

log = logging.getLogger(__name__)


def warm_up(model: ServedModel) -> None:
    """Predict the example once; without one there is nothing to do.

    An example that does not fit the signature is only worth a warning: real requests are checked anyway.

    Raises
    ------
    Exception
        What the model raised on its own example.
    """
    model.plan = plan_for(model)
    body = model.example_body
    if body is None:
        log.info("no input example to warm up with")
        return
    try:
        encode(predict(read_json(json.dumps(body).encode(), model), model))
    except BadInput as error:
        log.warning("the model's own example is refused: %s", error.message)
    except ModelRaised as error:
        raise error.__cause__ or error from None
