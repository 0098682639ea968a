"""Finds the dialect and the route of a request's path."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mdeploy_lab.runtime.dialect import Dialect, Request, Route
from mdeploy_lab.runtime.endpoints import nearest
from mdeploy_lab.runtime.loader import ServedModel
from mdeploy_lab.runtime.problems import MethodWrong, PathUnknown

Methods = dict[str, tuple[Dialect, Route]]


class Routes:
    """All paths: those without placeholders by a look into a dict, the others by their patterns.

    Parameters
    ----------
    dialects
        Everything that answers.
    offered
        The dialects among which the nearest is named for an unknown path.
    model
        Makes their examples.
    """

    def __init__(self, dialects: Sequence[Dialect], offered: Sequence[Dialect], model: ServedModel) -> None:
        self._offered = offered
        self._model = model
        self._exact: dict[str, Methods] = {}
        self._patterns: list[tuple[re.Pattern[str], Methods]] = []
        for dialect in dialects:
            for route in dialect.routes():
                self._add(dialect, route)

    def _add(self, dialect: Dialect, route: Route) -> None:
        if "{" not in route.path:
            self._exact.setdefault(route.path, {})[route.method] = (dialect, route)
            return
        pattern = re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(route.path)))
        for known, methods in self._patterns:
            if known.pattern == pattern.pattern:
                methods[route.method] = (dialect, route)
                return
        self._patterns.append((pattern, {route.method: (dialect, route)}))

    def find(self, request: Request) -> tuple[Dialect, Route]:
        """Return who answers, and put what the placeholders stand for into the request.

        Raises
        ------
        PathUnknown
            With the nearest dialect and a request that works.
        MethodWrong
            With the methods of this path.
        """
        methods = self._methods(request)
        if methods is None:
            dialect = nearest(request.path, self._offered)
            example = dialect.describe(self._model)
            raise PathUnknown(
                f"no dialect answers here; the nearest is {dialect.title}",
                hint=f"send {example.method} {example.path}; GET / lists all",
                details={"dialect": dialect.name, "example": example.wire()},
            )
        found = methods.get("GET" if request.method == "HEAD" else request.method)
        if found is None:
            allow = sorted(methods)
            raise MethodWrong("this path has other methods", allow=allow, hint=f"use {' or '.join(allow)}")
        return found

    def _methods(self, request: Request) -> Methods | None:
        path = request.path.rstrip("/") or "/"
        exact = self._exact.get(path)
        if exact is not None:
            return exact
        for pattern, methods in self._patterns:
            if match := pattern.fullmatch(path):
                request.values = match.groupdict()
                return methods
        return None
