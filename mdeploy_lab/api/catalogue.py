"""Routes beside deployments: ids, models, groups, instance types, info."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from mdeploy_lab.api.answers import Groups, InstanceTypes, Models, Versions
from mdeploy_lab.api.context import CallerOf, PartsOf
from mdeploy_lab.models.metrics import CONTENT_TYPE
from mdeploy_lab.models.registry import ModelVersionDetails
from mdeploy_lab.models.requests import ApiNameCheck, IdCheck, Info

router = APIRouter(tags=["catalogue"])


@router.get("/ids/{id:path}")
async def check_id(id: str, parts: PartsOf) -> IdCheck:  # noqa: A002  # the path's word
    """Say whether an id is free."""
    return await parts.service.check_id(id)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Prometheus' text format", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def scrape_metrics(parts: PartsOf, id: str = "") -> Response:  # noqa: A002  # the interface's word
    """Return what all replicas counted, or those of one deployment, for Prometheus."""
    return Response(await parts.service.metrics_text(id), media_type=CONTENT_TYPE)


@router.get("/groups/{group}/api-names/{name:path}")
async def check_api_name(group: str, name: str, parts: PartsOf) -> ApiNameCheck:
    """Say whether an API name is free in a group."""
    return await parts.service.check_api_name(group, name)


@router.get("/models")
async def list_models(parts: PartsOf, search: Annotated[str, Query(max_length=1000)] = "") -> Models:
    """List the registered models, by name; an empty list when there are none yet."""
    words = search.casefold().split()
    found = [m for m in await parts.catalogue.models() if all(w in f"{m.name} {m.description}".casefold() for w in words)]
    return Models(models=tuple(found), registry=parts.catalogue.place())


@router.get("/models/{name}/versions")
async def list_versions(name: str, parts: PartsOf) -> Versions:
    """List the versions of a registered model, newest first."""
    return Versions(versions=tuple(await parts.catalogue.versions(name)))


@router.get("/models/{name}/versions/{version}")
async def get_version(name: str, version: str, parts: PartsOf) -> ModelVersionDetails:
    """Get one version with its metrics, parameters, tags and signature."""
    return await parts.catalogue.version(name, version)


@router.get("/groups")
async def list_groups(parts: PartsOf, caller: CallerOf) -> Groups:
    """List your groups, disabled ones too, with quota, use and what is free."""
    return Groups(groups=tuple(await parts.service.groups(caller)))


@router.get("/instance-types")
async def list_instance_types(parts: PartsOf) -> InstanceTypes:
    """List the sizes that replicas can have."""
    return InstanceTypes(instance_types=tuple(await parts.service.instance_types()))


@router.get("/info")
async def get_info(parts: PartsOf, caller: CallerOf) -> Info:
    """Get versions, settings and what this engine can do."""
    return await parts.info(caller.actor)


@router.post("/engine/handover", status_code=202)
async def hand_over(parts: PartsOf) -> Response:
    """End this engine, so that a newer one can take over; deployments go on."""
    await parts.handover()
    return Response(status_code=202)
