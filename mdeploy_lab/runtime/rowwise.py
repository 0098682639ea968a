"""What is known of libraries: whether rows may be answered together, and whether an estimator takes an array for a table.

Only what is known to be so is said to be so. scikit-learn's estimators answer each row by itself in these methods, and so do
boosted trees; a Python model of the user may do anything with its rows.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mdeploy_lab.runtime.loader import ServedModel

FLAVORS = frozenset({"sklearn", "xgboost", "lightgbm", "catboost"})
METHODS = frozenset(
    {"predict", "predict_proba", "predict_log_proba", "decision_function", "transform", "apply", "score_samples"}
)
BY_NAME = frozenset({"ColumnTransformer", "FunctionTransformer", "FeatureUnion", "TransformedTargetRegressor"})
"""Estimators that may look at the names of columns, or run the user's code."""
USERS_CODE = "FunctionTransformer"


def estimator_of(model: ServedModel) -> Any:
    """Return the scikit-learn estimator behind a model, None when it is none."""
    if "sklearn" not in model.metadata.flavors:
        return None
    return getattr(getattr(model.pyfunc, "_model_impl", None), "sklearn_model", None)


def is_rowwise(model: ServedModel) -> bool:
    """Return whether this model's answer to some rows together is that to each of them."""
    flavors = FLAVORS & set(model.metadata.flavors)
    if not flavors or model.method not in METHODS:
        return False
    if flavors == {"sklearn"}:
        estimator = estimator_of(model)
        if estimator is None:
            return False
        return all(_of_scikit_learn(part) and type(part).__name__ != USERS_CODE for part in parts_of(estimator))
    return True


def takes_arrays(estimator: Any) -> bool:
    """Return whether an array does for a table: only scikit-learn's own parts, none of which knows columns by name."""
    return all(
        _of_scikit_learn(part) and type(part).__name__ not in BY_NAME and not hasattr(part, "_sklearn_output_config")
        for part in parts_of(estimator)
    )


def _of_scikit_learn(part: Any) -> bool:
    return type(part).__module__.partition(".")[0] == "sklearn"


def parts_of(estimator: Any) -> Iterator[Any]:
    """Yield an estimator and all that it is made of."""
    yield estimator
    for value in vars(estimator).values():
        for part in _estimators_in(value):
            yield from parts_of(part)


def _estimators_in(value: Any) -> Iterator[Any]:
    if _is_estimator(value):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _estimators_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _estimators_in(item)
    elif type(value).__name__ == "ndarray" and value.dtype == object:
        for item in value.ravel():
            yield from _estimators_in(item)


def _is_estimator(value: Any) -> bool:
    return not isinstance(value, type) and hasattr(value, "get_params") and hasattr(value, "fit")


def nameless(estimator: Any) -> Any:
    """Return the estimator as if it had been fitted on arrays, sharing all that it learned: it then asks for no names."""
    return _nameless(estimator)


def _nameless(value: Any) -> Any:
    if _is_estimator(value):
        changed = {key: new for key, old in vars(value).items() if (new := _nameless(old)) is not old}
        if not changed and "feature_names_in_" not in vars(value):
            return value
        made = copy.copy(value)
        made.__dict__.update(changed)
        made.__dict__.pop("feature_names_in_", None)
        return made
    if isinstance(value, list | tuple):
        items = [_nameless(item) for item in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return type(value)(items) if type(value) in (list, tuple) else value
    if type(value) is dict:
        pairs = {key: _nameless(item) for key, item in value.items()}
        return value if all(pairs[key] is value[key] for key in value) else pairs
    return value
