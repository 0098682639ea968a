"""The Jupyter server extension: authenticates people, and relays what they ask to the engine.

Layers, top to bottom; each knows only those below it::

    app         wires everything together
    api         REST for signed-in people        events    the WebSocket        endpoint    models, through Jupyter
    feed        one subscription to the engine, shared by all browsers
    engine      the engine's socket, started when needed
    upstream    one HTTP exchange over a socket, streamed both ways
    outbox, headers, identity        no I/O

No mlflow, pydantic or httpx is imported here, so Jupyter starts as fast as without it.
"""

from __future__ import annotations

from mdeploy_lab import __version__

__all__ = ["EXTENSION", "__version__", "_jupyter_server_extension_points"]

EXTENSION = "mdeploy_lab"


def _jupyter_server_extension_points() -> list[dict[str, object]]:
    from mdeploy_lab.server.app import MDeployApp

    return [{"module": "mdeploy_lab.server", "app": MDeployApp}]
