"""Parts of the interface as the value of a cell: live in JupyterLab, HTML and text everywhere else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any, Literal

from mdeploy_lab.client.mime import view_bundle
from mdeploy_lab.models.deployment import Deployment
from mdeploy_lab.models.history import LogLine

View = Literal["card", "overview", "query", "logs", "history", "clients", "events", "form", "grid", "create"]
SHOWN_LINES = 200


class Panel:
    """One view of a deployment; the last line of a cell shows it."""

    def __init__(
        self, view: View, deployment: Deployment, text: str, html: str = "", options: Mapping[str, Any] | None = None
    ) -> None:
        self.view: View = view
        self._deployment = deployment
        self._text = text
        self._html = html or f"<p>{escape(text)}</p>"
        self._options = dict(options or {})

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return self._html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        del include, exclude  # IPython filters itself
        return view_bundle(self.view, self._deployment, html=self._html, text=self._text, options={})


class CreateForm:
    """The form that makes a deployment; the last line of a cell shows it."""

    def __init__(self, model: str = "") -> None:
        self._model = model

    def __repr__(self) -> str:
        return f"%deploy {self._model or 'MODEL'} --name NAME"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        del include, exclude  # IPython filters itself
        text = repr(self)
        return view_bundle("create", None, html=f"<code>{escape(text)}</code>", text=text, options={"model": self._model})


class FollowedLogs(Iterator[LogLine]):
    """The lines of a log as they come: iterate over it, or let a cell show it live.

    Nothing is read before the first line is asked for; ``close`` ends it.
    """

    def __init__(self, lines: Iterator[LogLine], deployment: Deployment, options: Mapping[str, Any]) -> None:
        self._lines = lines
        self._deployment = deployment
        self._options = {name: value for name, value in options.items() if value is not None}

    def __next__(self) -> LogLine:
        return next(self._lines)

    def close(self) -> None:
        """Stop following."""
        close = getattr(self._lines, "close", None)
        if close is not None:
            close()

    def __repr__(self) -> str:
        return f"the log of {self._deployment.id}, live: iterate over it, or look at it in JupyterLab"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        del include, exclude  # IPython filters itself
        text = repr(self)
        return view_bundle("logs", self._deployment, html=f"<p>{escape(text)}</p>", text=text, options=self._options)


def lines_html(lines: Iterable[str]) -> str:
    """Return log lines as they stand on a page without scripts: the newest, and how many are left out."""
    every = list(lines)
    left = len(every) - SHOWN_LINES
    note = f"<p>… {left} lines before these</p>" if left > 0 else ""
    return f"{note}<pre>{escape(chr(10).join(every[-SHOWN_LINES:]))}</pre>"


def form(model: str = "") -> CreateForm:
    """Return the form that makes a deployment; the last line of a cell shows it.

    Parameters
    ----------
    model
        What it begins with: ``models:/churn/3``, a path, or the name of a variable.
    """
    return CreateForm(model)
