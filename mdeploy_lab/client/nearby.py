"""Ids of a running engine for completion: asked quickly, never starting one, with the standard library alone."""

from __future__ import annotations


def running_ids(seconds: float) -> list[str]:
    """Return the ids of this home's deployments; none when no engine answers within ``seconds``."""
    import http.client
    import json
    import socket

    from mdeploy_lab.paths import find_home

    connection = http.client.HTTPConnection("mdeploy", timeout=seconds)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(seconds)
    try:
        connection.sock.connect(str(find_home().socket))
        connection.request("GET", "/deployments")
        answer = json.loads(connection.getresponse().read())
        return [str(d["id"]) for d in answer["deployments"]]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return []
    finally:
        connection.close()
