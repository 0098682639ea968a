"""What the extension costs Jupyter when it starts: little, and none of the libraries that models need."""

from __future__ import annotations

import json
import subprocess
import sys

MOST_MS = 100
"""Milliseconds of processor time, so that other work of this machine does not count."""
HEAVY = ("mlflow", "pandas", "numpy", "pydantic", "fastapi", "IPython.core.interactiveshell")
CODE = f"""
import json, sys, time
import jupyter_server.serverapp, jupyterlab.labapp
before = set(sys.modules)
began = time.process_time()
import mdeploy_lab.server
points = mdeploy_lab.server._jupyter_server_extension_points()
took = (time.process_time() - began) * 1000
print(json.dumps([took, [m for m in {HEAVY!r} if m in sys.modules and m not in before]]))
"""


def test_jupyter_starts_as_fast_with_the_extension_as_without():
    runs = [json.loads(subprocess.check_output([sys.executable, "-c", CODE])) for _ in range(3)]
    assert min(took for took, _ in runs) <= MOST_MS, runs
    assert all(not loaded for _, loaded in runs)
