"""Resolve models for the engine, which never imports mlflow.

Local directories are read here; everything else is asked of a worker process.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mdeploy_lab.errors import InvalidInput, MDeployError, ModelNotFound
from mdeploy_lab.models.deployment import Model
from mdeploy_lab.models.registry import ModelVersionDetails, ModelVersionInfo, RegisteredModelInfo, RegistryPlace
from mdeploy_lab.models.requests import ModelSource
from mdeploy_lab.paths import Home
from mdeploy_lab.registry import backend as backends
from mdeploy_lab.registry import cache, environment, facts, mlmodel, scripts, template
from mdeploy_lab.registry.worker_process import WorkerProcess

Progress = Callable[[float | None, str], None]
"""Called on the event loop with a fraction (None: unknown) and a few words."""

WARM_SECONDS = 120.0
RESOLVE_SECONDS = 60.0
LIST_SECONDS = 60.0
FACTS_SECONDS = 20.0
SCRIPT_SECONDS = 3600.0
"""A script's folder may hold large weights, which are copied."""
DOWNLOAD_SECONDS = 24 * 3600.0


class Registry:
    """The registry as the engine sees it."""

    def __init__(self, home: Home, python: str = sys.executable) -> None:
        self._home = home
        self._worker = WorkerProcess(python, log=home.logs / "registry.log")
        self._downloads: dict[str, asyncio.Lock] = {}
        self._warming: asyncio.Task[None] | None = None

    def warm(self) -> None:
        """Start the worker, let it import mlflow and make the registry template, in the background."""
        if self._warming is None or self._warming.done():
            self._warming = asyncio.get_running_loop().create_task(self._warm())

    async def _warm(self) -> None:
        """Do early what the first call would wait for; a failure is told to whoever makes that call."""
        with suppress(MDeployError, OSError):
            await self._worker.call("warm", {}, deadline=WARM_SECONDS)
            if self._backend("", "").ours:
                await asyncio.to_thread(template.provide, self._home)
            await self.models()

    async def close(self) -> None:
        """End the worker."""
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)
        await self._worker.close()

    async def resolve(self, source: ModelSource, name: str = "", *, dry_run: bool = False) -> Model:
        """Return the model that a URI means now; a serving script becomes a version of the registered model ``name``.

        Raises
        ------
        ModelNotFound
            When it leads nowhere; the hint names near ones.
        ModelNotSupported
            When a script cannot be one.
        RegistryUnavailable
            When the registry does not answer.
        """
        backend = self._backend(source.tracking_uri, source.registry_uri)
        local = Path(source.source) if source.source else _local(source.uri)
        if source.script or (local is not None and await asyncio.to_thread(scripts.is_script, local)):
            return await self._script(source, local, name, backend, dry_run=dry_run)
        if local is not None:
            return await asyncio.to_thread(_read, source, local, backend)
        if ":/" not in source.uri:
            raise ModelNotFound(
                f"{source.uri} is no model", hint="give models:/name/version, runs:/id/path, or an absolute path"
            )
        found = await self._worker.call("resolve", {"uri": source.uri, **_uris(backend)}, deadline=RESOLVE_SECONDS)
        model = Model.model_validate(found)
        where = backends.local_path(model.source)
        if where is not None:
            try:
                told = await asyncio.to_thread(_read, source, where, backend)
            except ModelNotFound as error:
                raise ModelNotFound(
                    f"the files of {model.uri} are gone: {error.message}", hint="deploy another version, or log it again"
                ) from error
            model = told.model_copy(
                update={
                    "uri": model.uri,
                    "name": model.name,
                    "version": model.version,
                    "run_id": model.run_id or told.run_id,
                    "model_id": model.model_id or told.model_id,
                }
            )
        return model.model_copy(update={"interpreter": source.interpreter or model.interpreter})

    async def _script(
        self, source: ModelSource, local: Path | None, name: str, backend: backends.Backend, *, dry_run: bool
    ) -> Model:
        before = (str(local) if local is not None else source.uri) if source.script else ""
        path = Path(source.script or str(local))
        if not path.is_absolute():
            raise InvalidInput(f"the path {path} is relative", hint="give the whole path of the script")
        if dry_run:
            await asyncio.to_thread(scripts.read, path, local if source.script else None)
            return Model(uri=str(path), requested=str(path), source=str(path), interpreter=source.interpreter)
        arguments = {
            "path": str(path),
            "model": before,
            "name": name or path.stem,
            "home": str(self._home.root),
            "interpreter": source.interpreter.model_dump(mode="json") if source.interpreter is not None else None,
            "origin": "home" if backend.tracking_uri == backends.home_uri(self._home) else backend.origin,
            **_uris(backend),
        }
        found = await self._worker.call("script", arguments, deadline=SCRIPT_SECONDS)
        made = ModelSource(uri=found["uri"], source=found["source"], interpreter=source.interpreter, **_uris(backend))
        return (await self.resolve(made)).model_copy(update={"requested": str(path)})

    async def fetch(self, model: Model, progress: Progress | None = None) -> Path:
        """Return a local directory that holds the model's ``MLmodel``; remote artifacts are downloaded once and kept.

        Raises
        ------
        ModelNotFound
            When the files are gone.
        RegistryUnavailable
            When they cannot be reached.
        """
        local = backends.local_path(model.source)
        if local is not None:
            await asyncio.to_thread(mlmodel.read, local)
            return local
        key = cache.key(model.source, model.digest)
        async with self._downloads.setdefault(key, asyncio.Lock()):
            place = cache.place(self._home, key)
            if (place / mlmodel.FILE).is_file():
                return place
            arguments = {
                "uri": model.source,
                "target": str(place),
                "tracking_uri": model.tracking_uri,
                "registry_uri": model.registry_uri,
            }
            await self._worker.call("download", arguments, deadline=DOWNLOAD_SECONDS, progress=progress)
            return place

    async def notes(self, model: Model) -> tuple[str, ...]:
        """Return what the user should know before the model runs: its interpreter gone, packages that differ."""
        return await asyncio.to_thread(environment.notes, model)

    async def models(self, tracking_uri: str = "", registry_uri: str = "") -> tuple[RegisteredModelInfo, ...]:
        """Return the registered models, by name."""
        found = await self._worker.call("models", _uris(self._backend(tracking_uri, registry_uri)), deadline=LIST_SECONDS)
        return tuple(RegisteredModelInfo.model_validate(m) for m in found)

    async def versions(self, name: str, tracking_uri: str = "", registry_uri: str = "") -> tuple[ModelVersionInfo, ...]:
        """Return the versions of a registered model, newest first.

        Raises
        ------
        ModelNotFound
            When there is no such registered model.
        """
        arguments = {"name": name, **_uris(self._backend(tracking_uri, registry_uri))}
        found = await self._worker.call("versions", arguments, deadline=LIST_SECONDS)
        return tuple(ModelVersionInfo.model_validate(v) for v in found)

    async def version(self, name: str, version: str) -> ModelVersionDetails:
        """Return one version of a registered model, with what its files say.

        Raises
        ------
        ModelNotFound
            When there is no such version.
        """
        arguments = {"name": name, "version": version, **_uris(self._backend("", ""))}
        return ModelVersionDetails.model_validate(await self._worker.call("version", arguments, deadline=LIST_SECONDS))

    def place(self) -> RegistryPlace:
        """Return which registry is asked."""
        backend = self._backend("", "")
        uri = backends.redacted(backend.registry_uri)
        ui = uri if urlsplit(uri).scheme in {"http", "https"} else ""
        return RegistryPlace(uri=uri, origin=backend.origin, ui_url=ui)

    async def facts(self, model: Model) -> dict[str, Any]:
        """Return what can be compared of a model, by dotted path.

        Raises
        ------
        ModelNotFound
            When its files or its version are gone.
        RegistryUnavailable
            When the registry that it is in does not answer.
        """
        local = backends.local_path(model.source)
        if local is not None and not (model.version or model.run_id or model.model_id):
            return await asyncio.to_thread(facts.of_files, local)
        kept = cache.place(self._home, cache.key(model.source, model.digest)) if local is None else None
        there = kept is not None and await asyncio.to_thread((kept / mlmodel.FILE).is_file)
        arguments = {
            "name": model.name,
            "version": model.version,
            "run_id": model.run_id,
            "model_id": model.model_id,
            "source": str(kept) if there else model.source,
            "tracking_uri": model.tracking_uri,
            "registry_uri": model.registry_uri,
        }
        found: dict[str, Any] = await self._worker.call("facts", arguments, deadline=FACTS_SECONDS)
        return found

    def _backend(self, tracking_uri: str, registry_uri: str) -> backends.Backend:
        return backends.choose(
            self._home,
            tracking_uri=tracking_uri or None,
            registry_uri=registry_uri or None,
            directory=self._home.root,
        )


