"""Ids from names, for any name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdeploy_lab.models.names import NAME_LIMIT, is_id, name_problem, slug, with_suffix

ROOT = Path(__file__).parents[2]
printable = st.text(min_size=1, max_size=300).filter(lambda t: name_problem(t) is None)


@given(printable)
def test_every_name_has_a_valid_id_that_is_always_the_same(name):
    assert is_id(slug(name))
    assert slug(name) == slug(name)
    assert is_id(with_suffix(slug(name)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("churn", "churn"), ("Churn Model 2.0", "churn-model-2-0"), ("  iris  ", "iris"), ("a_b", "a-b")],
)
def test_plain_names_keep_their_letters(name, expected):
    assert slug(name) == expected


def test_names_without_latin_letters_get_ids_of_their_own():
    assert slug("流失") != slug("模型")
    assert slug("🎉") != slug("🚀")
    assert slug("x") != slug("y")


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\x00b", "x" * (NAME_LIMIT + 1)])
def test_what_cannot_be_shown_on_a_line_is_refused(name):
    assert name_problem(name) is not None


@pytest.mark.parametrize("bad", ["../etc", "a", "A-b-c", "-abc", "abc-", "a" * 64, "a/b/c", "a.b.c", "abc\n"])
def test_dangerous_ids_are_no_ids(bad):
    assert not is_id(bad)


def test_long_names_that_differ_at_the_end_have_different_ids():
    assert slug("churn " * 30 + "one") != slug("churn " * 30 + "two")


@pytest.mark.parametrize(("name", "id_"), json.loads((ROOT / "labextension/tests/ids.json").read_text()))
def test_the_form_makes_the_same_id_of_a_name(name, id_):
    assert slug(name) == id_
