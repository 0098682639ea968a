"""A deployment as a Jupyter widget: the interface in a cell, with traits to observe and to compose with other widgets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mdeploy_lab.client.deployment import Deployment
from mdeploy_lab.client.loop import LOOP
from mdeploy_lab.client.mime import payload
from mdeploy_lab.client.panels import View
from mdeploy_lab.errors import MDeployError, NotCapable
from mdeploy_lab.models.deployment import Deployment as Snapshot
from mdeploy_lab.notebook.bundle import asset
from mdeploy_lab.notebook.channels import DEPLOYMENTS, Message, channels_of
from mdeploy_lab.notebook.relay import KIND, Relay

try:
    import anywidget
    import traitlets
except ImportError as missing:
    raise NotCapable(
        f"a widget needs {missing.name}, which this Python does not have", hint='pip install "mdeploy-lab[lab]"'
    ) from missing

LOADER = Path(__file__).parent / "loader.js"


class DeploymentWidget(anywidget.AnyWidget):  # type: ignore[misc]  # anywidget is untyped here
    """One deployment. ``state``, ``health``, ``ready`` and the rest follow it; ``replicas`` and ``query`` can be set.

    Setting ``replicas`` changes the deployment. Setting ``query`` sends it in the dialect ``/invocations``; ``response`` is
    what came back: ``status``, ``body``, ``latency_ms``, …. What the query tester in the widget sends appears in both as well.
    ``error`` is the last refusal in one line, or empty.
    """

    _esm = LOADER
    id = traitlets.Unicode(read_only=True).tag(sync=True)
    view = traitlets.Unicode("card").tag(sync=True)
    asset = traitlets.Unicode().tag(sync=True)
    snapshot = traitlets.Dict().tag(sync=True)
    state = traitlets.Unicode(read_only=True)
    health = traitlets.Unicode(read_only=True)
    url = traitlets.Unicode(read_only=True)
    revision = traitlets.Int(read_only=True)
    ready = traitlets.Int(read_only=True)
    replicas = traitlets.Int()
    query = traitlets.Any(allow_none=True)
    response = traitlets.Any(allow_none=True)
    error = traitlets.Unicode("", read_only=True)

    def __init__(self, deployment: Deployment, view: View = "card", **options: Any) -> None:
        self._deployment = deployment
        self._taking = threading.local()
        self._in_kernel = _kernel_runner()
        snapshot = deployment.snapshot()
        self._channels = channels_of(deployment.twin.client)
        self._listener = self._hear
        self._relay = Relay(self._channels, self._tell_front_end, self._asked)
        with self._take():
            super().__init__(view=view, asset=asset(), **_traits(snapshot), **options)
            self.set_trait("id", snapshot.id)
            self._show(snapshot)
        self.on_msg(lambda _widget, content, _buffers: self._relay.receive(content))
        LOOP.soon(self._channels.join, DEPLOYMENTS, self._listener)

    def __repr__(self) -> str:
        return f"<widget of deployment {self.id}: {self.state}>"

    def close(self) -> None:
        """End following; the deployment goes on."""
        self._relay.close()
        LOOP.soon(self._channels.leave, DEPLOYMENTS, self._listener)
        super().close()

    # -- what happens elsewhere ----------------------------------------------------------------------------------

    def _tell_front_end(self, message: Message) -> None:
        if self.comm is not None:
            self.send(message)

    def _hear(self, message: Message) -> None:
        """Take what the engine pushed; called on the client's loop."""
        self._relay.offer(message, self.id)
        if message.get("topic") == "deployment" and message.get("id") == self.id and message.get("deployment"):
            snapshot = Snapshot.model_validate(message["deployment"])
            self._in_kernel(lambda: self._take_in(snapshot))
        elif message.get("topic") == "hello":
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            snapshot = (await self._deployment.twin.refresh()).snapshot()
        except MDeployError as error:
            refusal = error
            self._in_kernel(lambda: self._refuse(refusal))
        else:
            self._in_kernel(lambda: self._take_in(snapshot))

    def _take_in(self, snapshot: Snapshot) -> None:
        with self._take():
            self._show(snapshot)

    def _show(self, snapshot: Snapshot) -> None:
        values = {"state": snapshot.status.state, "health": snapshot.status.health, "url": snapshot.url}
        counts = {"revision": snapshot.status.revision, "ready": snapshot.status.replicas.ready}
        for name, value in {**values, **counts}.items():
            self.set_trait(name, value)
        self.snapshot = payload(snapshot)
        self.replicas = snapshot.spec.replicas

    def _asked(self, path: str, body: Any, answer: Any) -> None:
        """Show in the traits what the query tester sent; called on the client's loop."""
        if path.endswith(f"/{self.id}/predict") and isinstance(body, dict):
            self._in_kernel(lambda: self._keep(body.get("body"), answer))

    def _keep(self, body: Any, answer: Any) -> None:
        with self._take():
            self.query = body
            self.response = answer

    # -- what the user sets --------------------------------------------------------------------------------------

    @contextmanager
    def _take(self) -> Iterator[None]:
        """Set traits to what is, without wanting it."""
        before = getattr(self._taking, "now", False)
        self._taking.now = True
        try:
            yield
        finally:
            self._taking.now = before

    @traitlets.observe("replicas")  # type: ignore[untyped-decorator]
    def _scale(self, change: Any) -> None:
        if not getattr(self._taking, "now", False):
            self._want(lambda: self._deployment.update(replicas=change["new"], wait=False))

    @traitlets.observe("query")  # type: ignore[untyped-decorator]
    def _ask(self, change: Any) -> None:
        if getattr(self._taking, "now", False) or change["new"] is None:
            return
        answer = self._want(lambda: self._deployment.query(change["new"]))
        if answer is not None:
            self.response = answer.model_dump(mode="json")

    def _want(self, act: Callable[[], Any]) -> Any:
        try:
            done = act()
        except MDeployError as error:
            self._refuse(error)
            return None
        self.set_trait("error", "")
        return done

    def _refuse(self, error: MDeployError) -> None:
        self.set_trait("error", f"{error.message} (hint: {error.hint})" if error.hint else error.message)


def _traits(snapshot: Snapshot) -> dict[str, Any]:
    return {"replicas": snapshot.spec.replicas, "snapshot": payload(snapshot)}


def _kernel_runner() -> Callable[[Callable[[], None]], None]:
    """Return what runs a function in the kernel's own thread, where users' observers expect to be called."""
    from IPython.core.getipython import get_ipython

    kernel = getattr(get_ipython(), "kernel", None)
    loop = getattr(kernel, "io_loop", None)
    return loop.add_callback if loop is not None else lambda function: function()


def widget(deployment: Deployment, view: View = "card") -> DeploymentWidget:
    """Return a deployment as a widget."""
    return DeploymentWidget(deployment, view)


__all__ = ["KIND", "DeploymentWidget", "widget"]
