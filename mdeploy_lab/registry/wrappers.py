"""What MLflow gets for an object of no flavour of its own: any object with a method, or a function.

The class is pickled by value (see ``flavors``), so a model that was saved with it loads without mdeploy_lab too. The
runtime may call any method of the object through it.
"""

from __future__ import annotations

from typing import Any

from mlflow.pyfunc.model import PythonModel


class ObjectModel(PythonModel):  # type: ignore[misc]  # mlflow has no types
    """Answers with a method of ``obj``, or with ``obj`` itself when ``method`` is empty.

    Without type hints on ``predict``: MLflow would convert the input by them.
    """

    def __init__(self, obj: Any, method: str) -> None:
        self.mdeploy_object = obj
        self.mdeploy_method = method

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, ARG002  # see above
        """Return the answer to ``model_input``, as the method gives it."""
        if not self.mdeploy_method:
            return self.mdeploy_object(model_input)
        return getattr(self.mdeploy_object, self.mdeploy_method)(model_input)

    def __getattr__(self, name: str) -> Any:
        """Offer the object's other methods."""
        if name.startswith(("_", "mdeploy_")):
            raise AttributeError(name)
        return getattr(self.mdeploy_object, name)
