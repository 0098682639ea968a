"""What a replica counts, as Prometheus and as JSON read it."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sklearn.datasets import load_iris

from mdeploy_lab.models.metrics import Histogram, ReplicaMetrics, prometheus, summed
from mdeploy_lab.runtime.feedback import Rewards
from mdeploy_lab.runtime.metrics import SECONDS, Metrics
from tests.runtime.conftest import make_spec

COLUMNS = load_iris(as_frame=True).data.columns.tolist()
BODY = {"dataframe_split": {"columns": COLUMNS, "data": [[5.1, 3.5, 1.4, 0.2]]}}


@pytest.fixture(scope="module")
def iris(start_for_module, zoo):
    return start_for_module(zoo / "iris")


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = list(text_string_to_metric_families(text))
    assert all(family.documentation for family in families)
    return {
        (s.name, tuple(sorted((k, v) for k, v in s.labels.items() if k in {"dialect", "status", "le", "replica"}))): s.value
        for family in families
        for s in family.samples
    }


def test_requests_are_counted_by_dialect_and_status(iris):
    with iris.client() as client:
        before = ReplicaMetrics.model_validate_json(client.get("/metrics", headers={"accept": "application/json"}).content)
        for _ in range(3):
            assert client.post("/invocations", json=BODY).status_code == 200
        assert client.post("/invocations", json={}).status_code == 400
        assert client.post("/api/v1.0/predictions", json={"data": {"ndarray": [[5.1, 3.5, 1.4, 0.2]]}}).status_code == 200
        assert client.post("/api/v1.0/feedback", json={"reward": 1.0}).status_code == 200
        assert client.post("/api/v1.0/feedback", json={"reward": 0.0}).status_code == 200
        told = ReplicaMetrics.model_validate_json(client.get("/metrics", headers={"accept": "application/json"}).content)
        text = client.get("/metrics")
    counts = {(c.dialect, c.status): c.count for c in told.requests}
    known = {(c.dialect, c.status): c.count for c in before.requests}
    assert counts["invocations", 200] - known.get(("invocations", 200), 0) == 3
    assert counts["invocations", 400] - known.get(("invocations", 400), 0) == 1
    assert counts["seldon", 200] == 3
    assert (told.feedback, told.reward) == (2, 1.0)
    assert told.predict_seconds.count >= 4
    assert told.request_seconds.sum > 0
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = samples(text.text)
    name = iris.spec.replica
    assert found["mdeploy_feedback_total", (("replica", name),)] == 2
    assert found["mdeploy_requests_total", (("dialect", "seldon"), ("replica", name), ("status", "200"))] == 3
    assert found["mdeploy_request_duration_seconds_count", (("replica", name),)] >= 6


async def test_what_was_answered_together_is_seen(iris):
    transport = httpx.AsyncHTTPTransport(uds=iris.address.removeprefix("unix:"), limits=httpx.Limits(max_connections=64))
    async with httpx.AsyncClient(transport=transport, base_url="http://replica", timeout=30) as client:
        for _ in range(5):
            await asyncio.gather(*(client.post("/invocations", json=BODY) for _ in range(64)))
        answer = await client.get("/metrics", headers={"accept": "application/json"})
    told = ReplicaMetrics.model_validate_json(answer.content)
    assert told.batch_size.sum > told.batch_size.count, "some were answered together"
    assert (told.waiting, told.in_flight) == (0, 1)


def test_quantiles_lie_within_their_bounds():
    empty = Histogram(bounds=(1.0, 2.0), counts=(0, 0, 0))
    assert empty.quantile(0.5) is None
    some = Histogram(bounds=(1.0, 2.0), counts=(2, 2, 0), sum=5.0)
    assert (some.quantile(0.25), some.quantile(0.5), some.quantile(0.75), some.quantile(1)) == (0.5, 1.0, 1.5, 2.0)
    assert Histogram(bounds=(1.0,), counts=(0, 1)).quantile(0.5) == 1.0, "no more is known of what exceeds all bounds"
    assert some.plus(some).count == 8


def test_a_deployments_numbers_are_those_of_its_replicas(tmp_path):
    spec = make_spec(tmp_path, tmp_path)
    metrics = Metrics(spec, Rewards())
    for status in (200, 200, 404, 500):
        metrics.answered("invocations", status, 0.004, 10, 20)
    metrics.predicted(2, 0.002)
    told = metrics.told()
    whole = summed("churn", [told, told.model_copy(update={"replica": "other", "ended": True, "in_flight": 7})])
    assert (whole.requests, whole.client_errors, whole.server_errors, whole.success_rate) == (8, 2, 2, 0.5)
    assert 2.5 <= whole.p50_ms <= 5
    assert (whole.in_flight, whole.reward) == (0, None)
    assert summed("churn", []).p50_ms is None
    odd = told.model_copy(update={"model": 'a "b"\n\\c'})
    (labels,) = [
        s.labels
        for family in text_string_to_metric_families(prometheus([("churn", odd)]))
        for s in family.samples
        if s.name == "mdeploy_feedback_total"
    ]
    assert labels["model"] == 'a "b"\n\\c'
    assert len(SECONDS) + 1 == len(told.request_seconds.counts)
