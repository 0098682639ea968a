"""A config.toml that changes while the engine runs."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from mdeploy_lab.daemon.live_config import LiveConfig
from mdeploy_lab.errors import InvalidInput

GOOD = """
[groups.risk]
title = "Risk & Co"
members = ["ada"]
[groups.risk.quota]
cpu = 4
memory = "2Gi"
[groups_default.quota]
deployments = 2
[instance_types.huge]
cpu = 16
memory = "64Gi"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def put(file: Path, text: str) -> None:
    """Write a file that is seen as another one, however coarse the file system's times are."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)


async def test_a_file_that_comes_changes_and_goes_is_followed(file):
    live = LiveConfig(file)
    sizes = live.instance_types
    assert set(live.groups) == {"default"}
    put(file, GOOD)
    await live.refresh()
    assert live.groups["risk"].quota.memory == 2 * 2**30
    assert live.groups["risk"].title == "Risk & Co"
    assert live.unnamed.quota.deployments == 2
    assert sizes is live.instance_types
    assert sizes["huge"].cpu == 16
    put(file, GOOD.replace("cpu = 4", "cpu = 5"))
    await live.refresh()
    assert live.groups["risk"].quota.cpu == 5
    file.unlink()
    await live.refresh()
    assert set(live.groups) == {"default"}
    assert "huge" not in sizes


@pytest.mark.parametrize(
    "text", ["[groups", "[groups.risk]\nquota = 3", "gateway.port = 'many'", "[instance_types.x]\ncpu = 0"]
)
async def test_a_broken_file_keeps_what_was_good_and_says_so(file, text, caplog):
    put(file, GOOD)
    live = LiveConfig(file)
    put(file, text)
    await live.refresh()
    assert live.groups["risk"].quota.cpu == 4
    assert "huge" in live.instance_types
    assert live.problems[0].startswith("config.toml is not followed")
    assert live.problems[0] in caplog.text
    caplog.clear()
    await live.refresh()
    assert not caplog.text
    put(file, GOOD)
    await live.refresh()
    assert live.problems == ()


async def test_what_needs_a_restart_is_told(file):
    live = LiveConfig(file)
    put(file, "[logs]\ndays = 3\n")
    await live.refresh()
    assert "logs.days" in live.problems[0]
    assert "mdeploy engine stop" in live.problems[0]
    assert live.started.get("logs.days") == 7


async def test_a_file_that_nobody_may_read_is_a_broken_one(file):
    if os.geteuid() == 0:
        file.mkdir()
    else:
        put(file, GOOD)
        file.chmod(0)
    live = None
    with pytest.raises(InvalidInput, match="cannot be read"):
        live = LiveConfig(file)
    assert live is None


async def test_the_loop_goes_on_while_the_file_is_read(file):
    put(file, GOOD)
    live = LiveConfig(file)
    put(file, "".join(f"[groups.g{n}]\n[groups.g{n}.quota]\ncpu = {n}\n" for n in range(3000)))
    reading = asyncio.ensure_future(live.refresh())
    turns = 0
    while not reading.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 1
    assert len(live.groups) == 3001


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[groups.risk]\nenabeld = false", "groups.risk has no key 'enabeld'"),
        ("[groups.risk.quota]\ncpus = 4", "groups.risk.quota has no key 'cpus'"),
        ("[groups.risk.quota]\ncpu = -1", "groups.risk.quota.cpu"),
        ("[groups.risk.quota]\ncpu = nan", "groups.risk.quota.cpu"),
        ('[groups."Data Science"]', "a group's name has 1 to 63"),
        ("[groups_default]\nmembers = ['ada']", "groups_default has no key 'members'"),
        ("groups_default = 3", "must be a table"),
        ("[instance_types.x]\ncpu = 1\nram = 3", "instance_types.x has no key 'ram'"),
    ],
)
def test_a_slip_in_the_file_is_named(file, text, says):
    put(file, text)
    with pytest.raises(InvalidInput) as refused:
        LiveConfig(file)
    assert says in refused.value.message
    assert refused.value.hint
