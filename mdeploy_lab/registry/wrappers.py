"""What MLflow gets for an object of no flavour of its own, or one that needs its input in another form than MLflow's.

MLflow's schema turns every list, series and dictionary into a DataFrame before it calls a model: a text pipeline fitted on
a list would then be asked for the column names. And JSON turns categories into text. ``ObjectModel`` gives the object its
input as the notebook does.

This module is pickled by value (see ``flavors``), so a model that was saved with it loads where mdeploy_lab is not
installed; it must import nothing of ours.
"""

from __future__ import annotations

from typing import Any

from mlflow.pyfunc.model import PythonModel


class ObjectModel(PythonModel):  # type: ignore[misc]  # mlflow has no types
    """Answers with a method of ``obj``, or with ``obj`` itself when ``method`` is empty.

    Parameters
    ----------
    obj
        The notebook's object.
    method
        Its method that answers.
    form
        The form of input it takes, as ``forms.form_of`` says.
    """

    _skip_type_hint_validation = True
    """MLflow's: it neither converts the input by the hints of ``predict``, nor warns in every log that there are none."""

    def __init__(self, obj: Any, method: str, form: dict[str, Any]) -> None:
        self.mdeploy_object = obj
        self.mdeploy_method = method
        self.mdeploy_form = form

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201, ARG002  # see above
        """Return the answer to ``model_input``, as the method gives it."""
        target = getattr(self.mdeploy_object, self.mdeploy_method) if self.mdeploy_method else self.mdeploy_object
        return asked(target, self.mdeploy_form, model_input)

    def __getattr__(self, name: str) -> Any:
        """Offer the object's other methods."""
        if name.startswith(("_", "mdeploy_")):
            raise AttributeError(name)
        found = getattr(self.mdeploy_object, name)
        return (lambda data: asked(found, self.mdeploy_form, data)) if callable(found) else found


def asked(target: Any, form: dict[str, Any], data: Any) -> Any:
    """Call ``target`` with ``data`` in its own form; one that takes a single item is called once per row."""
    if form["kind"] in {"item", "scalar"}:
        items = list(_items(form["kind"], data))
        return target(items[0]) if len(items) == 1 else [target(item) for item in items]
    return target(restored(form, data))


def restored(form: dict[str, Any], data: Any) -> Any:
    """Return ``data`` as the list, series or frame with categories that it was in the notebook."""
    import pandas as pd

    kind = form["kind"]
    if kind == "frame" and isinstance(data, pd.DataFrame):
        types = {c: pd.CategoricalDtype(v, o) for c, (v, o) in form["categories"].items() if c in data.columns}
        return data.astype(types)
    if kind == "series" and not isinstance(data, pd.Series):
        values = data.iloc[:, 0].tolist() if isinstance(data, pd.DataFrame) else list(data)
        return pd.Series(values, name=form["name"])
    if kind == "list":
        if isinstance(data, pd.DataFrame):
            return data.iloc[:, 0].tolist() if data.shape[1] == 1 else data.to_numpy().tolist()
        return data.tolist() if hasattr(data, "tolist") else data
    if kind == "records" and isinstance(data, pd.DataFrame):
        return data.to_dict(orient="records")
    return data


def _items(kind: str, data: Any) -> Any:
    """Yield the single items that MLflow made rows of."""
    import pandas as pd

    if not isinstance(data, pd.DataFrame):
        yield data
    elif kind == "scalar":
        yield from data.iloc[:, 0].tolist()
    else:
        for row in data.to_dict(orient="records"):
            yield {k: v.tolist() if hasattr(v, "tolist") else v for k, v in row.items()}
