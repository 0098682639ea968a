"""A deployment's numbers through every surface, also of replicas that ended."""

from __future__ import annotations

import json
import subprocess
import sys

from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.conftest import engine


def test_what_callers_asked_is_counted_and_stays_when_replicas_are_replaced(home, client, models, iris):
    made = client.deploy(models[0], name="counted", input_example=iris[0].head(), instance_type="nano", timeout=60)
    for _ in range(5):
        made.predict(iris[0].head())
    before = made.metrics()
    assert before.requests >= 5
    assert before.success_rate == 1.0
    assert before.p50_ms > 0
    assert "answered" in repr(before)
    made.update(env={"TURN": "1"}, timeout=60)
    made.predict(iris[0].head())
    after = made.metrics()
    assert after.requests > before.requests
    assert {each.revision for each in after.replicas} == {1, 2}
    said = subprocess.run(
        [sys.executable, "-m", "mdeploy_lab.cli", "metrics", "counted", "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(said.stdout)["requests"] >= after.requests
    with engine(home) as http:
        text = http.get("/metrics", params={"id": "counted"})
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(text.text)}
    assert {s.labels["deployment"] for s in families["mdeploy_requests"].samples} == {"counted"}
    made.delete()
