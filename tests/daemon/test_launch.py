"""The engine comes up also when the last one's supervisor is just leaving."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

from mdeploy_lab.daemon import alive, launch
from tests.server.jupyter import engine_home


def test_one_that_meets_a_leaving_supervisor_is_started_again():
    with engine_home() as home:
        home.create()
        leaving = alive.take(alive.supervisor_file(home))
        threading.Timer(0.8, os.close, [leaving]).start()  # longer than the first one needs to meet it and to leave
        begun = time.monotonic()
        command = [sys.executable, "-m", "mdeploy_lab.daemon", "start", "--home", str(home.root)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, done.stderr
        assert launch.answers(home)
        assert time.monotonic() - begun < 30
