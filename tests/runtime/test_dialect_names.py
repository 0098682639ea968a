"""What the engine says that endpoints speak is what they speak."""

from __future__ import annotations

from mdeploy_lab.daemon.engine import DIALECTS
from mdeploy_lab.runtime.dialect import load_dialects


def test_the_engine_names_every_dialect():
    assert sorted(DIALECTS) == [dialect.name for dialect in load_dialects()]
