"""Follows a deployment by the event stream until it is where it should be."""

# ruff: noqa: A002  # "id" is the word of the interface
from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, Literal, get_args

from mdeploy_lab.client.deadline import end, within
from mdeploy_lab.client.loop import on_interrupt, tell
from mdeploy_lab.client.progress import Reporter
from mdeploy_lab.client.transport import Transport, segment
from mdeploy_lab.errors import (
    DeployFailed,
    DeploymentNotFound,
    EngineUnavailable,
    InvalidInput,
    WaitTimeout,
    WrongState,
)
from mdeploy_lab.models.deployment import Deployment
from mdeploy_lab.models.requests import IdCheck

Goal = Literal["deployed", "stopped", "failed", "deleted", "healthy"]
GOALS = get_args(Goal)

LOOK_SECONDS = 5.0
"""How often to look without having been told to, should the stream have missed something."""
RETRY_SECONDS = 0.3


async def fetch(transport: Transport, id: str) -> Deployment:
    """Return a deployment as it is now."""
    return Deployment.model_validate(await transport.get(f"/deployments/{segment(id)}"))


async def _listen(transport: Transport, id: str, said: asyncio.Queue[dict[str, Any]]) -> None:
    """Put every change of a deployment into ``said``; connects again when the engine goes away and comes back."""
    while True:
        try:
            async with contextlib.aclosing(transport.lines("/events", {"id": id})) as changes:
                async for change in changes:
                    said.put_nowait(change)
        except EngineUnavailable:
            pass  # an engine that restarts: the deployment goes on, so the wait does
        await asyncio.sleep(RETRY_SECONDS)


async def watch(transport: Transport, id: str) -> AsyncGenerator[Deployment, None]:
    """Yield a deployment now and whenever it changes.

    Raises
    ------
    DeploymentNotFound
        When it is deleted.
    """
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    listener = asyncio.create_task(_listen(transport, id, said))
    try:
        yield await fetch(transport, id)
        while True:
            change: dict[str, Any] = {}
            with contextlib.suppress(asyncio.TimeoutError):
                change = await within(said.get(), LOOK_SECONDS)
            topic = change.get("topic", "")
            if topic in {"event", "log"}:
                continue
            if topic == "deployment" and change.get("deployment"):
                yield Deployment.model_validate(change["deployment"])
            else:  # hello, skipped, deleted, or nothing said for a while
                yield await fetch(transport, id)
    finally:
        await end(listener)


def reached(deployment: Deployment, goal: Goal) -> bool:
    """Return whether a deployment is where it should be, and not only about to leave it.

    Raises
    ------
    DeployFailed
        When it failed and so cannot get there by waiting.
    WrongState
        When it was stopped meanwhile.
    """
    state = deployment.status.state
    if deployment.status.observed_version < deployment.resource_version:
        return False
    if goal == "healthy":
        if state == "deployed" and deployment.status.health == "healthy":
            return True
    elif state == goal:
        return True
    if state == "failed" and goal in {"deployed", "healthy"}:
        raise failed(deployment)
    if state == "stopped" and goal in {"deployed", "healthy"}:
        raise WrongState(f"{deployment.id} is stopped", hint=f"start it: `mdeploy start {deployment.id}` or `%deploy start …`")
    return False


def failed(deployment: Deployment) -> DeployFailed:
    """Return a deployment's failure as an error, with its evidence in the details."""
    failure = deployment.status.failure
    message = deployment.status.message or (failure.message if failure else f"{deployment.id} failed")
    details = {
        "id": deployment.id,
        "failure": failure.model_dump(mode="json") if failure else None,
        "receipt": deployment.status.receipt.model_dump(mode="json") if deployment.status.receipt else None,
    }
    hint = (failure.hint if failure else "") or f"`mdeploy logs {deployment.id}` shows what it wrote"
    return DeployFailed(message, hint=hint, details=details)


async def wait_until(
    transport: Transport, id: str, goal: Goal, *, timeout: float | None, reporter: Reporter, stop: str
) -> Deployment | None:
    """Wait until a deployment reaches ``goal``; return it, or None when the goal was ``deleted``.

    Parameters
    ----------
    timeout
        Seconds; None waits until it is there or cannot get there.
    stop
        The line that stops the deployment, shown when the wait is interrupted.

    Raises
    ------
    DeployFailed
        When it failed.
    WaitTimeout
        When the time is over; the deployment goes on.
    """
    if goal not in GOALS:
        raise InvalidInput(f"cannot wait for {goal!r}", hint=f"one of: {', '.join(GOALS)}")
    reach: Coroutine[Any, Any, Deployment | None]
    reach = _gone(transport, id) if goal == "deleted" else _reach(transport, id, goal, reporter)
    verb = {"stopped": "stopping", "deleted": "being deleted"}.get(goal, "deploying")
    on_interrupt(f"interrupted: {id} goes on {verb}; `{stop}` stops it")
    try:
        return await within(reach, timeout)
    except asyncio.TimeoutError as error:
        raise WaitTimeout(
            f"{id} was not {goal} after {timeout:g} s",
            hint=f"it goes on; wait longer with timeout=, or look: `mdeploy logs {id}`",
            details={"id": id, "goal": goal, "timeout": timeout},
        ) from error
    finally:
        tell(reporter.end)


async def _gone(transport: Transport, id: str) -> None:
    """Return when the id is free again: a deployment that is being deleted is hidden at once, and ends after that."""
    pause = 0.02
    while not IdCheck.model_validate(await transport.get(f"/ids/{segment(id)}")).available:
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.5)


async def _reach(transport: Transport, id: str, goal: Goal, reporter: Reporter) -> Deployment | None:
    async with contextlib.aclosing(watch(transport, id)) as seen:
        async for deployment in seen:
            tell(reporter.show, deployment)
            if reached(deployment, goal):
                return deployment
    raise DeploymentNotFound(f"{id} is gone", hint="`mdeploy list` shows what is there")
