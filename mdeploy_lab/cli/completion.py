"""Ids for the shell's completion: asked of a running engine, which is never started for that."""

from __future__ import annotations

from typing import Any

SECONDS = 0.5


def complete_ids(_context: Any, _param: Any, incomplete: str) -> list[str]:
    """Return the ids that begin with what was typed; none when no engine answers quickly."""
    import http.client
    import json
    import socket

    from mdeploy_lab.paths import find_home

    connection = http.client.HTTPConnection("mdeploy", timeout=SECONDS)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(SECONDS)
    try:
        connection.sock.connect(str(find_home().socket))
        connection.request("GET", "/deployments")
        answer = json.loads(connection.getresponse().read())
        return [d["id"] for d in answer["deployments"] if d["id"].startswith(incomplete)]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return []
    finally:
        connection.close()
