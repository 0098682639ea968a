"""A model behind KServe's own server, as its guide to Python models has it: HTTP and gRPC, versions 1 and 2 of its protocol."""

import os
import sys

import joblib
import numpy as np
from kserve import InferRequest, Model, ModelServer
from kserve.utils.utils import get_predict_response


class Served(Model):
    """One model, a scikit-learn estimator or anything with ``predict``."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.load()

    def load(self) -> bool:
        """Load it."""
        self.model = joblib.load(os.environ["MODEL"])
        self.ready = True
        return True

    def predict(self, payload, headers=None, response_headers=None):  # noqa: ARG002  # KServe's interface
        """Return the answer in the form of the request."""
        if isinstance(payload, InferRequest):
            answer = self.model.predict(payload.inputs[0].as_numpy())
        else:
            answer = self.model.predict(np.asarray(payload["instances"]))
        return get_predict_response(payload, answer, self.name)


if __name__ == "__main__":
    port, grpc_port = int(sys.argv[1]), int(sys.argv[2])
    ModelServer(http_port=port, grpc_port=grpc_port, workers=1, access_log_format="").start([Served("model")])
