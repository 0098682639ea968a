"""Do early, in a thread of the kernel, what the first capture would otherwise wait for.

``import mlflow`` is a third of it; the rest is SQLAlchemy with MLflow's tables, the flavours of the libraries that are
loaded, and the list of installed packages that MLflow makes at its first ``save_model``.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from mdeploy_lab.registry import backend
from mdeploy_lab.registry.silence import silenced

ALWAYS = (
    "mdeploy_lab.registry.capture",
    "mlflow.pyfunc",
    "mlflow.models",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.store.model_registry.sqlalchemy_store",
    "cloudpickle",
)
FLAVORS = ("sklearn", "xgboost", "lightgbm", "catboost")


def warm() -> None:
    """Import what a capture needs, and save a model of nothing; never fails, writes nothing that stays."""
    backend.quietly()
    flavors = [f"mlflow.{name}" for name in FLAVORS if name in sys.modules]
    for name in (*ALWAYS, *flavors):
        with suppress(ImportError):  # the deploy itself says what is missing, with a hint
            import_module(name)
    with silenced(), suppress(Exception):  # a rehearsal; what is wrong shows when it counts
        _rehearse()


def _rehearse() -> None:
    import mlflow
    import mlflow.pyfunc

    from mdeploy_lab.registry.forms import PLAIN
    from mdeploy_lab.registry.wrappers import ObjectModel

    with tempfile.TemporaryDirectory(prefix="mdeploy-") as work:
        mlflow.pyfunc.save_model(
            path=str(Path(work) / "model"),
            python_model=ObjectModel(len, "", PLAIN),
            pip_requirements=[f"mlflow=={mlflow.__version__}"],
        )
