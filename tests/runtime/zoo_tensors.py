"""Models whose inputs and outputs are tensors: a picture, several named ones, strings and bytes."""

from __future__ import annotations

from pathlib import Path

CODE = {
    "picture": """
class M(PythonModel):
    def predict(self, context, model_input, params=None):
        model_input /= 2
        return model_input.mean(axis=(1, 2))
""",
    "named": """
import numpy as np
class M(PythonModel):
    def predict(self, context, model_input, params=None):
        a, b = model_input["a"], model_input["b"]
        return {"sum": a + b, "half": (a / 2).astype("float16"), "even": b % 2 == 0}
""",
    "words": """
import pandas as pd
class M(PythonModel):
    def predict(self, context, model_input, params=None):
        sizes = [len(item) for item in model_input["image"]]
        assert all(type(item) is bytes for item in model_input["image"])
        return pd.DataFrame({"text": model_input["text"].str.upper(), "size": sizes})
""",
    "same": """
class M(PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input
""",
}


def save_tensors(root: Path) -> None:
    import mlflow.pyfunc
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    floats, ints = np.dtype("float32"), np.dtype("int64")
    signatures = {
        "picture": ModelSignature(Schema([TensorSpec(floats, (-1, 224, 224, 3))]), Schema([TensorSpec(floats, (-1, 3))])),
        "named": ModelSignature(Schema([TensorSpec(floats, (-1, 2), "a"), TensorSpec(ints, (-1, 2), "b")])),
        "words": ModelSignature(
            Schema([ColSpec("string", "text"), ColSpec("binary", "image")]),
            Schema([ColSpec("string", "text"), ColSpec("long", "size")]),
        ),
        "same": None,
    }
    for name, body in CODE.items():
        path = root / f"{name}.py"
        path.write_text(
            "from mlflow.pyfunc import PythonModel\nfrom mlflow.models import set_model\n" + body + "\nset_model(M())\n"
        )
        mlflow.pyfunc.save_model(root / name, python_model=str(path), signature=signatures[name], pip_requirements=["mlflow"])
