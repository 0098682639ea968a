"""The client, asynchronously: what is not about one deployment, and ``deploy``."""

# ruff: noqa: A002  # "id" and "type" are words of the interface
from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from mdeploy_lab.client import views
from mdeploy_lab.client.editing import edit, request_of
from mdeploy_lab.client.handle import AsyncDeployment
from mdeploy_lab.client.intake import Capturing, Intake, default_name, is_reference, take_object, take_reference, with_script
from mdeploy_lab.client.loop import in_caller, on_interrupt, tell
from mdeploy_lab.client.mime import list_bundle
from mdeploy_lab.client.namespace import user_namespace
from mdeploy_lab.client.predicting import Predictor
from mdeploy_lab.client.progress import Reporter
from mdeploy_lab.client.settings import with_callers
from mdeploy_lab.client.tables import SHOWN_ROWS, Column, Table
from mdeploy_lab.client.transport import Transport, segment
from mdeploy_lab.client.waiting import Goal, fetch, wait_until
from mdeploy_lab.config import Config
from mdeploy_lab.errors import DeploymentNotFound, InvalidInput, NameTaken, NotFound
from mdeploy_lab.models.access import Group, InstanceType
from mdeploy_lab.models.deployment import Batching, Deployment, DeploymentType
from mdeploy_lab.models.names import is_id, slug
from mdeploy_lab.models.registry import CellContext, ModelVersionInfo, RegisteredModelInfo
from mdeploy_lab.models.requests import FROZEN, ApiNameCheck, Changed, CreateDeployment, IdCheck, Info
from mdeploy_lab.paths import find_home

if TYPE_CHECKING:
    from typing_extensions import Self

Surface = Literal["shell", "notebook"]
CREATE_TRIES = 3
T = TypeVar("T")


