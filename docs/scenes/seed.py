"""The deployments of the pictures: models on real data, in every state, with a past."""

# ruff: noqa: ARG002  # a model of MLflow is given its context, wanted or not

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types.schema import Schema, TensorSpec
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mdeploy_lab.client.deployment import Deployment
from mdeploy_lab.client.sync import Client
from mdeploy_lab.errors import DeployFailed
from mdeploy_lab.paths import Home
from mdeploy_lab.registry.backend import home_uri

PEOPLE = ("ana", "bob")
"""Who sits before the pictures, and a colleague."""
CONFIG = """
[groups.default]
title = "Everybody"

[groups.retention]
title = "Retention"
[groups.retention.quota]
cpu = 8
memory = "16Gi"
deployments = 10

[groups.clinic]
title = "Clinic"
[groups.clinic.quota]
cpu = 4
memory = "8Gi"
"""
LONG = 3600.0
SECONDS = 180.0


def become(name: str) -> None:
    """Let who connects from now on be called so."""
    os.environ["LOGNAME"] = name


def customers(rows: int = 400, seed: int = 7) -> tuple[pd.DataFrame, pd.Series[str]]:
    """Return customers of a telephone company, and which of them left; invented, as such data is private."""
    luck = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "months": luck.integers(1, 72, rows),
            "charge": luck.normal(64, 22, rows).clip(18).round(2),
            "plan": luck.choice(["monthly", "one year", "two years"], rows, p=[0.55, 0.25, 0.2]),
            "support_calls": luck.poisson(1.2, rows),
            "paperless": luck.random(rows) < 0.6,  # noqa: PLR2004
        }
    )
    risk = 0.9 * (frame.plan == "monthly") + 0.35 * frame.support_calls - 0.04 * frame.months + 0.012 * frame.charge
    return frame, pd.Series(np.where(risk + luck.normal(0, 0.4, rows) > 0.6, "leaves", "stays"), name="outcome")  # noqa: PLR2004


def seed(client: Client, colleague: Client, folder: Path, home: Home) -> None:
    """Deploy everything; what is saved as a directory goes into the folder."""
    iris(colleague)
    accents(colleague)
    fraud(colleague, folder)
    others(client)
    basket(client, folder)
    tumours(client)
    churn(client, home)
    tags(client, folder)


def measure(home: Home, d: Deployment, model: Any, **params: Any) -> None:
    """Log how good the deployed model is on customers that it has not seen."""
    registry = mlflow.MlflowClient(home_uri(home), home_uri(home))
    rows, left = customers(seed=8)
    model_id = d.spec.template.model.model_id
    registry.log_model_params(model_id, {name: str(value) for name, value in params.items()})
    run = registry.create_run("0").info.run_id
    stays = model.predict_proba(rows)[:, 1]
    found = {"accuracy": model.score(rows, left), "roc_auc": roc_auc_score(left == "stays", stays)}
    for name, value in found.items():
        registry.log_metric(run, name, round(float(value), 4), model_id=model_id)


def churn(client: Client, home: Home) -> Deployment:
    """Deploy one with a long history, a split of its traffic, clients, and queries in its log."""
    rows, left = customers()

    def fitted(last: Any) -> Any:
        columns = make_column_transformer((OneHotEncoder(), ["plan"]), remainder=StandardScaler())
        return make_pipeline(columns, last).fit(rows, left)

    some = rows.head(3)
    first = fitted(LogisticRegression(C=0.1))
    d = client.deploy(
        first, name="churn", group="retention", input_example=some, env={"TZ": "Europe/Zagreb"},
        metadata={"team": "retention", "data": "customers, March", "owner": "ana@shop.example"},
        description="Which customers leave within a month", message="first model", timeout=SECONDS,
    )  # fmt: skip
    measure(home, d, first, family="logistic regression", C=0.1)
    forest = fitted(RandomForestClassifier(40, max_depth=6, random_state=0))
    d.update(model=forest, input_example=some, message="try a forest", timeout=SECONDS)
    measure(home, d, forest, family="forest", trees=40, max_depth=6)
    d.rollback(to=1, message="the forest answers too slowly")
    d.update(replicas=2, api_name="churn", message="two replicas for the campaign", timeout=SECONDS)
    boosted = fitted(GradientBoostingClassifier(n_estimators=60, random_state=0))
    d.update(model=boosted, input_example=some, message="boosted trees, a little of the traffic first", timeout=SECONDS)
    measure(home, d, boosted, family="boosted trees", trees=60)
    d.traffic({3: 80, 4: 20})
    for name in ("web", "nightly_batch"):
        d.clients.add(name)
    for number in (1, 3, 2, 5):
        d.predict(rows.head(number))
    return d


