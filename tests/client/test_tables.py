"""Tables and times as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mdeploy_lab.client.moments import moment
from mdeploy_lab.client.tables import Column, Table, ago, text_table, width
from mdeploy_lab.errors import InvalidInput

NOW = datetime(2026, 11, 21, 12, tzinfo=timezone.utc)


def table(*names):
    return Table(names, [Column[str]("Name", lambda n: n), Column[str]("Length", lambda n: str(len(n)))], "nothing")


def test_a_table_is_a_list():
    assert table("a", "b") == ["a", "b"]
    assert table("a", "b")[1] == "b"


def test_an_empty_one_says_why():
    assert repr(table()) == "nothing"


def test_html_is_escaped_and_one_line():
    html = table("<script>alert(1)</script>\n\x1b[31m")._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "\x1b" not in html


def test_wide_characters_keep_the_columns_aligned():
    lines = text_table(["A", "B"], [["模型", "1"], ["ab", "2"]]).splitlines()
    assert {width(line[: line.index(c)]) for line, c in zip(lines, "B12", strict=True)} == {6}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7200, "2 hours ago"),
        (86_400 * 3, "3 days ago"),
        (-5, "just now"),
    ],
)
def test_ago(seconds, words):
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


def test_moments():
    assert abs(datetime.now(timezone.utc) - timedelta(minutes=10) - moment("10m")) < timedelta(seconds=5)
    assert moment("2026-11-21T12:00:00Z") == NOW
    assert moment(None) is None
    with pytest.raises(InvalidInput, match="no time"):
        moment("yesterday")
