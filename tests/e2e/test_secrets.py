"""No token, pass or key in a log, a process list, a URL, or a file that others can read."""

from __future__ import annotations

import stat
from pathlib import Path

import httpx
import pytest

from mdeploy_lab.paths import Home
from tests.e2e.census import census, until
from tests.e2e.conftest import engine

MARKER = "s3cr3t-value-of-a-variable"


@pytest.fixture(scope="module")
def used(home, client, models, iris, tmp_path_factory):
    """Return the secrets of a deployment that was called in every way, right and wrong."""
    keep = tmp_path_factory.mktemp("secrets") / "key"
    keep.write_text(MARKER)
    made = client.deploy(
        models[0], name="secret", input_example=iris[0].head(), secret_env={"API_KEY": f"file:{keep}"}, timeout=60
    )
    tokens = [made.clients.add("web").token.reveal(), made.clients.rotate("web").token.reveal()]
    body = {"dataframe_split": iris[0].head(2).to_dict(orient="split")}
    with httpx.Client(trust_env=False) as http:
        for token in tokens:
            until("the token to work", lambda t=token: ask(http, made.url, body, f"Bearer {t}") == 200)
            assert ask(http, made.url, body, token) == 200
            assert http.post(f"{made.url}/invocations", json=body, auth=("web", token)).status_code == 200
            assert http.post(f"{made.url}/invocations", json=body, auth=("other", token)).status_code == 401
            assert ask(http, made.url, {"nonsense": 1}, token) == 400
    with engine(home) as http:
        passed = http.post(f"/deployments/{made.id}/pass").json()
    made.predict(iris[0].head(2))
    made.stop()
    return [*(t.split(".", 1)[1] for t in tokens), passed["token"], MARKER]


def ask(http: httpx.Client, url: str, body: object, authorization: str) -> int:
    return http.post(f"{url}/invocations", json=body, headers={"authorization": authorization}).status_code


def files(home: Home) -> list[Path]:
    return [p for root in (home.root, home.run) for p in root.rglob("*") if p.is_file() and not p.is_symlink()]


def test_no_file_of_the_home_holds_a_token_or_a_pass(home, used):
    found = {(str(p), s[:6]) for p in files(home) for s in used if s.encode() in p.read_bytes()}
    assert not found


def test_no_process_shows_a_secret(home, used):
    for process in census(home):
        if process.kind in {"replica", "warm parent"}:
            continue  # a model's own variables are in its own environment, which only its user can read
        raw = Path(f"/proc/{process.pid}/cmdline").read_bytes() + Path(f"/proc/{process.pid}/environ").read_bytes()
        assert not any(s.encode() in raw for s in used), process


def test_the_api_and_the_history_redact_secrets(home, used, client):
    with engine(home) as http:
        paths = ("", "/history", "/revisions", "/events", "/clients", "/logs", "/replicas")
        text = "".join(http.get(f"/deployments/secret{path}").text for path in paths)
    assert not any(s in text for s in used)
    assert "file:" in text


def test_nobody_else_can_enter_the_home_and_keys_are_private(home, used):
    for root in (home.root, home.run):
        assert stat.S_IMODE(root.stat().st_mode) == 0o700
    for key in home.keys.iterdir():
        assert stat.S_IMODE(key.stat().st_mode) & 0o077 == 0, key
    for entry in home.run.rglob("*"):
        assert entry.is_symlink() or entry.lstat().st_uid == home.root.stat().st_uid
