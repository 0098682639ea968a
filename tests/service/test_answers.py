"""Answers that are too large to show: what is kept, for how long, and what is not held in memory."""

from __future__ import annotations

import asyncio
import tracemalloc
from pathlib import Path

import pytest

from mdeploy_lab.errors import AnswerNotFound
from mdeploy_lab.service.answers import KEPT, SHOWN_BYTES, Answers

PART = b"x" * 65_536


async def parts(size: int):
    """Yield ``size`` bytes as a socket would."""
    while size > 0:
        yield PART[:size]
        size -= len(PART)


@pytest.fixture
def answers(tmp_path: Path):
    made = Answers(tmp_path / "answers")
    yield made
    made.close()
    assert not (tmp_path / "answers").exists()


async def test_a_short_answer_is_whole_and_kept_nowhere(answers, tmp_path):
    got = await answers.receive("u", "application/json", parts(SHOWN_BYTES))
    assert (len(got.start), got.size, got.cut, got.token) == (SHOWN_BYTES, SHOWN_BYTES, False, "")
    assert not (tmp_path / "answers").exists()


async def test_a_long_answer_is_shown_in_part_and_whole_in_a_private_file(answers):
    size = 3 * SHOWN_BYTES + 7
    got = await answers.receive("u", "application/json", parts(size))
    assert (len(got.start), got.size, got.cut) == (SHOWN_BYTES, size, True)
    kept = answers.get("u", got.token)
    assert kept.path.stat().st_size == size
    assert kept.path.stat().st_mode & 0o777 == 0o600
    assert kept.path.parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(AnswerNotFound):
        answers.get("another deployment", got.token)


async def test_memory_does_not_grow_with_the_answer(answers):
    tracemalloc.start()
    try:
        await answers.receive("u", "text/plain", parts(50_000_000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000


async def test_only_the_newest_are_kept(answers):
    tokens = [(await answers.receive("u", "text/plain", parts(SHOWN_BYTES + 1))).token for _ in range(KEPT + 2)]
    for token in tokens[:2]:
        with pytest.raises(AnswerNotFound):
            answers.get("u", token)
    assert all(answers.get("u", token) for token in tokens[2:])


async def test_older_answers_make_room_and_one_that_is_too_large_is_not_kept(tmp_path):
    answers = Answers(tmp_path / "small", limit=4 * SHOWN_BYTES)
    first = await answers.receive("u", "text/plain", parts(3 * SHOWN_BYTES))
    second = await answers.receive("u", "text/plain", parts(2 * SHOWN_BYTES))
    with pytest.raises(AnswerNotFound):
        answers.get("u", first.token)
    assert answers.get("u", second.token)
    huge = await answers.receive("u", "text/plain", parts(9 * SHOWN_BYTES))
    assert huge.cut
    assert huge.token == ""
    assert list((tmp_path / "small").iterdir()) == []
    answers.close()


async def test_an_answer_is_forgotten_after_its_time(tmp_path):
    answers = Answers(tmp_path / "brief", seconds=0.05)
    token = (await answers.receive("u", "text/plain", parts(2 * SHOWN_BYTES))).token
    path = answers.get("u", token).path
    end = asyncio.get_running_loop().time() + 5
    while path.exists():
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.01)
    with pytest.raises(AnswerNotFound):
        answers.get("u", token)
    answers.close()


async def test_an_answer_that_breaks_off_leaves_no_file(answers, tmp_path):
    async def broken():
        async for part in parts(2 * SHOWN_BYTES):
            yield part
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await answers.receive("u", "text/plain", broken())
    assert list((tmp_path / "answers").iterdir()) == []
