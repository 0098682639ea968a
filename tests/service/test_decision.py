"""What the reconciler decides, case by case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdeploy_lab.models.deployment import DeploymentStatus
from mdeploy_lab.service.decision import decide
from mdeploy_lab.service.status import status_of
from tests.service.build import NOW, failure, seen, situation, targets


def serving(**shares):
    return DeploymentStatus(serving=targets(**shares), observed_version=1, state="deployed")


def state_of(case):
    return status_of(case, decide(case), None, NOW)


def test_a_new_deployment_runs_its_first_revision_and_serves_nothing_yet():
    found = decide(situation())
    assert found.run == {1}
    assert found.serving == ()
    assert not found.converged


def test_a_ready_revision_is_verified_before_it_gets_traffic():
    waiting = decide(situation(seen(1, ready=1)))
    assert waiting.verify == (1,)
    assert waiting.serving == ()
    assert decide(situation(seen(1, ready=1), verified=[1])).serving == targets(r1=100)


def test_the_old_revision_serves_until_every_replica_of_the_new_one_is_ready():
    case = situation(seen(1, ready=2), seen(2, ready=1, starting=1), status=serving(r1=100), replicas=2, verified=[1, 2])
    found = decide(case)
    assert found.run == {1, 2}
    assert found.serving == targets(r1=100)
    done = situation(seen(1, ready=2), seen(2, ready=2), status=serving(r1=100), replicas=2, verified=[1, 2])
    assert decide(done).serving == targets(r2=100)
    assert decide(done).run == {2}


def test_a_failed_update_leaves_the_old_revision_serving_and_says_so():
    case = situation(seen(1, ready=1), seen(2, failed=True), status=serving(r1=100), version=2)
    found = decide(case)
    assert found.run == {1}
    assert found.abandoned == {2}
    status = state_of(case)
    assert status.state == "failed"
    assert status.health == "healthy"
    assert status.message == "revision 2 failed: it crashed; revision 1 serves"
    assert status.observed_version == 2


def test_an_abandoned_revision_is_not_tried_again_after_a_restart():
    remembered = DeploymentStatus(serving=targets(r1=100), failure=failure(2), state="failed", revision=2)
    found = decide(situation(seen(1, ready=1), status=remembered, latest=2))
    assert found.run == {1}
    assert found.failure is not None


def test_an_older_failure_is_forgotten_when_there_is_a_newer_revision():
    remembered = DeploymentStatus(serving=targets(r1=100), failure=failure(2), state="failed", revision=2)
    found = decide(situation(seen(1, ready=1), status=remembered, latest=3))
    assert found.run == {1, 3}
    assert found.failure is None


def test_a_serving_revision_that_crashes_is_kept_and_shown_as_failed():
    case = situation(seen(1, failed=True), status=serving(r1=100))
    found = decide(case)
    assert found.run == {1}
    status = state_of(case)
    assert (status.state, status.health) == ("failed", "unhealthy")
    recovered = situation(seen(1, ready=1), status=status)
    assert state_of(recovered).state == "deployed"


def test_an_update_that_mends_a_crashing_revision_has_not_failed_because_of_it():
    crashing = DeploymentStatus(serving=targets(r1=100), failure=failure(1), state="failed", observed_version=1)
    case = situation(seen(1, failed=True), seen(2, starting=1), status=crashing, latest=2, version=2)
    found = decide(case)
    assert found.run == {1, 2}
    assert found.serving == targets(r1=100)
    assert found.failure is None
    assert (state_of(case).state, state_of(case).health) == ("deploying", "unhealthy")
    mended = situation(seen(1, failed=True), seen(2, ready=1), status=state_of(case), latest=2, version=2, verified=[2])
    assert decide(mended).serving == targets(r2=100)
    assert state_of(mended).state == "deployed"


def test_a_crashing_revision_is_shown_when_the_update_that_was_to_mend_it_failed_too():
    case = situation(seen(1, failed=True), seen(2, failed=True), status=serving(r1=100), latest=2, version=2)
    assert decide(case).failure.revision == 2
    assert state_of(case).state == "failed"


def test_a_lost_replica_does_not_make_a_deployment_deploying_again():
    status = state_of(situation(seen(1, ready=1, starting=1), status=serving(r1=100), replicas=2))
    assert status.state == "deployed"
    assert status.message == "Revision 1 serves; 1 of 2 replicas are ready"


def test_a_stopped_deployment_runs_nothing_and_is_stopped_when_nothing_is_left():
    stopping = situation(seen(1, ready=1), stopped=True, status=serving(r1=100))
    assert decide(stopping).run == frozenset()
    assert state_of(stopping).state == "stopping"
    assert state_of(situation(stopped=True)).state == "stopped"


def test_explicit_traffic_moves_when_all_its_revisions_are_ready():
    split = targets(r1=90, r2=10)
    case = situation(seen(1, ready=1), seen(2, starting=1), status=serving(r1=100), traffic=split, verified=[1, 2])
    assert decide(case).serving == targets(r1=100)
    ready = situation(seen(1, ready=1), seen(2, ready=1), status=serving(r1=100), traffic=split, verified=[1, 2])
    assert decide(ready).serving == split


def test_a_new_revision_waits_at_zero_percent_while_traffic_is_pinned():
    split = targets(r1=90, r2=10)
    case = situation(
        seen(1, ready=1), seen(2, ready=1), seen(3, ready=1), status=serving(r1=90, r2=10), traffic=split, version=2
    )
    found = decide(case)
    assert found.run == {1, 2, 3}
    assert found.serving == split
    assert "revision 3 is ready at 0 %" in state_of(case).message


def test_after_a_stop_a_failed_newest_revision_falls_back_to_one_that_was_proven():
    case = situation(seen(2, failed=True), verified=[1], latest=2)
    assert decide(case).run == {1}


@given(
    data=st.data(),
    latest=st.integers(1, 4),
    replicas=st.integers(1, 3),
    stopped=st.booleans(),
)
def test_traffic_never_moves_to_what_is_not_ready_and_never_stops_what_serves(data, latest, replicas, stopped):
    observed = [
        seen(n, ready=data.draw(st.integers(0, replicas)), failed=data.draw(st.booleans()))
        for n in data.draw(st.sets(st.integers(1, latest)))
    ]
    before = data.draw(st.sampled_from([(), targets(r1=100)]))
    case = situation(
        *observed,
        status=DeploymentStatus(serving=before),
        latest=latest,
        verified=data.draw(st.sets(st.integers(1, latest))),
        replicas=replicas,
        stopped=stopped,
    )
    found = decide(case)
    if stopped:
        assert found.run == frozenset()
        return
    assert {t.revision for t in found.serving} <= found.run
    for target in found.serving:
        full = len(case.observed[target.revision].ready) >= replicas if target.revision in case.observed else False
        assert full or target in before or found.failure is not None
    assert sum(t.percent for t in found.serving) in {0, 100}


@pytest.mark.parametrize("version", [1, 5])
def test_a_settled_status_speaks_of_the_version_it_saw(version):
    case = situation(seen(1, ready=1), status=serving(r1=100), version=version)
    assert state_of(case).observed_version == version
