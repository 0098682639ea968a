"""What MLflow gets for an object of no flavour of its own: any object with a method, or a function.

The classes are pickled by value (see ``flavors``), so a model that was saved with them loads without mdeploy_lab too. The runtime
finds the object itself in ``mdeploy_object`` and may call any method of it.
"""

from __future__ import annotations

from typing import Any

from mlflow.pyfunc.model import PythonModel


class ObjectModel(PythonModel):
    """Answers with a method of ``obj``, or with ``obj`` itself when it is a function."""

    def __init__(self, obj, method):  # type: ignore[no-untyped-def]  # noqa: ANN001  # hints would make MLflow convert the input
        self.mdeploy_object = obj
        self.mdeploy_method = method

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, ARG002  # as above
        """Return the answer to ``model_input``, as the method gives it."""
        target = getattr(self.mdeploy_object, self.mdeploy_method, None) if self.mdeploy_method else None
        return (target or self.mdeploy_object)(model_input)

    def __getattr__(self, name: str) -> Any:
        """Offer the object's other methods."""
        if name.startswith("_") or name.startswith("mdeploy_") or "mdeploy_object" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.__dict__["mdeploy_object"], name)
