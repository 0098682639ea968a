"""scikit-learn's forests without the machinery around their trees: for a few rows, that takes most of the time.

``RandomForestClassifier.predict`` checks its input again, starts joblib's ``Parallel``, and makes a task and a lock of each
tree. Here the same trees are asked one after the other and summed in the same order: the numbers are the same to the last bit.
Whatever is unusual is handed to the estimator's own method.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

CLASSIFIERS = frozenset({"RandomForestClassifier", "ExtraTreesClassifier"})
REGRESSORS = frozenset({"RandomForestRegressor", "ExtraTreesRegressor"})
MOST_ROWS = 1024
"""Rows beyond which the machinery costs little, and threads, where the estimator has some, gain something."""


def direct(estimator: Any, method: str) -> Callable[[Any], Any] | None:
    """Return ``method`` of a forest on an array of finite numbers (rows, features), None for what is no plain forest."""
    name = type(estimator).__name__
    own = getattr(estimator, method, None)
    if type(estimator).__module__ != "sklearn.ensemble._forest" or own is None or getattr(estimator, "n_outputs_", 0) != 1:
        return None
    if name in CLASSIFIERS and method == "predict_proba":
        return _summed(estimator, own, _as_it_is)
    if name in CLASSIFIERS and method == "predict":
        classes = estimator.classes_
        return _summed(estimator, own, lambda shares: classes.take(shares.argmax(axis=1), axis=0))
    if name in REGRESSORS and method == "predict":
        return _summed(estimator, own, lambda means: means[:, 0])
    return None


def _summed(estimator: Any, own: Callable[[Any], Any], last: Callable[[Any], Any]) -> Callable[[Any], Any]:
    import numpy as np

    trees = [tree.tree_.predict for tree in estimator.estimators_]
    width = estimator.n_features_in_
    columns = estimator.estimators_[0].tree_.max_n_classes

    def answer(matrix: Any) -> Any:
        if len(matrix) > MOST_ROWS or matrix.shape[1] != width:
            return own(matrix)
        with np.errstate(over="ignore"):
            narrow = np.ascontiguousarray(matrix, dtype=np.float32)
        if not np.isfinite(narrow).all():
            return own(matrix)
        total = np.zeros((len(matrix), columns))
        for predict in trees:
            total += predict(narrow)
        total /= len(trees)
        return last(total)

    return answer


def _as_it_is(shares: Any) -> Any:
    return shares
