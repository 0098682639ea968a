"""Shares, quota, parity and differences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdeploy_lab.config import GIB
from mdeploy_lab.engines.base import RevisionObservation
from mdeploy_lab.errors import InvalidInput, QuotaExceeded, RevisionNotFound
from mdeploy_lab.models.access import Group, InstanceType, Quota, Usage
from mdeploy_lab.models.deployment import TrafficTarget
from mdeploy_lab.models.names import is_api_name
from mdeploy_lab.service import diff, naming, parity, quota, routing, traffic
from tests.service.build import NOW, seen, spec, targets, template
from tests.store import making
from tests.store.making import record

TYPES = {"small": InstanceType(name="small", cpu=1, memory=GIB)}


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.data())
def test_shares_sum_to_100_over_the_revisions_that_are_ready(percents, data):
    split = tuple(TrafficTarget(revision=i + 1, percent=p) for i, p in enumerate(percents))
    ready = {t.revision: data.draw(st.booleans()) for t in split}
    found = routing.shares(split, ready)
    assert set(found) <= {r for r, ok in ready.items() if ok}
    assert sum(found.values()) == (100 if any(ready.values()) else 0)


def test_a_dead_revision_gives_its_share_to_the_living():
    assert routing.shares(targets(r1=90, r2=10), {1: False, 2: True}) == {2: 100}
    assert routing.shares(targets(r1=50, r2=25, r3=25), {1: True, 2: True, 3: False}) == {1: 67, 2: 33}


def test_requests_wait_for_a_replica_that_is_being_restarted_only_when_there_is_no_other():
    one, two = seen(1, ready=1, starting=1).replicas
    back = two.model_copy(update={"replica": two.replica.model_copy(update={"restarts": 1})})
    assert routing.answering(RevisionObservation(revision=1, replicas=(one, back))) == (one.address,)
    assert routing.answering(RevisionObservation(revision=1, replicas=(back,))) == (back.address,)
    assert routing.answering(RevisionObservation(revision=1, replicas=(two,))) == ()


def test_traffic_must_sum_to_100_and_name_revisions_that_exist():
    with pytest.raises(InvalidInput, match="sum to 110 %"):
        traffic.checked(targets(r1=100, r2=10), {1, 2}, "churn")
    with pytest.raises(RevisionNotFound, match="no revision 7"):
        traffic.checked(targets(r1=90, r7=10), {1, 2}, "churn")
    with pytest.raises(InvalidInput, match="named twice"):
        traffic.checked((*targets(r1=50), *targets(r1=50)), {1}, "churn")


def test_replicas_count_against_the_quota_and_the_refusal_names_the_numbers():
    group = Group(name="risk", quota=Quota(cpu=3))
    quota.check(group, Usage(cpu=1), quota.needs(spec(replicas=2), TYPES))
    with pytest.raises(QuotaExceeded) as refused:
        quota.check(group, Usage(cpu=1), quota.needs(spec(replicas=3), TYPES))
    assert refused.value.details == {"group": "risk", "resource": "cpu", "quota": 3, "used": 1, "wanted": 3}


def test_a_stopped_deployment_takes_nothing():
    assert quota.total([quota.needs(spec(stopped=True), TYPES), quota.needs(spec(replicas=2), TYPES)]) == Usage(
        cpu=2, memory=2 * GIB, deployments=1
    )


@given(st.recursive(st.none() | st.booleans() | st.floats(allow_nan=True) | st.text(), st.lists, max_leaves=20))
def test_every_answer_agrees_with_itself(answer):
    assert parity.agree(answer, answer)


@pytest.mark.parametrize(
    ("expected", "got"), [(1, True), (1.0, 1.001), ([1], [1, 2]), ({"a": 1}, {"b": 1}), ("a", "b"), (None, 0)]
)
def test_different_answers_do_not_agree(expected, got):
    assert not parity.agree(expected, got)


async def test_a_replay_names_the_rows_that_differ():
    async def ask(_body):
        return 200, {"predictions": [1, 5, 3]}

    receipt = await parity.replay({"request": {}, "expected": [1, 2, 3]}, 4, ask, NOW, overridden=False)
    assert (receipt.rows, receipt.agreed) == (3, 2)
    assert [(m.row, m.expected, m.got) for m in receipt.mismatches] == [(1, 2, 5)]
    refused = parity.refusal(receipt, NOW)
    assert refused.message == "1 of 3 rows differ from the notebook's own answers"
    assert "row 1: the notebook said 2, the endpoint 5" in refused.evidence


async def test_a_model_that_refuses_its_own_rows_is_a_failure():
    async def ask(_body):
        return 400, {"message": "no"}

    found = await parity.replay({"request": {}, "expected": [1]}, 1, ask, NOW, overridden=False)
    assert found.reason == "parity"
    assert "answered 400" in found.message


def test_a_diff_names_dotted_paths_and_both_values():
    before = template()
    after = before.model_copy(update={"env": {"TZ": "UTC"}, "instance_type": "large"})
    found = {c.path: (c.old, c.new) for c in diff.changes(before, after)}
    assert found == {"env.TZ": (None, "UTC"), "instance_type": ("small", "large")}


def test_an_alias_that_means_the_same_version_runs_the_same():
    one = template()
    two = one.model_copy(update={"model": one.model.model_copy(update={"requested": "models:/churn@champion"})})
    assert diff.runs_the_same(one, two)
    assert not diff.runs_the_same(one, template("models:/churn/2"))


@given(st.text(max_size=120), st.lists(st.sampled_from(["a", "a-2", "a-3", "x" * 99, "b.c"]), unique=True))
def test_a_suggested_api_name_can_be_taken(name, taken):
    records = [record(f"holder-{n}", making.spec(f"d{n}", api_name=held)) for n, held in enumerate(taken)]
    found = naming.check_api_name("default", name, records)
    assert found.available == (is_api_name(name) and name not in taken)
    if found.suggestion:
        assert naming.check_api_name("default", found.suggestion, records).available
    if not found.available:
        assert found.reason
    if name in taken:
        assert found.suggestion
        assert found.holder == f"holder-{taken.index(name)}"
