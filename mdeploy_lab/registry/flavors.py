"""Which MLflow flavour an object gets, how it is saved with it, and how the object itself is asked in this process."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mdeploy_lab.registry import frames
from mdeploy_lab.registry.silence import quiet

SKLEARN_METHODS = frozenset({"predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba", "score"})
"""What MLflow's own scikit-learn wrapper can answer with."""


@dataclass(frozen=True)
class Flavor:
    """A flavour, the form of the object's bytes, and the library that must be there to load it."""

    name: str
    serialization: str
    library: str = ""


def detect(obj: Any, *, method: str, from_notebook: bool) -> Flavor:  # noqa: PLR0911  # a table, one line per library
    """Return the flavour for ``obj``.

    Objects of a class that a library owns get the library's flavour. A subclass made in the notebook is pickled instead:
    XGBoost's own file would lose the class. scikit-learn models are pickled too: on a forest skops took 25 times as long
    to write and to load, and trusting every type that it finds guards nothing.
    """
    root = type(obj).__module__.partition(".")[0]
    own_class = not from_notebook
    if root == "xgboost" and own_class:
        return Flavor("xgboost", "ubj", "xgboost")
    if root == "lightgbm" and own_class:
        text = type(obj).__name__ == "Booster"
        return Flavor("lightgbm", "lgb" if text else "cloudpickle", "lightgbm")
    if root == "catboost" and own_class:
        return Flavor("catboost", "cbm", "catboost")
    if _is(obj, "keras", "Model") or _is(obj, "tensorflow.keras", "Model"):
        return Flavor("keras", "keras", "keras")
    if _is(obj, "torch.nn", "Module"):
        return Flavor("pytorch", "cloudpickle", "torch")
    if _is(obj, "sklearn.base", "BaseEstimator") and (hasattr(obj, "predict") or method in SKLEARN_METHODS):
        return Flavor("sklearn", "cloudpickle", "sklearn")
    return Flavor("python_function", "cloudpickle")


def with_form(flavor: Flavor, obj: Any) -> Flavor:
    """Return the flavour for a model that takes its input in a form of its own (see ``wrappers``), where that can be."""
    known = flavor.name in {"sklearn", "xgboost", "lightgbm", "catboost"} and type(obj).__name__ != "Booster"
    return Flavor("python_function", "cloudpickle", flavor.library) if known else flavor


def _is(obj: Any, module: str, name: str) -> bool:
    """Return whether ``obj`` is an instance of a class of a library, if that is loaded at all."""
    cls = getattr(sys.modules.get(module), name, None)
    return isinstance(cls, type) and isinstance(obj, cls)


def ask(flavor: Flavor, obj: Any, method: str, data: Any) -> Any:
    """Return the object's own answer to ``data``, in this process and as the endpoint would ask it."""
    if flavor.name == "pytorch":
        return _ask_torch(obj, data)
    if flavor.name == "keras":
        array = data.to_numpy() if frames.is_frame(data) else data
        return getattr(obj, method)(array, verbose=0) if method == "predict" else getattr(obj, method)(array)
    if flavor.name == "xgboost" and type(obj).__name__ == "Booster":
        import xgboost

        return getattr(obj, method)(xgboost.DMatrix(data))
    if _is(obj, "mlflow.pyfunc", "PythonModel"):
        return obj.predict(None, data)
    target = getattr(obj, method, None)
    return (target or obj)(data)


def _ask_torch(obj: Any, data: Any) -> Any:
    import numpy as np
    import torch

    array = np.asarray(data, dtype=np.float32 if frames.is_frame(data) else None)
    obj.eval()
    with torch.no_grad():
        return obj(torch.from_numpy(array)).cpu().numpy()


def save(
    flavor: Flavor,
    obj: Any,
    path: Path,
    *,
    method: str,
    serialization: str,
    form: dict[str, Any],
    signature: Any,
    **common: Any,
) -> None:
    """Save ``obj`` to ``path`` with MLflow's own writer of the flavour.

    ``common`` is what all writers take: ``mlflow_model``, ``input_example``, ``pip_requirements``, ``code_paths``,
    ``metadata``.
    """
    common |= {"path": str(path), "signature": signature}
    if signature is None:
        common["input_example"] = None  # MLflow would infer one, by other rules than ours
    import mlflow.pyfunc  # noqa: F401  # what it imports sets warning filters, which would undo those of quiet()

    with quiet():
        if flavor.name == "sklearn":
            _save_sklearn(obj, method, serialization, common)
        elif flavor.name == "python_function":
            _save_object(obj, method, form, common)
        else:
            _save_native(flavor, obj, common)


def _save_sklearn(obj: Any, method: str, serialization: str, common: dict[str, Any]) -> None:
    import mlflow.sklearn

    extra: dict[str, Any] = {}
    if serialization == "skops":
        import skops.io

        extra["skops_trusted_types"] = skops.io.get_untrusted_types(data=skops.io.dumps(obj))
    mlflow.sklearn.save_model(
        obj,
        serialization_format=serialization,
        pyfunc_predict_fn=method if method in SKLEARN_METHODS else "predict",
        **extra,
        **common,
    )


def _save_native(flavor: Flavor, obj: Any, common: dict[str, Any]) -> None:
    from importlib import import_module

    module = import_module(f"mlflow.{flavor.name}")
    extra: dict[str, Any] = {}
    if flavor.name == "lightgbm" and flavor.serialization == "cloudpickle" and _takes(module, "serialization_format"):
        extra["serialization_format"] = "cloudpickle"
    module.save_model(obj, **extra, **common)


def _takes(module: Any, argument: str) -> bool:
    """Return whether this MLflow version's writer has an argument."""
    import inspect

    return argument in inspect.signature(module.save_model).parameters


def _save_object(obj: Any, method: str, form: dict[str, Any], common: dict[str, Any]) -> None:
    import cloudpickle
    import mlflow.pyfunc

    from mdeploy_lab.registry import wrappers

    if isinstance(obj, mlflow.pyfunc.PythonModel):
        mlflow.pyfunc.save_model(python_model=obj, **common)
        return
    wrapped = wrappers.ObjectModel(obj, method if hasattr(obj, method) else "", form)
    cloudpickle.register_pickle_by_value(wrappers)
    try:
        mlflow.pyfunc.save_model(python_model=wrapped, **common)
    finally:
        cloudpickle.unregister_pickle_by_value(wrappers)
