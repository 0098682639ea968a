"""The pictures of the tour are there, in both themes, and small."""

from __future__ import annotations

import re

from tests.docs.conftest import ROOT

DOCS = ROOT / "docs"
IMAGES = DOCS / "images"
MOST = 80_000
ALL = 6_000_000


def test_every_picture_of_the_tour_is_there():
    named = re.findall(r"images/([\w-]+\.png)", (DOCS / "tour.md").read_text(encoding="utf-8"))
    assert len(named) > 10
    assert [name for name in named if not (IMAGES / name).exists()] == []


def test_each_screen_was_taken_light_and_dark():
    taken = {path.stem for path in IMAGES.glob("*.png")}
    screens = {name.rpartition("-")[0] for name in taken}
    assert taken == {f"{screen}-{theme}" for screen in screens for theme in ("light", "dark")}


def test_pictures_are_small():
    sizes = {path.name: path.stat().st_size for path in IMAGES.glob("*.png")}
    assert {name: size for name, size in sizes.items() if size > MOST} == {}
    assert sum(sizes.values()) < ALL
