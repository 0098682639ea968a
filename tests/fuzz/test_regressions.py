"""What the generated requests found, each as one plain request."""

from __future__ import annotations

import math
from datetime import datetime, timezone

import pytest
from pydantic import ValidationError

from mdeploy_lab.models.requests import CreateDeployment, RotateClient, UpdateDeployment
from tests.fuzz.wire import check


def refused(answer, field: str) -> None:
    check(answer, 422)
    assert answer.json()["reason"] == "InvalidInput"
    assert any(path.startswith(field) for path in answer.json()["details"]["fields"]), answer.text


@pytest.mark.parametrize("uri", ["", "a" * 5000, "\ud800"], ids=["empty", "long", "half-a-character"])
def test_a_text_that_is_no_uri_is_refused(http, asleep, uri):
    refused(http.post("/deployments", content=json(model=uri, name="x"), headers=JSON), "model")
    refused(http.patch(f"/deployments/{asleep}", content=json(model=uri), headers=JSON), "model")


@pytest.mark.parametrize("body", [b"\xff", b"[" * 100_000], ids=["not-utf-8", "too-deep"])
def test_a_body_that_is_no_text_or_too_deep_is_refused_as_any_other(http, asleep, body):
    refused(http.post(f"/deployments/{asleep}/stop", content=body, headers=JSON), "body")


@pytest.mark.parametrize("overlap", [1e300, math.inf])
def test_a_token_cannot_overlap_for_ever(http, asleep, overlap):
    http.post(f"/deployments/{asleep}/clients", json={"name": "web"})
    refused(http.post(f"/deployments/{asleep}/clients/web/rotate", content=json(overlap=overlap), headers=JSON), "overlap")
    longest = next(m.le for m in RotateClient.model_fields["overlap"].metadata if hasattr(m, "le"))
    answer = http.post(f"/deployments/{asleep}/clients/web/rotate", json={"overlap": longest})
    ends = [s["expires_at"] for s in answer.json()["client"]["secrets"] if s["expires_at"]]
    assert datetime.fromisoformat(ends[0].replace("Z", "+00:00")) > datetime.now(timezone.utc)


@pytest.mark.parametrize("kind", [{"body": "\ud800"}, {"content_type": "\ud800"}, {"content_type": "a\r\nx-mdeploy-pass: b"}])
def test_what_cannot_be_sent_to_a_model_is_refused(http, asleep, kind):
    refused(http.post(f"/deployments/{asleep}/predict", content=json(**kind), headers=JSON), next(iter(kind)))


@pytest.mark.parametrize("field", ["start_timeout", "predict_timeout"])
def test_a_time_without_end_is_refused_because_it_could_not_be_read_back(field):
    """JSON has no infinity: it would be stored as null, and no engine could open the home again."""
    with pytest.raises(ValidationError):
        CreateDeployment.model_validate({"model": "m", "name": "x", field: math.inf})
    with pytest.raises(ValidationError):
        UpdateDeployment.model_validate({field: math.inf})


JSON = {"content-type": "application/json"}


def json(**fields) -> str:
    """Return JSON as Python writes it, with halves of characters and infinities that httpx would not send."""
    from json import dumps

    return dumps(fields)
