"""Routes under /deployments."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from mdeploy_lab.api.answers import Clients, Deployments, Events, History, LogReplicas, Replicas, Revisions
from mdeploy_lab.api.context import CallerOf, PartsOf
from mdeploy_lab.api.idempotency import Key, once
from mdeploy_lab.errors import RevisionNotFound
from mdeploy_lab.models.access import NewToken, Pass
from mdeploy_lab.models.deployment import Deployment, Revision
from mdeploy_lab.models.description import Description
from mdeploy_lab.models.history import Diff, DiffOf, HistoryEntry
from mdeploy_lab.models.metrics import DeploymentMetrics
from mdeploy_lab.models.requests import (
    Act,
    AddClient,
    Changed,
    CreateDeployment,
    Predict,
    PredictResult,
    Rollback,
    RotateClient,
    SetTraffic,
    UpdateDeployment,
)

router = APIRouter(prefix="/deployments", tags=["deployments"])

BYTES = "application/octet-stream"
ENDINGS = {
    "application/json": "json",
    "text/csv": "csv",
    "text/plain": "txt",
    "application/vnd.apache.arrow.stream": "arrow",
}
"""How a downloaded answer's file is called, by its content type."""
DOWNLOAD: dict[int | str, dict[str, Any]] = {
    200: {"description": "The answer as it came", "content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("", response_model=Deployments)
async def list_deployments(
    parts: PartsOf,
    caller: CallerOf,
    search: str = "",
    group: Annotated[tuple[str, ...], Query()] = (),
    state: Annotated[tuple[str, ...], Query()] = (),
    type: Annotated[tuple[str, ...], Query()] = (),  # noqa: A002  # the interface's word
    *,
    mine: bool = False,
) -> Response:
    """List deployments, newest update first."""
    found = await parts.service.search(caller, text=search, group=group, state=state, types=type, mine=mine)
    return Response(b'{"deployments":[' + b",".join(found) + b"]}", media_type="application/json")


@router.post("", status_code=201)
async def create_deployment(request: CreateDeployment, parts: PartsOf, caller: CallerOf, key: Key = "") -> Changed:
    """Create a deployment; 409 when the name or id is taken."""
    return await once(parts.store, key, "create", request, Changed, lambda: parts.service.create(request, caller))


@router.get("/{id}")
async def get_deployment(id: str, parts: PartsOf) -> Deployment:  # noqa: A002  # the path's word
    """Get one by id or unique name."""
    return await parts.service.get(id)


@router.patch("/{id}")
async def update_deployment(id: str, request: UpdateDeployment, parts: PartsOf, caller: CallerOf) -> Changed:  # noqa: A002
    """Change a deployment; a new revision only when what runs changes."""
    return await parts.service.update(id, request, caller)


@router.delete("/{id}", status_code=202)
async def delete_deployment(id: str, parts: PartsOf, caller: CallerOf) -> Deployment:  # noqa: A002
    """Delete a deployment and everything kept of it."""
    return await parts.service.delete(id, caller)


@router.post("/{id}/stop")
async def stop_deployment(id: str, request: Act, parts: PartsOf, caller: CallerOf, key: Key = "") -> Changed:  # noqa: A002
    """Stop: id and URL stay, the endpoint answers 503."""
    return await once(parts.store, key, f"stop {id}", request, Changed, lambda: parts.service.stop(id, request, caller))


@router.post("/{id}/start")
async def start_deployment(id: str, request: Act, parts: PartsOf, caller: CallerOf, key: Key = "") -> Changed:  # noqa: A002
    """Start a stopped deployment, or try a failed one again."""
    return await once(parts.store, key, f"start {id}", request, Changed, lambda: parts.service.start(id, request, caller))


@router.post("/{id}/rollback")
async def rollback_deployment(id: str, request: Rollback, parts: PartsOf, caller: CallerOf, key: Key = "") -> Changed:  # noqa: A002
    """Make a new revision that repeats an old one."""
    return await once(parts.store, key, f"rollback {id}", request, Changed, lambda: parts.service.rollback(id, request, caller))


@router.put("/{id}/traffic")
async def set_traffic(id: str, request: SetTraffic, parts: PartsOf, caller: CallerOf) -> Changed:  # noqa: A002
    """Split the traffic by percent per revision."""
    return await parts.service.set_traffic(id, request, caller)


@router.get("/{id}/history")
async def list_history(id: str, parts: PartsOf) -> History:  # noqa: A002
    """List every change, newest first."""
    return History(history=tuple(await parts.service.history(id)))


@router.get("/{id}/history/{number}")
async def get_history_entry(id: str, number: int, parts: PartsOf) -> HistoryEntry:  # noqa: A002
    """Get one change."""
    for entry in await parts.service.history(id):
        if entry.number == number:
            return entry
    raise RevisionNotFound(f"deployment {id} has no history entry {number}", hint=f"`mdeploy history {id}` lists them")


@router.get("/{id}/revisions")
async def list_revisions(id: str, parts: PartsOf) -> Revisions:  # noqa: A002
    """List every revision, newest first."""
    return Revisions(revisions=tuple(await parts.service.revisions(id)))


@router.get("/{id}/revisions/{number}")
async def get_revision(id: str, number: int, parts: PartsOf) -> Revision:  # noqa: A002
    """Get one revision."""
    return await parts.service.revision(id, number)


@router.get("/{id}/diff")
async def diff_revisions(
    id: str,  # noqa: A002
    parts: PartsOf,
    before: Annotated[int, Query(alias="from", ge=1)],
    after: Annotated[int, Query(alias="to", ge=1)],
    of: DiffOf = "revisions",
) -> Diff:
    """Compare two revisions or history entries: field by field, and model against model."""
    return await parts.service.diff(id, before, after, of)


@router.get("/{id}/events")
async def list_events(id: str, parts: PartsOf, limit: Annotated[int, Query(ge=1, le=10_000)] = 1000, after: int = 0) -> Events:  # noqa: A002
    """List observations, oldest first."""
    return Events(events=tuple(await parts.service.events(id, limit=limit, after=after)))


@router.get("/{id}/metrics")
async def get_metrics(id: str, parts: PartsOf) -> DeploymentMetrics:  # noqa: A002
    """Return what the replicas counted: requests, statuses, times, feedback."""
    return await parts.service.metrics(id)


@router.get("/{id}/replicas")
async def list_replicas(id: str, parts: PartsOf) -> Replicas:  # noqa: A002
    """List running replicas."""
    return Replicas(replicas=tuple(await parts.service.replicas(id)))


@router.get("/{id}/clients")
async def list_clients(id: str, parts: PartsOf) -> Clients:  # noqa: A002
    """List the callers of a private deployment."""
    return Clients(clients=tuple(await parts.service.clients.all(await parts.service.record(id))))


@router.post("/{id}/clients", status_code=201)
async def add_client(id: str, request: AddClient, parts: PartsOf, caller: CallerOf) -> NewToken:  # noqa: A002
    """Add a client; the token is shown this once."""
    return await parts.service.clients.add(await parts.service.record(id), request.name, caller.actor)


@router.delete("/{id}/clients/{name}", status_code=204)
async def remove_client(id: str, name: str, parts: PartsOf, caller: CallerOf) -> Response:  # noqa: A002
    """Remove a client; its tokens stop working."""
    await parts.service.clients.remove(await parts.service.record(id), name, caller.actor)
    return Response(status_code=204)


@router.post("/{id}/clients/{name}/rotate")
async def rotate_client(id: str, name: str, request: RotateClient, parts: PartsOf, caller: CallerOf) -> NewToken:  # noqa: A002
    """Give a client a new token; the old one works for a while more."""
    return await parts.service.clients.rotate(await parts.service.record(id), name, request.overlap, caller.actor)


@router.post("/{id}/pass")
async def issue_pass(id: str, parts: PartsOf, caller: CallerOf) -> Pass:  # noqa: A002
    """Get a right of a few minutes to call the endpoint as its owner."""
    return await parts.service.new_pass(id, caller)


@router.post("/{id}/predict")
async def predict(id: str, request: Predict, parts: PartsOf, caller: CallerOf) -> PredictResult:  # noqa: A002
    """Query the endpoint through a dialect; the answer has status, headers and latency."""
    return await parts.service.predict(id, request, caller)


@router.get("/{id}/answers/{token}", response_class=FileResponse, responses=DOWNLOAD)
async def download_answer(id: str, token: str, parts: PartsOf) -> FileResponse:  # noqa: A002
    """Download the whole of an answer that was too large to show, for some minutes after it came."""
    found = await parts.service.answer(id, token)
    kind = found.content_type.partition(";")[0].strip().lower()
    ending = ENDINGS.get(kind)
    return FileResponse(
        found.path,
        media_type=found.content_type if ending else BYTES,  # never what a browser would run
        filename=f"{id}-answer.{ending or 'bin'}",
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"},
    )


@router.get("/{id}/description")
async def describe_deployment(
    id: str,  # noqa: A002
    parts: PartsOf,
    caller: CallerOf,
    revision: Annotated[int | None, Query(ge=1)] = None,
) -> Description:
    """Get what the endpoint says of its model: signature, example rows, dialects; 503 when nothing serves."""
    return await parts.service.describe(id, revision, caller)


@router.get("/{id}/logs/replicas")
async def list_log_replicas(id: str, parts: PartsOf) -> LogReplicas:  # noqa: A002
    """List the replicas whose logs are kept, those that exited too."""
    return LogReplicas(replicas=tuple(await parts.service.log_replicas(id)))
