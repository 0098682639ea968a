"""What a value is, asked without importing anything."""

from __future__ import annotations

import sys
import types

import pytest

from mdeploy_lab.registry import frames

KINDS = ("is_frame", "is_series", "is_array", "is_sparse")


@pytest.mark.parametrize("kind", KINDS)
def test_a_library_that_another_thread_is_still_importing_has_no_values_yet(kind, monkeypatch):
    for name in ("pandas", "numpy", "scipy.sparse"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    assert not getattr(frames, kind)(object())