class AsyncClient:
    """Every verb over one API. Use it on one event loop, as a context manager or with ``close``.

    Parameters
    ----------
    url, token
        A remote API; without them the engine of this machine's home, which is started when it is needed.
    home
        Another home than ``MDEPLOY_HOME`` or the default.
    keep
        Keep connections between requests.
    start
        Start the engine when it does not run.
    surface
        Where the user is, for the lines that say what to type next.
    reporters
        Makes what shows progress for verbs that are given none.
    """

    def __init__(
        self,
        *,
        url: str = "",
        token: str = "",
        home: str | None = None,
        keep: bool = True,
        start: bool = True,
        surface: Surface = "shell",
        reporters: Callable[[], Reporter] = Reporter,
    ) -> None:
        self.home = None if url else find_home(home)
        self._explicit_home = home
        self.transport = Transport(self.home, url=url, token=token, keep=keep, start=start)
        self.predictor = Predictor(self.transport, keep=keep)
        self.surface: Surface = surface
        self.reporters = reporters

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections; nothing stops."""
        await self.predictor.close()
        await self.transport.close()

    def line(self, verb: str, rest: str) -> str:
        """Return what a user types for a verb where they are."""
        return f"{'%deploy' if self.surface == 'notebook' else 'mdeploy'} {verb} {rest}"

    # -- reading -----------------------------------------------------------------------------------------------

    async def info(self) -> Info:
        """Return versions and capabilities of the engine, and each setting that holds here with its origin."""
        info = Info.model_validate(await self.transport.get("/info"))
        return with_callers(info, self.home, self._explicit_home) if self.home is not None else info

    async def deployments(
        self,
        *,
        search: str = "",
        group: Sequence[str] = (),
        state: Sequence[str] = (),
        type: Sequence[str] = (),
        mine: bool = False,
    ) -> Table[AsyncDeployment]:
        """Return deployments, newest update first; shows as a table."""
        params = {
            "search": search or None,
            "group": [group] if isinstance(group, str) else list(group),
            "state": [state] if isinstance(state, str) else list(state),
            "type": [type] if isinstance(type, str) else list(type),
            "mine": mine or None,
        }
        answer = await self.transport.get("/deployments", params)
        found = [AsyncDeployment(self, Deployment.model_validate(d)) for d in answer["deployments"]]
        return deployment_table(found, everything=not any(params.values()))

    async def get(self, id: str) -> AsyncDeployment:
        """Return a deployment by id or by unique name.

        Raises
        ------
        DeploymentNotFound
            With near names as the hint.
        """
        if is_id(id):
            return AsyncDeployment(self, await fetch(self.transport, id))
        everything = await self.deployments()
        named = [d for d in everything if d.name == id]
        if len(named) == 1:
            return named[0]
        raise _not_found(id, [d.id for d in named], [d.name for d in everything] + [d.id for d in everything])

    async def groups(self) -> Table[Group]:
        """Return your groups with quota and use."""
        return views.groups(Group.model_validate(g) for g in (await self.transport.get("/groups"))["groups"])

    async def instance_types(self) -> Table[InstanceType]:
        """Return the sizes that replicas can have."""
        answer = await self.transport.get("/instance-types")
        return views.instance_types(InstanceType.model_validate(t) for t in answer["instance_types"])

    async def models(self, *, search: str = "") -> Table[RegisteredModelInfo]:
        """Return the registered models, by name."""
        answer = await self.transport.get("/models", {"search": search or None})
        return views.models(RegisteredModelInfo.model_validate(m) for m in answer["models"])

    async def versions(self, name: str) -> Table[ModelVersionInfo]:
        """Return the versions of a registered model, newest first, with their metrics and parameters.

        Raises
        ------
        ModelNotFound
            When there is no such registered model.
        """
        answer = await self.transport.get(f"/models/{segment(name)}/versions")
        return views.versions(ModelVersionInfo.model_validate(v) for v in answer["versions"])

    async def version(self, name: str, version: str) -> views.VersionView:
        """Return one version of a registered model, with its signature.

        Raises
        ------
        ModelNotFound
            When there is no such version.
        """
        path = f"/models/{segment(name)}/versions/{segment(str(version))}"
        return views.VersionView.model_validate(await self.transport.get(path))

    async def check_id(self, id: str) -> IdCheck:
        """Say whether an id is free."""
        return IdCheck.model_validate(await self.transport.get(f"/ids/{segment(id)}"))

    async def check_api_name(self, group: str, name: str) -> ApiNameCheck:
        """Say whether an API name is free in a group."""
        return ApiNameCheck.model_validate(await self.transport.get(f"/groups/{segment(group)}/api-names/{segment(name)}"))

    async def wait(
        self, id: str, state: Goal, *, timeout: float | None = None, reporter: Reporter | None = None
    ) -> Deployment | None:
        """Wait until a deployment reaches a state; None when that was ``deleted``."""
        stop = self.line("stop", id)
        return await wait_until(self.transport, id, state, timeout=timeout, reporter=reporter or self.reporters(), stop=stop)

    # -- deploying ---------------------------------------------------------------------------------------------

    async def deploy(
        self,
        model: Any,
        name: str | None = None,
        *,
        id: str | None = None,
        group: str | None = None,
        type: DeploymentType | None = None,
        replicas: int | None = None,
        max_replicas: int | None = None,
        instance_type: str | None = None,
        public: bool | None = None,
        env: Mapping[str, str] | None = None,
        secret_env: Mapping[str, str] | None = None,
        metadata: Mapping[str, str] | None = None,
        description: str | None = None,
        message: str | None = None,
        api_name: str | None = None,
        image: str | None = None,
        image_pull_secret: str | None = None,
        method: str | None = None,
        isolate: bool | None = None,
        batching: Batching | None = None,
        predict_timeout: float | None = None,
        max_payload: int | None = None,
        start_timeout: float | None = None,
        check_parity: bool | None = None,
        dry_run: bool | None = None,
        input_example: Any = None,
        script: str | os.PathLike[str] | None = None,
        requirements: Sequence[str] | None = None,
        code_paths: Sequence[str] | None = None,
        if_exists: Literal["update", "error"] = "update",
        wait: bool = True,
        timeout: float | None = None,
        namespace: Mapping[str, Any] | None = None,
        cell: CellContext | None = None,
        reporter: Reporter | None = None,
    ) -> AsyncDeployment:
        """Put a model behind an endpoint: a new deployment, or an update of the one that has this name.

        Parameters
        ----------
        model
            A fitted object, or ``models:/churn/3``, ``models:/churn@champion``, ``runs:/<id>/model``, or a path: of a saved
            model, or of a serving script (a Python file, or a folder with one).
        name
            Display name; by default the variable's or the registered model's. The id is made from it.
        id
            An id of your own: 3 to 63 lower-case letters, digits and hyphens.
        input_example
            Rows like those that callers will send: the signature comes from them, and they are asked again over HTTP.
        script
            A serving script that stands before the model: its ``preprocess`` and ``postprocess``.
        requirements, code_paths
            For a live object: its packages in place of those that are found, and modules of yours besides those found.
        if_exists
            ``"error"`` refuses when the group has a deployment of this name or id.
        wait
            Wait until it is deployed; ``timeout`` in seconds limits that.
        namespace
            Where to look for the variable's name and training data; by default the caller's own.

        Raises
        ------
        DeployFailed
            When it does not start; what served before goes on serving.
        WaitTimeout
            When ``timeout`` is over; nothing is undone.
        """
        given = {k: v for k, v in locals().items() if k in CreateDeployment.model_fields and v is not None}
        fields = {k: v for k, v in given.items() if k not in {"model", "name", "id", "group", "type"}}
        if namespace is None:
            namespace = user_namespace() or await in_caller(user_namespace) or {}
        name = name or id or default_name(model, namespace)
        told = reporter or self.reporters()
        try:
            await self.transport.ready(lambda text: tell(told.step, text))
            known = await self._existing(name, id, group)
            if known is not None and if_exists == "error":
                raise _exists(known)  # noqa: TRY301  # the progress line is taken away below, as for any other failure
            if known is not None and type not in {None, known.spec.type}:
                raise _frozen(known, "type")  # noqa: TRY301  # likewise
            kept = known.spec.template.runtime.method if known is not None else None
            how = Capturing(method or kept, input_example, requirements, code_paths)
            taken = await self.take_in(model, name=name, how=how, namespace=namespace, cell=cell, reporter=told, script=script)
            target = known.id if known is not None else id or slug(name)
            on_interrupt(f"interrupted: {target} may go on deploying; `{self.line('stop', target)}` stops it")
            changed = await self._put(name, id, group, known, {**fields, **taken.fields}, if_exists, type)
        except BaseException:
            tell(told.end)
            raise
        handle = AsyncDeployment(self, changed.deployment, taken.notes)
        return await handle._settle(changed, wait=wait and not dry_run, timeout=timeout, reporter=told)  # noqa: SLF001

    async def take_in(
        self,
        model: Any,
        *,
        name: str,
        how: Capturing,
        namespace: Mapping[str, Any] | None = None,
        cell: CellContext | None = None,
        reporter: Reporter | None = None,
        script: str | os.PathLike[str] | None = None,
    ) -> Intake:
        """Return what the API needs to know of a model; a live object is saved and registered first."""
        if script is not None:
            before = await self.take_in(model, name=name, how=how, namespace=namespace, cell=cell, reporter=reporter)
            return await in_caller(lambda: with_script(before, script, self.home))
        if is_reference(model):
            return await in_caller(lambda: take_reference(model, self.home))
        if namespace is None:
            namespace = user_namespace() or await in_caller(user_namespace) or {}
        told = reporter or self.reporters()
        tell(told.step, f"saving {name} as a model")
        space = namespace
        return await in_caller(lambda: take_object(model, self.home, name=name, how=how, namespace=space, cell=cell))

    async def _existing(self, name: str, id: str | None, group: str | None) -> Deployment | None:
        """Return the deployment that a deploy onto this name or id would update."""
        if id is not None:
            try:
                found = await fetch(self.transport, id) if is_id(id) else None
            except NotFound:
                return None
            if found is not None and group is not None and found.spec.group != group:
                raise NameTaken(
                    f"the id {id} is taken in group {found.spec.group}", hint="choose another id", details={"field": "id"}
                )
            return found if found is not None and found.id == id else None
        answer = await self.transport.get("/deployments", {"search": name[:200], "group": [await self._group(group)]})
        found_all = [Deployment.model_validate(d) for d in answer["deployments"]]
        same = [d for d in found_all if d.spec.name == name]
        return next((d for d in same if d.id == slug(name)), same[-1] if same else None)

    async def _group(self, group: str | None) -> str:
        """Return the group, else the configured one; of a broken file the engine keeps what was good."""
        if group:
            return group
        try:
            return str(Config(self.home.config if self.home else None).get("group"))
        except InvalidInput:
            return next(str(s.value) for s in (await self.info()).settings if s.name == "group")

    async def _put(
        self,
        name: str,
        id: str | None,
        group: str | None,
        known: Deployment | None,
        fields: dict[str, Any],
        if_exists: str,
        type: DeploymentType | None,
    ) -> Changed:
        """Create or update; when somebody else creates it in between, update that."""
        for _ in range(CREATE_TRIES):
            if known is not None:
                return await edit(self.transport, known, fields)
            own = {"id": id, "type": type}
            body = {
                **fields,
                "name": name,
                "group": await self._group(group),
                **{k: v for k, v in own.items() if v is not None},
            }
            try:
                answer = await self.transport.post("/deployments", request_of(CreateDeployment, body))
                return Changed.model_validate(answer)
            except NameTaken:
                known = await self._existing(name, id, group)
                if known is None or if_exists == "error":
                    raise
        raise NameTaken(f"{name} is created and deleted all the time", hint="try again in a moment")


class DeploymentTable(Table[T], Generic[T]):
    """Handles as a table; in JupyterLab as live cards, or as the grid where nothing was filtered."""

    everything = False

    def mapped(self, change: Callable[[T], Any]) -> DeploymentTable[Any]:
        """Return a table of other items under the same columns."""
        found = DeploymentTable[Any]([change(item) for item in self], self._columns, self._empty)
        found.everything = self.everything
        return found

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        del include, exclude  # IPython filters itself
        shown: list[Any] = list(self[:SHOWN_ROWS])
        text, html = repr(self), self._repr_html_()
        if not shown and not self.everything:
            return {"text/html": html, "text/plain": text}
        view = "grid" if self.everything else "cards"
        return list_bundle([handle.snapshot() for handle in shown], view=view, html=html, text=text)


def deployment_table(items: Sequence[Any], *, everything: bool = False) -> DeploymentTable[Any]:
    """Return handles as a table; ``everything``: they are all that there are."""
    columns = tuple(Column[Any](c.title, _of_snapshot(c)) for c in views.DEPLOYMENTS)
    found = _table_of(items, columns)
    found.everything = everything
    return found


def _table_of(items: Sequence[Any], columns: tuple[Column[Any], ...]) -> DeploymentTable[Any]:
    return DeploymentTable(items, columns, "nothing is deployed yet: %deploy MODEL --name NAME, or md.deploy(model, name=…)")


def _of_snapshot(column: Column[Deployment]) -> Any:
    return lambda handle: column.text(handle.snapshot())


def _exists(known: Deployment) -> NameTaken:
    return NameTaken(
        f"{known.id} exists in group {known.spec.group}",
        hint="leave out if_exists to update it, or choose another name",
        details={"field": "name", "id": known.id},
    )


def _frozen(known: Deployment, field: str) -> InvalidInput:
    return InvalidInput(
        f"{known.id} is of type {known.spec.type}; {FROZEN[field]}",
        hint="choose another name, or delete it first",
        details={"fields": {field: FROZEN[field]}},
    )


def _not_found(wanted: str, named: list[str], names: list[str]) -> DeploymentNotFound:
    shown = wanted if len(wanted) <= 80 else f"{wanted[:80]}…"  # noqa: PLR2004  # what fits into a message
    if named:
        return DeploymentNotFound(
            f"{len(named)} deployments are named {shown!r}", hint=f"use the id: {', '.join(sorted(named))}"
        )
    close = difflib.get_close_matches(wanted[:200], set(names), n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "`mdeploy list` shows what is there"
    return DeploymentNotFound(f"there is no deployment {shown!r}", hint=hint)
