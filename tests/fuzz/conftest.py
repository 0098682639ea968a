"""One engine for the module, as for the tests of the API, and deployments in it that are asleep."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.api.conftest import client, home, http, iris, model, models  # noqa: F401  # fixtures
from tests.e2e.conftest import engine
from tests.fuzz.wire import over


@pytest.fixture(scope="module")
def session(home, http) -> Iterator[requests.Session]:  # noqa: F811  # pytest's way
    """Return the way schemathesis' requests take."""
    with over(str(home.socket)) as made:
        yield made


@pytest.fixture
def asleep(http, home, model) -> Iterator[str]:  # noqa: F811  # pytest's way
    """Return a stopped deployment; afterwards there is none, on a connection that no test has used."""
    made = http.post("/deployments", json={"model": model, "name": "asleep", "stopped": True})
    assert made.status_code == 201, made.text
    yield "asleep"
    with engine(home) as fresh:
        for one in fresh.get("/deployments").json()["deployments"]:
            fresh.delete(f"/deployments/{one['id']}")
