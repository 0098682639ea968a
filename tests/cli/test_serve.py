"""``mdeploy serve`` as a user has it: a process in the foreground, saves that change its answers, Ctrl-C."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.timeout(120)
DEADLINE = 40.0


class Foreground:
    """The command, and what it has said until now."""

    def __init__(self, *words: str, **environ: str) -> None:
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mdeploy_lab.cli", "serve", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "NO_COLOR": "1", **environ},
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        self.said.extend(iter(self.process.stdout.readline, ""))

    @property
    def text(self) -> str:
        return "".join(self.said)

    def until(self, what, condition):
        """Return what ``condition`` returns, as soon as it is true."""
        end = time.monotonic() + DEADLINE
        while not (found := condition()):
            assert time.monotonic() < end, f"{what}\n{self.text}"
            time.sleep(0.02)
        return found

    def says(self, text, times=1):
        self.until(f"waits for {text!r}", lambda: self.text.count(text) >= times)

    def url(self):
        self.says("URL  ")
        return next(line.split()[1] for line in self.said if line.startswith("URL  "))

    def end(self, number=signal.SIGINT):
        self.process.send_signal(number)
        status = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        self.process.stdout.close()
        return status


@pytest.fixture
def serve():
    started = []
    root = Path(tempfile.mkdtemp(prefix="mds", dir="/tmp"))  # short: sockets lie in it

    def start(*words, **environ):
        started.append(Foreground(*words, TMPDIR=str(root), **environ))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGTERM)
        elif not one.process.stdout.closed:
            one.process.stdout.close()
    left = [] if any(one.process.returncode == -signal.SIGKILL for one in started) else list(root.iterdir())
    shutil.rmtree(root)
    assert not left


def ask(url):
    return httpx.post(
        url + "/invocations", json={"inputs": [1]}, headers={"X-Forwarded-User": "web"}, trust_env=False, timeout=30
    )


def test_a_save_changes_the_answer_and_a_broken_one_says_its_line(serve, tmp_path):
    script = tmp_path / "churn" / "serve.py"
    script.parent.mkdir()
    text = "EXAMPLE = [1]\ndef load(path): return {what}\ndef predict(x, model, context): return [model, context.user]\n"
    script.write_text(text.format(what=1))
    shown = serve(str(script.parent), "--port", "0")
    url = shown.url()
    assert ask(url).json()["predictions"] == [1, "web"]
    shown.says("POST /invocations 200")
    assert f"curl -s {url}/invocations -H 'Content-Type: application/json' -d '{{\"inputs\": [1]}}'" in shown.text

    script.write_text(text.format(what=22))
    shown.until("a changed answer", lambda: ask(url).json()["predictions"] == [22, "web"])

    script.write_text(text.format(what="1 / 0"))
    shown.says("error: serve.py, line 2, in load: ZeroDivisionError: division by zero")
    shown.says("waiting for the next save")
    assert f'File "{script}", line 2, in load' in shown.text
    refused = ask(url)
    assert (refused.status_code, refused.json()["code"]) == (503, "script_failed")
    assert refused.json()["message"].startswith("serve.py, line 2, in load")

    script.write_text(text.format(what="("))
    shown.says("error: serve.py, line 2: ")

    script.write_text(text.format(what=333))
    shown.until("an answer again", lambda: (found := ask(url)).status_code == 200 and found.json()["predictions"][0] == 333)
    assert shown.end() == 0
    with pytest.raises(httpx.ConnectError):
        ask(url)


def test_only_what_would_travel_is_there_and_variables_are_the_given_ones(serve, tmp_path):
    (tmp_path / "weights.txt").write_text("w")
    (tmp_path / "requirements.txt").write_text("numpy<1\n")
    (tmp_path / "chosen.txt").write_text("c")
    (tmp_path / "mine.py").write_text(
        "import os, sys\n"
        "def predict(x, path):\n"
        "    return [path.read_text(), os.path.exists('weights.txt'), os.environ.get('A'), os.environ.get('HIDDEN')]\n"
    )
    shown = serve(str(tmp_path / "mine.py"), "--port", "0", "--model", str(tmp_path / "chosen.txt"), "--env", "A=1", HIDDEN="h")
    assert ask(shown.url()).json()["predictions"] == ["c", False, "1", None]
    assert "note: packages differ from requirements.txt: numpy " in shown.text


def test_without_reload_a_failure_ends_it_with_1(serve, tmp_path):
    (tmp_path / "serve.py").write_text("import os\ndef load(path): os._exit(7)\ndef predict(x): return x\n")
    shown = serve(str(tmp_path), "--port", "0", "--no-reload")
    assert shown.process.wait(DEADLINE) == 1
    shown.says("the script's process exited with code 7")


def test_json_is_one_document_and_then_the_log(serve, tmp_path):
    (tmp_path / "serve.py").write_text("def predict(x): return x\n")
    shown = serve(str(tmp_path), "--port", "0", "--json")
    told = json.loads(shown.until("the document", lambda: shown.said and shown.said[0]))
    assert ask(told["url"]).status_code == 200
    shown.says("POST /invocations")
    assert json.loads(next(line for line in shown.said if "POST /invocations" in line))["status"] == 200


def test_a_second_ctrl_c_does_not_wait_for_a_prediction(serve, tmp_path):
    (tmp_path / "serve.py").write_text("import threading\ndef predict(x):\n    print('begun')\n    threading.Event().wait()\n")
    shown = serve(str(tmp_path), "--port", "0")
    url = shown.url()

    def call():
        with pytest.raises(httpx.HTTPError):
            ask(url)

    caller = threading.Thread(target=call)
    caller.start()
    shown.says("begun")
    begun = time.monotonic()
    shown.process.send_signal(signal.SIGINT)
    shown.says("Ctrl-C once more")
    assert shown.end() == 0
    assert time.monotonic() - begun < 4
    caller.join(DEADLINE)


def test_nothing_lives_on_when_it_is_killed(serve, tmp_path):
    (tmp_path / "serve.py").write_text("import os\ndef predict(x): return [os.getpid()]\n")
    shown = serve(str(tmp_path), "--port", "0")
    (pid,) = ask(shown.url()).json()["predictions"]
    shown.process.kill()
    shown.process.wait(DEADLINE)
    shown.until("the replica to end", lambda: not Path(f"/proc/{pid}/cmdline").exists())
