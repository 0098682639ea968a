"""Puts the extension together."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join
from traitlets import Bool, Unicode

import mdeploy_lab
from mdeploy_lab.errors import MDeployError
from mdeploy_lab.paths import find_home
from mdeploy_lab.server import EXTENSION
from mdeploy_lab.server.api import ApiHandler
from mdeploy_lab.server.endpoint import EndpointHandler
from mdeploy_lab.server.engine import EngineLink
from mdeploy_lab.server.events import EventsHandler
from mdeploy_lab.server.topics import Topics


class MDeployApp(ExtensionApp):  # type: ignore[misc]  # jupyter_server is untyped
    """Relays Jupyter's users to the engine of this machine's home."""

    name = EXTENSION
    app_name = "mdeploy"
    extension_url = "/mdeploy/api/info"
    load_other_extensions = True
    description = "Deploy machine-learning models from the notebook where they were trained"
    version = mdeploy_lab.__version__

    home = Unicode("", help="The home; empty: $MDEPLOY_HOME, else the platform's data directory.").tag(config=True)
    start_engine = Bool(
        True, help="Start the engine with Jupyter when the home has deployments, so that they run again after a reboot."
    ).tag(config=True)

    aliases: ClassVar[dict[str, Any]] = {}
    flags: ClassVar[dict[str, Any]] = {}

    def initialize_settings(self) -> None:
        """Make the parts that all handlers share."""
        self.engine = EngineLink(find_home(self.home or None))
        self.topics = Topics(self.engine, self.log)
        self._starting: asyncio.Task[None] | None = None
        # The panel follows deployments unasked, as for the status bar, only in a home that has some.
        page = self.serverapp.web_app.settings.setdefault("page_config_data", {})
        page["mdeployUsed"] = self.engine.home.database.exists()

    def initialize_handlers(self) -> None:
        """Route ``<base>/mdeploy/…``."""
        base = self.serverapp.base_url
        api, endpoint = url_path_join(base, "mdeploy/api"), url_path_join(base, "mdeploy/endpoint/")
        self.handlers.extend(
            [
                (r"/mdeploy/api/events", EventsHandler, {"topics": self.topics}),
                (r"/mdeploy/api(/.*)", ApiHandler, {"engine": self.engine, "prefix": api}),
                (r"/mdeploy/endpoint/(.*)", EndpointHandler, {"engine": self.engine, "prefix": endpoint}),
            ]
        )

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        del serverapp
        if self.start_engine and self.engine.home.database.exists() and not self.engine.ended_on_purpose:
            self._starting = asyncio.create_task(self._start_engine(), name="mdeploy engine start")

    async def _start_engine(self) -> None:
        try:
            await self.engine.start()
        except MDeployError as error:
            self.log.warning("mdeploy: %s (hint: %s)", error.message, error.hint)

    async def stop_extension(self) -> None:
        """End what this server follows; the engine and the deployments go on."""
        if self._starting is not None:
            self._starting.cancel()
        await self.topics.close()
