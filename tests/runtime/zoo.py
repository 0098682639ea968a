"""The models that the tests serve, each saved in a directory of its own by a child process (mlflow is loud in this one)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.runtime.zoo_tensors import save_tensors

REQUIREMENTS = ["scikit-learn"]

CODE = {
    "slow": """
import time
class M(PythonModel):
    def predict(self, context, model_input, params=None):
        seconds = float(model_input.iloc[0, 0])
        time.sleep(seconds)
        return [seconds]
""",
    "crowd": """
import time
class M(PythonModel):
    def predict(self, context, model_input, params=None):
        time.sleep(0.02)
        return [len(model_input)] * len(model_input)
""",
    "raises": """
class M(PythonModel):
    def predict(self, context, model_input, params=None):
        return [1 / int(model_input.iloc[0, 0])]
""",
    "caller": """
import logging, warnings
from mdeploy_lab.runtime.context import current
class M(PythonModel):
    def predict(self, context, model_input, params=None):
        who = current()
        print("printed by", who.user)
        logging.getLogger("my.model").warning("logged for %s", who.request_id)
        warnings.warn("warned")
        return [{"user": who.user, "id": who.request_id, "params": params, "odd": float("nan")}]
""",
    "streams": """
import os, pathlib, time
from mdeploy_lab.runtime.context import current
class M(PythonModel):
    def predict(self, context, model_input, params=None):
        return list(self.predict_stream(context, model_input))
    def predict_stream(self, context, model_input, params=None):
        asked, gate = model_input["x"], os.environ.get("GATE", "")
        count = int(asked[0] if hasattr(asked, "__getitem__") else asked)
        try:
            for n in range(count):
                while n == 2 and gate and not pathlib.Path(gate).exists():
                    time.sleep(0.01)
                if n == 5:
                    raise ValueError("no more")
                yield {"n": n, "id": current().request_id}
        finally:
            if gate:
                pathlib.Path(gate + ".closed").touch()
""",
    "params": """
class M(PythonModel):
    def predict(self, context, model_input, params=None):
        return [params]
""",
    "missing": """
import surely_not_installed
class M(PythonModel):
    def predict(self, context, model_input, params=None):
        return []
""",
    "hangs": """
import threading
class M(PythonModel):
    def load_context(self, context):
        threading.Event().wait()
    def predict(self, context, model_input, params=None):
        return []
""",
    "crashes": """
import os
class M(PythonModel):
    def load_context(self, context):
        os.abort()
    def predict(self, context, model_input, params=None):
        return []
""",
    "broken": """
class M(PythonModel):
    def load_context(self, context):
        from json import no_such_name
    def predict(self, context, model_input, params=None):
        return []
""",
    "memory": """
class M(PythonModel):
    def load_context(self, context):
        raise MemoryError
    def predict(self, context, model_input, params=None):
        return []
""",
}


def _script(root: Path, name: str) -> Path:
    path = root / f"{name}.py"
    path.write_text(
        "from mlflow.pyfunc import PythonModel\nfrom mlflow.models import set_model\n" + CODE[name] + "\nset_model(M())\n"
    )
    return path


def save_sklearn(root: Path) -> None:
    import mlflow.sklearn
    import numpy as np
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.datasets import load_iris
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_iris(as_frame=True)
    frame = data.data
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(frame, data.target)
    plain = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(frame.to_numpy(), data.target)
    common = {"pip_requirements": REQUIREMENTS, "serialization_format": "cloudpickle"}
    signature = infer_signature(frame, pipeline.predict(frame))
    mlflow.sklearn.save_model(pipeline, root / "iris", signature=signature, input_example=frame.head(3), **common)
    mlflow.sklearn.save_model(plain, root / "nosig", **common)
    matrix = frame.to_numpy()
    mlflow.sklearn.save_model(plain, root / "tensor", signature=infer_signature(matrix, plain.predict(matrix)), **common)
    mixed = pd.DataFrame(
        {
            "age": np.array([30, 40, 50, 60] * 5, dtype="int64"),
            "income": np.array([1.5, 2.5, 3.5, np.nan] * 5),
            "flag": np.array([True, False, True, False] * 5),
        }
    )
    boosted = HistGradientBoostingClassifier(max_iter=3).fit(mixed, [0, 1] * 10)
    mlflow.sklearn.save_model(boosted, root / "mixed", signature=infer_signature(mixed, boosted.predict(mixed)), **common)


def save_pyfunc(root: Path) -> None:
    import mlflow.pyfunc
    import numpy as np
    import pandas as pd
    from mlflow.models import infer_signature

    one = pd.DataFrame({"x": [0.01]})
    for name in CODE:
        signature = infer_signature(one, np.array([1.0]))
        if name in ("caller", "params"):
            signature = infer_signature(one, np.array([1.0]), params={"temperature": 0.5})
        code = _script(root, name)
        if name == "missing":  # saving runs the code once: let it be missing only later
            code.write_text(code.read_text().replace("import surely_not_installed", ""))
        mlflow.pyfunc.save_model(root / name, python_model=str(code), signature=signature, pip_requirements=["mlflow"])
        if name == "missing":
            saved = root / name / code.name
            saved.write_text("import surely_not_installed\n" + saved.read_text())


class NotebookScaler:
    """Stands for a class of a notebook: pickled by its name in ``__main__``."""

    def predict(self, table):
        return table


def save_main(root: Path) -> None:
    import pickle

    (root / "main").mkdir()
    (root / "main" / "model.pkl").write_bytes(pickle.dumps(NotebookScaler()))
    (root / "main" / "MLmodel").write_text(
        "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    model_path: model.pkl\n"
        "  sklearn:\n    pickled_model: model.pkl\n    serialization_format: pickle\n    sklearn_version: 1.0.0\n"
    )


def save_warm(root: Path) -> None:
    """A model that fails on its own example: what worked where it was saved does not work here."""
    import shutil

    shutil.copytree(root / "raises", root / "warm")
    (root / "warm" / "serving_input_example.json").write_text('{"dataframe_records": [{"x": 0.0}]}')


def save_code(root: Path) -> None:
    """A class of a module beside the notebook, which travels as code."""
    import importlib

    import mlflow.sklearn
    from sklearn.datasets import load_iris

    beside = root / "notebooks"
    beside.mkdir()
    (beside / "own_scaling.py").write_text(
        "from sklearn.base import BaseEstimator\n\n"
        "class Doubler(BaseEstimator):\n"
        "    def fit(self, X, y=None):\n        self.fitted_ = True\n        return self\n"
        "    def predict(self, X):\n        return X.to_numpy() * 2\n"
    )
    sys.path.insert(0, str(beside))
    model = importlib.import_module("own_scaling").Doubler().fit(None)
    example = load_iris(as_frame=True).data.head(2)
    mlflow.sklearn.save_model(
        model,
        root / "code",
        code_paths=[str(beside / "own_scaling.py")],
        input_example=example,
        pip_requirements=REQUIREMENTS,
        serialization_format="pickle",
    )
    (beside / "own_scaling.py").unlink()


def main(root: Path) -> None:
    save_sklearn(root)
    save_pyfunc(root)
    save_code(root)
    save_main(root)
    save_warm(root)
    save_tensors(root)
    (root / "done.json").write_text(json.dumps({"done": True}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
