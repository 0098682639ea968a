"""The generated TypeScript types are those of the present API."""

from __future__ import annotations

import importlib.util

import pytest

from tests.server.jupyter import ROOT


@pytest.mark.skipif(not (ROOT / "node_modules/.bin/openapi-typescript").exists(), reason="needs the npm packages: make setup")
def test_types_are_fresh() -> None:
    spec = importlib.util.spec_from_file_location("make_types", ROOT / "labextension/make_types.py")
    assert spec is not None
    assert spec.loader is not None
    make_types = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_types)
    assert make_types.generate() == make_types.SCHEMA.read_text(encoding="utf-8"), f"run: {make_types.COMMAND}"
