"""HTTP to the API, against a server that answers as it is told: broken connections, odd answers, errors as classes."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from mdeploy_lab.client.start import refusal, version_key
from mdeploy_lab.client.transport import Transport, segment
from mdeploy_lab.errors import EngineUnavailable, MDeployError, NameTaken, StaleEdit
from mdeploy_lab.models.requests import Act
from mdeploy_lab.paths import Home

DROP = object()


class Script:
    """Answers in order; what it was asked is kept."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def __call__(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode().split("\r\n")
                headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.asked.append((lines[0], headers, body))
                answer = self.answers.pop(0)
                if answer is DROP:
                    break
                status, content = answer
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@pytest.fixture
def serving(tmp_path):
    @asynccontextmanager
    async def serve(*answers):
        script = Script(*answers)
        home = Home(tmp_path, tmp_path)
        server = await asyncio.start_unix_server(script, path=str(home.socket))
        transport = Transport(home, start=False)
        try:
            yield transport, script
        finally:
            await transport.close()
            server.close()

    return serve


async def test_an_error_body_is_the_same_class_again(serving):
    body = NameTaken("churn is taken", hint="choose another", details={"field": "id"}).to_body()
    async with serving((409, body)) as (transport, _):
        with pytest.raises(NameTaken, match="churn is taken") as caught:
            await transport.get("/deployments")
    assert caught.value.hint == "choose another"
    assert caught.value.details == {"field": "id"}


async def test_an_unknown_reason_becomes_the_nearest_class_by_status(serving):
    async with serving((409, {"message": "no", "reason": "OfTomorrow"}), (409, StaleEdit("old").to_body())) as (transport, _):
        with pytest.raises(MDeployError) as caught:
            await transport.get("/x")
        assert type(caught.value).__name__ == "Conflict"
        with pytest.raises(StaleEdit):
            await transport.get("/x")


async def test_an_answer_that_is_no_json_is_said_to_be_none_of_ours(serving):
    async with serving((502, b"<html>Bad gateway</html>")) as (transport, _):
        with pytest.raises(MDeployError, match="answered 502"):
            await transport.get("/x")


async def test_a_post_whose_connection_breaks_is_sent_again_with_the_same_key(serving):
    async with serving(DROP, (200, {"ok": 1})) as (transport, script):
        assert await transport.post("/deployments/churn/stop", Act(message="m")) == {"ok": 1}
    keys = {headers["idempotency-key"] for _, headers, _ in script.asked}
    assert (len(script.asked), len(keys)) == (2, 1)
    assert json.loads(script.asked[1][2]) == {"message": "m"}


async def test_a_patch_whose_connection_breaks_is_not_sent_again(serving):
    async with serving(DROP) as (transport, script):
        with pytest.raises(EngineUnavailable):
            await transport.send("PATCH", "/deployments/churn", body=Act())
    assert len(script.asked) == 1


async def test_nobody_there_is_said_with_what_starts_it(tmp_path):
    transport = Transport(Home(tmp_path, tmp_path), start=False)
    with pytest.raises(EngineUnavailable, match="nothing answers") as caught:
        await transport.get("/info")
    assert "mdeploy engine start" in caught.value.hint
    await transport.close()


async def test_the_actor_goes_along_and_no_idle_connection_is_used_after_its_end(serving):
    async with serving((200, {}), DROP, (200, {})) as (transport, script):
        await transport.get("/a")
        await transport.get("/b")
    assert script.asked[0][1]["x-mdeploy-actor"]
    assert [line.split()[1] for line, _, _ in script.asked] == ["/a", "/b", "/b"]


def test_a_segment_stays_one_segment():
    assert segment("a/../b") == "a%2F..%2Fb"
    assert segment("é #?") == "%C3%A9%20%23%3F"


def test_newer_versions_sort_after_older_ones():
    order = ["0.1.0.dev1", "0.1.0", "0.1.1", "0.2.0rc1", "0.2.0", "0.10.0", "1.0"]
    assert [version_key(v) for v in order] == sorted(version_key(v) for v in order)


def test_the_starters_words_become_the_error(tmp_path):
    error = refusal("warning: x\nerror: the disk is full\n\nhint: free some space\n", Home(tmp_path, tmp_path))
    assert (error.message, error.hint) == ("the disk is full", "free some space")
    assert refusal("", Home(tmp_path, tmp_path)).hint
