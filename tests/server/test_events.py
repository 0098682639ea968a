"""The WebSocket: one subscription upstream for all browsers, nothing lost silently, and the truth when the engine is away."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
from tornado.web import RequestHandler
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

import mdeploy_lab
from mdeploy_lab.paths import Home
from mdeploy_lab.server.outbox import Outbox
from tests.server.jupyter import Jupyter
from tests.server.stub import StubEngine, deployment

SECONDS = 10.0


def browser(jupyter: Jupyter) -> connect:
    return connect(jupyter.events, additional_headers={"Authorization": f"token {jupyter.token}"}, proxy=None)


async def until(socket: ClientConnection, topic: str, **values: Any) -> dict[str, Any]:
    async def found() -> dict[str, Any]:
        async for text in socket:
            message: dict[str, Any] = json.loads(text)
            if message["topic"] == topic and all(message.get(name) == value for name, value in values.items()):
                return message
        raise AssertionError(f"the socket closed before {topic}")

    return await asyncio.wait_for(found(), SECONDS)


async def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_says_who_it_is_and_passes_changes_on(jupyter: Jupyter, engine: StubEngine) -> None:
    async with browser(jupyter) as socket:
        server = await until(socket, "server")
        assert (server["version"], server["can_write"]) == (mdeploy_lab.__version__, True)
        await until(socket, "engine", connected=True)
        await until(socket, "hello")
        await eventually(lambda: bool(engine.streams))
        engine.say({"topic": "deployment", "id": "churn", "deployment": deployment(state="deploying")})
        change = await until(socket, "deployment", id="churn")
        assert change["deployment"]["status"]["state"] == "deploying"
        engine.say({"topic": "deleted", "id": "churn"})
        await until(socket, "deleted", id="churn")


async def test_browsers_share_one_subscription_which_ends_with_the_last(jupyter: Jupyter, engine: StubEngine) -> None:
    async with browser(jupyter) as first:
        await until(first, "hello")
        async with browser(jupyter) as second:
            await until(second, "hello")
            assert len(engine.streams) == 1
            engine.say({"topic": "deployment", "id": "churn", "deployment": deployment()})
            await until(first, "deployment")
            await until(second, "deployment")
    assert [asked["path"] for asked in engine.asked].count("/events") == 1
    await eventually(lambda: not engine.streams or engine.streams[0].qsize() == 0)


async def test_says_that_the_engine_went_and_greets_again_when_it_is_back(
    jupyter: Jupyter, engine: StubEngine, home: Home
) -> None:
    async with browser(jupyter) as socket:
        await until(socket, "hello")
        await engine.stop()
        home.socket.unlink()
        away = await until(socket, "engine", connected=False)
        assert away["error"]["code"] == "engine_unavailable"
        engine.start(home.socket)
        await until(socket, "engine", connected=True)
        await until(socket, "hello")


async def test_nobody_listens_without_signing_in(jupyter: Jupyter, engine: StubEngine) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(jupyter.events, proxy=None):
            pass
    assert refused.value.response.status_code == 403
    assert engine.asked == []


async def test_another_sites_page_cannot_listen_with_the_users_cookie(jupyter: Jupyter, engine: StubEngine) -> None:
    async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as http:
        await http.get(f"{jupyter.url}api/contents", params={"token": jupyter.token})
        cookie = "; ".join(f"{each.name}={each.value}" for each in http.cookies.jar)
    async with connect(jupyter.events, additional_headers={"Cookie": cookie}, proxy=None) as socket:
        await until(socket, "server")
    with pytest.raises(InvalidStatus) as refused:
        async with connect(
            jupyter.events, additional_headers={"Cookie": cookie}, origin=Origin("http://evil.example"), proxy=None
        ):
            pass
    assert refused.value.response.status_code == 403


def lines_of(engine: StubEngine, lines: list[str]) -> Callable[[RequestHandler], Awaitable[None]]:
    async def answer(handler: RequestHandler) -> None:
        handler.set_header("Content-Type", "application/x-ndjson")
        for number, line in enumerate(lines, 1):
            handler.write(json.dumps({"at": "2026-11-21T10:00:00Z", "message": line}) + "\n")
            if number % 500 == 0:  # no faster than one who reads can, on a busy machine too
                await handler.flush()
                await asyncio.sleep(0.05)
        await handler.flush()
        await asyncio.Event().wait()

    return answer


async def lines_until(socket: ClientConnection, last: str, **values: Any) -> list[str]:
    """Return the lines that came up to and with ``last``."""
    got: list[str] = []
    while not got or got[-1] != last:
        message = await until(socket, "log", **values)
        got += [line["message"] for line in message["lines"]]
    return got


async def test_follows_a_log_and_shows_its_tail_to_whoever_comes_later(jupyter: Jupyter, engine: StubEngine) -> None:
    engine.answers["GET", "/deployments/churn/logs"] = lines_of(engine, ["one", "two"])
    topic = "log/churn?replica=r1"
    async with browser(jupyter) as first:
        await first.send(json.dumps({"subscribe": topic}))
        await until(first, "hello", subscription=topic)
        assert await lines_until(first, "two") == ["one", "two"]
        async with browser(jupyter) as second:
            await second.send(json.dumps({"subscribe": topic}))
            assert await lines_until(second, "two", id="churn", subscription=topic) == ["one", "two"]
    asked = [each for each in engine.asked if each["path"].endswith("/logs")]
    assert len(asked) == 1
    assert asked[0]["query"] == {"replica": ["r1"], "follow": ["true"], "tail": ["2000"]}


async def test_many_lines_come_in_few_messages_and_in_order(jupyter: Jupyter, engine: StubEngine) -> None:
    lines = [f"line {number}" for number in range(4000)]
    engine.answers["GET", "/deployments/churn/logs"] = lines_of(engine, lines)
    async with browser(jupyter) as socket:
        await socket.send(json.dumps({"subscribe": "log/churn"}))
        got: list[str] = []
        messages = 0
        while len(got) < len(lines):
            message = await until(socket, "log")
            got += [line["message"] for line in message["lines"]]
            messages += 1
    assert got == lines
    assert messages < len(lines) / 50


async def test_a_stalled_browser_is_told_where_lines_of_a_log_are_missing(jupyter: Jupyter, engine: StubEngine) -> None:
    """A busy log while one browser does not read: the other gets every line, the first learns where how many are missing."""
    total, padding, topic = 12_000, "x" * 2000, "log/churn"
    engine.answers["GET", "/deployments/churn/logs"] = lines_of(engine, [f"{number} {padding}" for number in range(total)])
    async with quiet_browser(jupyter) as stalled, browser(jupyter) as reading:
        for socket in (stalled, reading):
            await socket.send(json.dumps({"subscribe": topic}))
        assert await asyncio.wait_for(numbers_until(reading, total), 60) == list(range(total))
        numbers = await asyncio.wait_for(numbers_until(stalled, total), 60)
    assert None in numbers, "it read as quickly as the other"
    assert [number for place, number in enumerate(numbers) if number not in (None, place)] == []


async def numbers_until(socket: ClientConnection, total: int) -> list[int | None]:
    """Return the numbers of the lines, and None for each that was said to be left out, until they are ``total``."""
    numbers: list[int | None] = []
    while len(numbers) < total:
        message = json.loads(await socket.recv())
        if message["topic"] == "skipped":
            assert message["subscription"] == "log/churn"
            numbers += [None] * message["count"]
        elif message["topic"] == "log":
            numbers += [int(line["message"].split()[0]) for line in message["lines"]]
    return numbers


@pytest.mark.parametrize("topic", ["log/../info", "log/churn?path=/etc", "nothing", "log/churn/../x", ""])
async def test_a_topic_cannot_lead_elsewhere(jupyter: Jupyter, engine: StubEngine, topic: str) -> None:
    async with browser(jupyter) as socket:
        await socket.send(json.dumps({"subscribe": topic}))
        refused = await until(socket, "error", subscription=topic)
        assert refused["error"]["code"] == "invalid_input"
    assert {asked["path"] for asked in engine.asked} <= {"/events"}


async def test_a_log_of_nothing_says_so_and_is_not_asked_for_again(jupyter: Jupyter, engine: StubEngine) -> None:
    async with browser(jupyter) as socket:
        await socket.send(json.dumps({"subscribe": "log/gone-one"}))
        away = await until(socket, "engine", connected=False, subscription="log/gone-one")
        assert away["error"]["code"] == "deployment_not_found"
    assert [asked["path"] for asked in engine.asked].count("/deployments/gone-one/logs") == 1


async def test_a_stalled_browser_holds_up_nobody_and_is_told_what_it_missed(jupyter: Jupyter, engine: StubEngine) -> None:
    """Thousands of lines while one browser does not read: the other gets all, the first the newest state and a count."""
    total, padding = 20_000, "x" * 2000
    async with quiet_browser(jupyter) as stalled, browser(jupyter) as reading:
        await until(reading, "hello")
        await eventually(lambda: bool(engine.streams))
        got = 0
        for number in range(total):
            engine.say({"topic": "event", "id": "churn", "event": {"seq": number, "message": padding}})
            engine.say({"topic": "deployment", "id": "churn", "deployment": deployment(version=number)})
            if number % 1000 == 999:
                got += await asyncio.wait_for(count_until(reading, number), 30)
        assert got == total
        seen, skipped = await asyncio.wait_for(drained(stalled, total), 30)
        assert skipped > 0
        assert seen + skipped == total


async def count_until(socket: ClientConnection, last: int) -> int:
    """Return how many events came up to and with ``last``."""
    got = 0
    while True:
        message = json.loads(await socket.recv())
        if message["topic"] == "event":
            got += 1
            if message["event"]["seq"] == last:
                return got


async def drained(socket: ClientConnection, total: int) -> tuple[int, int]:
    """Return how many events came and how many were said to be left out, once the newest state has come."""
    seen, skipped, version = 0, 0, -1
    while version < total - 1 or seen + skipped < total:
        message = json.loads(await socket.recv())
        seen += message["topic"] == "event"
        skipped += message["count"] if message["topic"] == "skipped" else 0
        version = message["deployment"]["resource_version"] if message["topic"] == "deployment" else version
    return seen, skipped


@asynccontextmanager
async def quiet_browser(jupyter: Jupyter) -> AsyncIterator[ClientConnection]:
    """A browser that buffers next to nothing, as one whose tab hangs."""
    headers = {"Authorization": f"token {jupyter.token}"}
    opened: AbstractAsyncContextManager[ClientConnection] = connect(
        jupyter.events, additional_headers=headers, proxy=None, max_queue=1, ping_interval=None
    )
    async with opened as socket:
        yield socket


async def test_outbox_keeps_the_newest_state_and_counts_what_it_drops() -> None:
    outbox = Outbox(limit=3)
    for version in range(10):
        outbox.put({"topic": "deployment", "id": "a", "deployment": {"v": version}})
    outbox.put({"topic": "deleted", "id": "b"})
    for number in range(5):
        outbox.put({"topic": "log", "id": "a", "line": {"message": f"{number}"}})
    outbox.put({"topic": "skipped", "id": "a", "count": 7})
    got = [await asyncio.wait_for(outbox.get(), 1) for _ in range(4)]
    assert got == [
        {"topic": "deployment", "id": "a", "deployment": {"v": 9}},
        {"topic": "deleted", "id": "b"},
        {"topic": "log", "id": "a", "lines": [{"message": "0"}]},
        {"topic": "skipped", "id": "a", "count": 11},
    ]


async def test_outbox_says_a_gap_where_it_is() -> None:
    outbox = Outbox(limit=4)
    for number in range(6):
        outbox.put({"topic": "log", "id": "a", "subscription": "log/a", "line": {"message": f"{number}"}})
    assert [line["message"] for line in (await outbox.get())["lines"]] == ["0", "1", "2", "3"]
    outbox.put({"topic": "log", "id": "a", "subscription": "log/a", "line": {"message": "6"}})
    outbox.put({"topic": "log", "id": "b", "subscription": "log/b", "line": {"message": "0"}})
    assert [await outbox.get() for _ in range(3)] == [
        {"topic": "skipped", "id": "a", "subscription": "log/a", "count": 2},
        {"topic": "log", "id": "a", "subscription": "log/a", "lines": [{"message": "6"}]},
        {"topic": "log", "id": "b", "subscription": "log/b", "lines": [{"message": "0"}]},
    ]


async def test_outbox_never_makes_the_reader_of_a_flood_wait_for_the_count() -> None:
    """Somebody who is always slower than what comes still learns that lines are missing."""
    outbox = Outbox(limit=4)
    numbers: list[int] = []
    for turn in range(50):
        for number in range(10 * turn, 10 * turn + 10):
            outbox.put({"topic": "event", "id": "a", "event": number})
        for _ in range(2):
            message = await outbox.get()
            numbers += [-1] * message["count"] if message["topic"] == "skipped" else [message["event"]]
    assert -1 in numbers
    assert all(number in (-1, place) for place, number in enumerate(numbers))


async def test_outbox_makes_no_message_too_large_for_a_browser() -> None:
    outbox = Outbox()
    for _ in range(40):
        outbox.put({"topic": "log", "id": "a", "line": {"message": "x" * 16_000}})
    assert [len((await outbox.get())["lines"]) for _ in range(4)] == [12, 12, 12, 4]


async def test_outbox_lets_a_deletion_replace_the_state_before_it() -> None:
    outbox = Outbox()
    outbox.put({"topic": "deployment", "id": "a", "deployment": {}})
    outbox.put({"topic": "deleted", "id": "a"})
    assert await outbox.get() == {"topic": "deleted", "id": "a"}
    assert len(outbox) == 0