def tumours(client: Client) -> None:
    """Deploy the classifier of the quick start."""
    x, y = load_breast_cancer(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)
    client.deploy(
        model, name="tumours", group="clinic", input_example=x.head(), timeout=SECONDS,
        description="Malignant or benign, from a needle's sample", metadata={"data": "Wisconsin 1995"},
    )  # fmt: skip


def iris(client: Client) -> None:
    """Deploy a public one, a colleague's."""
    x, y = load_iris(return_X_y=True, as_frame=True)
    model = RandomForestClassifier(30, random_state=0).fit(x, y)
    client.deploy(model, name="Iris species", id="iris", public=True, input_example=x.head(), timeout=SECONDS)


def others(client: Client) -> None:
    """Deploy some that are stopped."""
    x, y = load_diabetes(return_X_y=True, as_frame=True)
    model = Ridge().fit(x, y)
    d = client.deploy(model, name="Diabetes progression", id="diabetes", group="clinic", input_example=x.head(), wait=False)
    d.stop()
    name = "Quarterly re-scoring of the credit risk of small and medium-sized enterprises"
    client.deploy(d.spec.template.model.uri, name=name, id="credit-risk-quarterly", wait=False).stop()


def accents(client: Client) -> None:
    """Deploy one whose name is not English."""
    x, y = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=500).fit(x, y)
    client.deploy(model, name="Прогноз спроса", id="demand", input_example=x.head(), timeout=SECONDS)


def fraud(client: Client, folder: Path) -> None:
    """Deploy one that fails: it needs a library that is not here."""

    class Ranker(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is untyped here
        def load_context(self, context: object) -> None:
            import catboost  # noqa: F401, PLC0415  # it is not there

        def predict(self, context: object, model_input: pd.DataFrame) -> list[float]:
            return [0.0] * len(model_input)

    with suppress(DeployFailed):
        client.deploy(saved(Ranker(), folder / "card-fraud"), name="card-fraud", group="retention", timeout=SECONDS)


def tags(client: Client, folder: Path) -> None:
    """Deploy one that is still loading while the pictures are taken."""

    class Tagger(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is untyped here
        def load_context(self, context: object) -> None:
            time.sleep(3600)

        def predict(self, context: object, model_input: pd.DataFrame) -> list[float]:
            return [0.0] * len(model_input)

    client.deploy(saved(Tagger(), folder / "image-tags"), name="Image tags", start_timeout=LONG, wait=False)


def basket(client: Client, folder: Path) -> None:
    """Deploy a model of several named inputs, which writes to its log."""

    class Basket(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow is untyped here
        def load_context(self, context: object) -> None:
            logging.getLogger("basket").info("1 482 prices of the list \x1b[32mspring\x1b[0m are loaded")

        def predict(self, context: object, model_input: dict[str, Any]) -> dict[str, Any]:
            log = logging.getLogger("basket")
            prices, pieces = model_input["prices"], model_input["pieces"]
            log.info("%d baskets of up to %d products", len(pieces), prices.shape[1])
            if (pieces > 100).any():  # noqa: PLR2004
                log.warning("a basket of %d pieces is rounded to the wholesale price", pieces.max())
            if (pieces < 0).any():
                log.error("a basket of %d pieces: there is no price for fewer than none", pieces.min())
                raise ValueError("there is no price for fewer than none")
            total = prices.sum(axis=1) * pieces
            return {"total": total.round(2), "discount": (total * 0.04).round(2)}

    signature = ModelSignature(
        Schema([TensorSpec(np.dtype("float64"), (-1, 3), "prices"), TensorSpec(np.dtype("int64"), (-1,), "pieces")]),
        Schema([TensorSpec(np.dtype("float64"), (-1,), name) for name in ("total", "discount")]),
    )
    uri = saved(Basket(), folder / "basket-price", signature=signature)
    d = client.deploy(uri, name="Basket price", id="basket-price", message="the prices of spring", timeout=SECONDS)
    prices = np.array([[3.5, 1.25, 9.9], [12.0, 0.8, 2.4]])
    for pieces in ((2, 1), (12, 4), (3, 144), (-1, 2), (1, 1), (8, 40), (5, 260), (2, 7)):
        with suppress(Exception):  # one of them is refused by the model, as it is meant
            d.predict({"prices": prices, "pieces": np.array(pieces)})


def saved(model: Any, path: Path, **options: Any) -> str:
    """Save a model in Python as a directory; returns its path."""
    mlflow.pyfunc.save_model(path, python_model=model, pip_requirements=[], **options)
    return str(path)
