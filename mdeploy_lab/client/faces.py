"""Turns asynchronous methods into synchronous ones: the same signature, documentation and type, run on the client's loop."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, overload

from mdeploy_lab.client.handle import AsyncDeployment
from mdeploy_lab.client.loop import LOOP
from mdeploy_lab.client.tables import Table

if TYPE_CHECKING:
    from mdeploy_lab.client.deployment import Deployment

P = ParamSpec("P")
R = TypeVar("R")


@overload
def synced(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, AsyncDeployment]],
) -> Callable[Concatenate[Any, P], Deployment]: ...


@overload
def synced(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, Table[AsyncDeployment]]],
) -> Callable[Concatenate[Any, P], Table[Deployment]]: ...


@overload
def synced(method: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]]) -> Callable[Concatenate[Any, P], R]: ...


def synced(method: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Any]:
    """Return a method of a synchronous class whose ``twin`` has ``method``."""

    @functools.wraps(method)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        answer = LOOP.run(method(self.twin, *args, **kwargs))
        return self if answer is self.twin else sync_face(answer)

    return run


def sync_face(value: Any) -> Any:
    """Return a synchronous form of what an asynchronous method returned."""
    from mdeploy_lab.client.deployment import Deployment

    if isinstance(value, AsyncDeployment):
        return Deployment(value)
    if isinstance(value, Table) and any(isinstance(item, AsyncDeployment) for item in value):
        return value.mapped(Deployment)
    if isinstance(value, AsyncIterator):
        return LOOP.iterate(value)
    return value


def verb(method: Callable[Concatenate[Any, P], R], owner: Callable[[], Any]) -> Callable[P, R]:
    """Return a method as a function on the default client that ``owner`` finds."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        return method(owner(), *args, **kwargs)

    call.__signature__ = _without_self(method)  # type: ignore[attr-defined]
    return call


def _without_self(method: Callable[..., Any]) -> Any:
    import inspect

    whole = inspect.signature(method)
    return whole.replace(parameters=list(whole.parameters.values())[1:])