def _uris(backend: backends.Backend) -> dict[str, Any]:
    return {"tracking_uri": backend.tracking_uri, "registry_uri": backend.registry_uri}


def _local(uri: str) -> Path | None:
    """Return the directory that a path or file URI names; None for everything that a registry has to say."""
    if uri.startswith("file:"):
        return backends.local_path(uri)
    if ":/" in uri.partition("/")[0] + "/":
        return None
    path = Path(uri).expanduser()
    if not path.is_absolute():
        raise InvalidInput(f"the path {uri} is relative", hint="give models:/name/version, or the whole path of the directory")
    return path


def _read(source: ModelSource, directory: Path, backend: backends.Backend) -> Model:
    """Return the model in a local directory, without any registry."""
    found = mlmodel.read(directory)
    name, version = _named(source.uri)
    return Model(
        uri=source.uri if source.source else str(directory),
        requested=source.uri,
        source=str(directory),
        tracking_uri=backend.tracking_uri,
        registry_uri=backend.registry_uri,
        name=name,
        version=version,
        run_id=found.run_id,
        model_id=found.model_id,
        flavors=found.flavors,
        digest=mlmodel.digest(directory),
        interpreter=source.interpreter or found.interpreter,
    )


def _named(uri: str) -> tuple[str, str]:
    """Return name and version of ``models:/name/3``; empty for every other URI."""
    if not uri.startswith("models:/"):
        return "", ""
    name, _, version = uri.removeprefix("models:/").lstrip("/").rpartition("/")
    return (name, version) if name and version.isdigit() else ("", "")
