"""The arithmetic of quotas, for any numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdeploy_lab.errors import QuotaExceeded
from mdeploy_lab.models.access import Group, InstanceType, Quota, Usage
from mdeploy_lab.service import quota
from tests.service.build import spec

FIELDS = ("cpu", "memory", "gpu", "deployments")
CPUS = st.integers(0, 64_000).map(lambda n: n / 1000)
USES = st.builds(Usage, cpu=CPUS, memory=st.integers(0, 2**45), gpu=st.integers(0, 64), deployments=st.integers(0, 1000))
QUOTAS = st.builds(
    Quota,
    cpu=st.none() | CPUS,
    memory=st.none() | st.integers(0, 2**45),
    gpu=st.none() | st.integers(0, 64),
    deployments=st.none() | st.integers(0, 1000),
)
SIZES = st.builds(
    InstanceType, name=st.just("small"), cpu=CPUS.filter(bool), memory=st.integers(1, 2**40), gpu=st.integers(0, 8)
)


def allowed(limit: Quota, used: Usage, wanted: Usage, before: Usage) -> bool:
    try:
        quota.check(Group(name="g", quota=limit), used, wanted, before)
    except QuotaExceeded:
        return False
    return True


@given(QUOTAS, USES, USES, USES)
def test_a_change_passes_exactly_when_all_that_it_takes_more_of_fits(limit, used, wanted, before):
    fits = [
        getattr(limit, f) is None
        or getattr(wanted, f) <= getattr(before, f)
        or round(getattr(used, f) + getattr(wanted, f), 3) <= getattr(limit, f)
        for f in FIELDS
    ]
    assert allowed(limit, used, wanted, before) == all(fits)
    if not quota.grows(before, wanted):
        assert allowed(limit, used, wanted, before)


@given(QUOTAS, USES)
def test_what_is_free_can_be_taken_and_nothing_more(limit, used):
    free = quota.free(limit, used)
    for f in FIELDS:
        left = getattr(free, f)
        assert (left is None) == (getattr(limit, f) is None)
        if left is not None:
            assert left >= 0
            more = Usage(**{f: left})
            assert allowed(limit, used, more, Usage())
            assert not allowed(limit, used, Usage(**{f: left + (0.001 if f == "cpu" else 1)}), Usage())


@given(SIZES, st.integers(1, 1000), st.integers(0, 1000), st.lists(st.just("small"), max_size=3))
def test_replicas_of_every_revision_count_and_a_stopped_one_counts_nothing(size, replicas, most, others):
    types = {"small": size}
    taken = quota.needs(spec(replicas=replicas, max_replicas=max(most, replicas)), types, others)
    n = max(replicas, most) * (1 + len(others))
    assert taken == Usage(cpu=round(size.cpu * n, 6), memory=size.memory * n, gpu=size.gpu * n, deployments=1)
    assert quota.needs(spec(replicas=replicas, stopped=True), types, others) == Usage()


@given(st.lists(USES, max_size=20), st.randoms())
def test_a_sum_does_not_depend_on_the_order(parts, random):
    mixed = parts.copy()
    random.shuffle(mixed)
    assert quota.total(parts) == quota.total(mixed)


@pytest.mark.parametrize("n", range(1, 50))
def test_tenths_of_a_processor_add_up(n):
    types = {"small": InstanceType(name="small", cpu=0.1, memory=1)}
    used = quota.total([quota.needs(spec(), types)] * (n - 1))
    quota.check(Group(name="g", quota=Quota(cpu=n / 10)), used, quota.needs(spec(), types))
