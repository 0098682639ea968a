"""A scikit-learn model behind LitServe, with its batching."""

import os
import sys

import joblib
import litserve as ls
import numpy as np


class Served(ls.LitAPI):
    """One model."""

    def setup(self, device):  # noqa: ARG002  # LitServe's interface
        """Load it."""
        self.model = joblib.load(os.environ["MODEL"])

    def decode_request(self, request):
        """Return one row."""
        return np.asarray(request["input"])

    def batch(self, inputs):
        """Put rows together."""
        return np.stack(inputs)

    def predict(self, x):
        """Return their classes."""
        return self.model.predict(x)

    def unbatch(self, output):
        """Take them apart."""
        return list(output)

    def encode_response(self, output):
        """Return one class."""
        return {"output": int(output)}


if __name__ == "__main__":
    api = Served(max_batch_size=64, batch_timeout=0.001, api_path="/predict")
    server = ls.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1, generate_client_file=False, log_level="error")
