from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mdeploy_lab.store.sqlite import SqliteStore


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path / "mdeploy.db", shared=False)
    await made.open()
    yield made
    await made.close()
