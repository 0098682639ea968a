"""Whose group is which: config.toml, JupyterHub, and both."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdeploy_lab.models.access import Group, Quota
from mdeploy_lab.models.names import group_name, is_group
from mdeploy_lab.service.membership import Caller, groups_of
from tests.service.making import group, limits

FILE = limits(
    group("open"),
    group("risk", members=("ada",), cpu=4),
    Group(name="science", title="Data Science", quota=Quota(gpu=1)),
    unnamed=group("", deployments=2),
)


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        (Caller("jo"), {"default", "open", "science"}),
        (Caller("ada"), {"default", "open", "science", "risk"}),
        (Caller("jo", frozenset()), {"default"}),
        (Caller("jo", frozenset({"risk"})), {"default", "risk"}),
        (Caller("ada", frozenset({"open"})), {"default", "open", "risk"}),
        (Caller("jo", frozenset({"Data Science"})), {"default", "science"}),
        (Caller("jo", frozenset({"fraud"})), {"default", "fraud"}),
    ],
)
def test_a_caller_belongs_to(caller, expected):
    assert set(groups_of(caller, FILE)) == expected


def test_limits_of_a_hub_group_are_the_files_or_those_of_unnamed_ones():
    mine = groups_of(Caller("jo", frozenset({"risk", "fraud", "Data Science", "Größe"})), FILE)
    assert mine["risk"].quota == Quota(cpu=4)
    assert mine["fraud"].quota == Quota(deployments=2)
    assert (mine["science"].quota, mine["science"].title) == (Quota(gpu=1), "Data Science")
    assert {g.title for g in mine.values()} == {"", "Data Science", "Größe"}


def test_default_closes_when_the_file_says_so():
    closed = limits(group("default", members=("root",)))
    assert groups_of(Caller("jo", frozenset()), closed) == {}
    assert groups_of(Caller("jo"), closed) == {}
    assert set(groups_of(Caller("root", frozenset()), closed)) == {"default"}


@given(st.lists(st.text(min_size=1), unique=True, max_size=20))
def test_hub_groups_never_meet_in_one_name(titles):
    names = [group_name(t) for t in titles]
    assert all(is_group(n) for n in names)
    assert len(set(names)) == len(titles)
