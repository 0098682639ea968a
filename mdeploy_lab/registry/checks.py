"""Refuse, with one plain line, what cannot become a model, before anything is written."""

from __future__ import annotations

import inspect
import os
import sys
import types
from collections.abc import Mapping
from typing import Any

from mdeploy_lab.errors import ModelNotSupported
from mdeploy_lab.registry import frames


def title_of(obj: Any, variable: str | None) -> str:
    """Return how messages call an object: its variable, else its class or function."""
    if variable:
        return variable
    return getattr(obj, "__name__", "") if inspect.isroutine(obj) else type(obj).__name__


def check(obj: Any, *, method: str, title: str, namespace: Mapping[str, Any] | None) -> None:
    """Raise ModelNotSupported unless ``obj`` is something that answers with ``method``."""
    _not_a_model(obj, title, namespace)
    _has_method(obj, method, title)
    _fitted(obj, title)
    _on_cpu(obj, title)


def _not_a_model(obj: Any, title: str, namespace: Mapping[str, Any] | None) -> None:
    if isinstance(obj, type):
        raise ModelNotSupported(
            f"{obj.__name__} is a class, not a model",
            hint=f"make and fit one: {obj.__name__}(...)" + (".fit(X, y)" if hasattr(obj, "fit") else ""),
        )
    if obj is None or isinstance(obj, str | bytes | os.PathLike | int | float | list | tuple | dict | set | types.ModuleType):
        raise ModelNotSupported(
            f"{title} is {_a(type(obj).__name__)}, not a model",
            hint="give a fitted model, a function, or the URI of a logged model",
        )
    if frames.is_frame(obj) or frames.is_series(obj) or frames.is_array(obj) or frames.is_sparse(obj):
        models = _models(namespace or {})
        raise ModelNotSupported(
            f"{title} is {_a(type(obj).__name__)}, not a model",
            hint=f"did you mean {' or '.join(models[:3])}?" if models else "give the fitted model; data is input_example=",
        )
    if type(obj).__module__.startswith("mlflow.pyfunc") and type(obj).__name__ == "PyFuncModel":
        raise ModelNotSupported(
            f"{title} was loaded from MLflow", hint="deploy it by its URI, such as models:/churn/3; it is there already"
        )


def _a(noun: str) -> str:
    noun = {"ndarray": "array", "NoneType": "None"}.get(noun, noun)
    if noun == "None":
        return noun
    return f"an {noun}" if noun[0].lower() in "aeiou" else f"a {noun}"


def _models(namespace: Mapping[str, Any]) -> list[str]:
    return sorted(
        n
        for n, v in namespace.items()
        if not n.startswith("_") and not isinstance(v, type | types.ModuleType) and callable(getattr(v, "predict", None))
    )


def _has_method(obj: Any, method: str, title: str) -> None:
    if _loaded("torch.nn", "Module", obj):
        return
    if inspect.isroutine(obj) or (callable(obj) and not hasattr(obj, "predict")):
        if method not in {"predict", "__call__"} and not callable(_get(obj, method)):
            raise ModelNotSupported(f"{title} is a function and has no method {method}", hint="leave method out")
        return
    if callable(_get(obj, method)):
        return
    methods = sorted(n for n in dir(type(obj)) if not n.startswith("_") and callable(getattr(type(obj), n, None)))
    answering = [m for m in methods if m.startswith(("predict", "transform", "score", "decision", "generate", "forward"))]
    near = answering or methods
    hint = f"it has: {', '.join(near[:8])}" if near else "give an object with a method predict, or a function"
    if answering and method == "predict":
        hint = f"name the method that answers, such as method={answering[0]!r}"
    raise ModelNotSupported(f"{title} ({type(obj).__name__}) has no method {method}", hint=hint)


def _get(obj: Any, name: str) -> Any:
    """Return an attribute; scikit-learn hides methods behind properties that raise AttributeError."""
    try:
        return getattr(obj, name, None)
    except Exception:  # noqa: BLE001  # a property of somebody's class may raise anything; then there is no method
        return None


def _fitted(obj: Any, title: str) -> None:
    """Refuse an unfitted estimator. A class of the user's own need not follow scikit-learn's naming: it is asked later."""
    validation = sys.modules.get("sklearn.utils.validation")
    if validation is None or not hasattr(obj, "fit") or not hasattr(obj, "get_params"):
        return
    root = type(obj).__module__.partition(".")[0]
    if root not in {"sklearn", "xgboost", "lightgbm", "catboost", "imblearn"}:
        return
    from sklearn.exceptions import NotFittedError

    try:
        validation.check_is_fitted(obj)
    except NotFittedError as error:
        raise not_fitted(obj, title) from error
    except TypeError:  # not an estimator after all
        return


def not_fitted(obj: Any, title: str) -> ModelNotSupported:
    """Return the error for a model that was not fitted."""
    kind = type(obj).__name__
    if title == kind:
        return ModelNotSupported(f"this {kind} is not fitted", hint="call its fit(X, y) first")
    return ModelNotSupported(f"{title} ({kind}) is not fitted", hint=f"call {title}.fit(X, y) first")


def _on_cpu(obj: Any, title: str) -> None:
    if not _loaded("torch.nn", "Module", obj):
        return
    away = next((str(p.device) for p in obj.parameters() if p.device.type != "cpu"), "")
    if away:
        raise ModelNotSupported(f"{title} has weights on {away}", hint=f"move it first: {title}.cpu()")


def _loaded(module: str, name: str, obj: Any) -> bool:
    cls = getattr(sys.modules.get(module), name, None)
    return isinstance(cls, type) and isinstance(obj, cls)
