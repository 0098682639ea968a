"""``%deploy`` in a real kernel: what a cell shows while it waits, and after it was interrupted."""

from __future__ import annotations

import time

import pytest
from jupyter_client.manager import KernelManager

from tests.client.home import until

pytestmark = pytest.mark.timeout(240)

SLOW = """
import time
class Slow:
    def predict(self, rows):
        return rows
    def __setstate__(self, state):
        time.sleep(3)
lazy = Slow()
"""


@pytest.fixture
def kernel(here, served, tmp_path):
    manager = KernelManager()
    manager.start_kernel(env={**here.environ, "IPYTHONDIR": str(tmp_path)}, cwd=str(tmp_path))
    kernel = manager.client()
    kernel.start_channels()
    kernel.wait_for_ready(timeout=60)
    kernel.manager = manager
    yield kernel
    kernel.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()


def outputs(kernel, message, seconds=120):
    """Return what a cell put out, as (type, content) in order."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        said = kernel.get_iopub_msg(timeout=seconds)
        if said["parent_header"].get("msg_id") != message:
            continue
        if said["msg_type"] == "status" and said["content"]["execution_state"] == "idle":
            return found
        found.append((said["msg_type"], said["content"]))
    raise AssertionError("the cell did not end")


def run(kernel, code):
    return outputs(kernel, kernel.execute(code))


def test_a_cell_shows_one_output_that_is_updated_into_the_summary(kernel, client):
    run(kernel, "%load_ext mdeploy_lab")
    run(kernel, SLOW)
    found = run(kernel, "d = %deploy lazy --name lazily")
    try:
        shown = [c for kind, c in found if kind == "display_data"]
        updates = [c for kind, c in found if kind == "update_display_data"]
        assert len(shown) == 1
        assert {c["transient"]["display_id"] for c in shown + updates} == {shown[0]["transient"]["display_id"]}
        assert any("load" in c["data"]["text/plain"] for c in updates)
        summary = updates[-1]["data"]
        assert "lazily is deployed" in summary["text/plain"]
        for part in ("URL", "curl -u CLIENT", "Start", "Took"):
            assert part in summary["text/html"]
        assert "<script" not in summary["text/html"]
        assert [kind for kind, _ in found if kind == "error"] == []
    finally:
        client.get("lazily").delete()


def test_interrupting_the_cell_stops_the_waiting_and_says_what_stops_the_deployment(kernel, client):
    run(kernel, "%load_ext mdeploy_lab")
    run(kernel, SLOW)
    message = kernel.execute("d = %deploy lazy --name patient")
    until("the deployment", lambda: client.deployments(search="patient"), 60)
    kernel.manager.interrupt_kernel()
    found = outputs(kernel, message)
    said = "".join(c["text"] for kind, c in found if kind == "stream")
    assert "`%deploy stop patient` stops it" in said
    assert "Traceback" not in said + str([c for kind, c in found if kind == "error"])
    patient = client.get("patient")
    assert patient.wait("deployed", timeout=60).state == "deployed"
    patient.delete()
