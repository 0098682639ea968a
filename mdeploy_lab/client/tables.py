"""Lists that show as tables: plain text in a terminal, escaped HTML in a notebook."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mdeploy_lab.client.mime import view_bundle
from mdeploy_lab.models.deployment import Deployment

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")

CELL_LIMIT = 80
SHOWN_ROWS = 200


@dataclass(frozen=True)
class Column(Generic[T]):
    """A heading and what stands under it."""

    title: str
    text: Callable[[T], str]


class Table(list[T], Generic[T]):
    """A list of ``T`` whose ``repr`` is a table of some of its columns."""

    def __init__(self, items: Iterable[T], columns: Sequence[Column[T]], empty: str) -> None:
        super().__init__(items)
        self._columns = tuple(columns)
        self._empty = empty
        self._view: tuple[str, Deployment] | None = None

    def mapped(self, change: Callable[[T], Any]) -> Table[Any]:
        """Return a table of other items under the same columns."""
        return type(self)([change(item) for item in self], self._columns, self._empty)

    def rows(self, limit: int | None = None) -> list[list[str]]:
        """Return the cells as text, one line each."""
        return [[one_line(column.text(item)) for column in self._columns] for item in self[:limit]]

    @property
    def titles(self) -> list[str]:
        """The headings."""
        return [column.title for column in self._columns]

    def __repr__(self) -> str:
        if not self:
            return self._empty
        return text_table(self.titles, self.rows(SHOWN_ROWS)) + self._rest()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  # IPython's protocol
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        if not self:
            return f"<p>{escape(self._empty)}</p>"
        return html_table(self.titles, self.rows(SHOWN_ROWS)) + escape(self._rest())

    def live_as(self, view: str, deployment: Deployment) -> Self:
        """Let JupyterLab show a view of the interface in the place of the table."""
        self._view = (view, deployment)
        return self

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any] | None:
        del include, exclude  # IPython filters itself
        if self._view is None:
            return None
        view, deployment = self._view
        return view_bundle(view, deployment, html=self._repr_html_(), text=repr(self), options={})

    def _rest(self) -> str:
        return f"\n… and {len(self) - SHOWN_ROWS} more" if len(self) > SHOWN_ROWS else ""


def one_line(text: str) -> str:
    """Return ``text`` on one line, without control characters, shortened."""
    flat = "".join(c if unicodedata.category(c) not in {"Cc", "Cf", "Cs"} else " " for c in str(text)).strip()
    return flat if len(flat) <= CELL_LIMIT else flat[: CELL_LIMIT - 1] + "…"


def width(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes: wide East Asian characters take two."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in {"W", "F"} else 1 for c in text)


def text_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return aligned columns with headings."""
    lines = [list(titles), *[list(row) for row in rows]]
    widths = [max(width(line[i]) for line in lines) for i in range(len(titles))]
    return "\n".join(
        "  ".join(cell + " " * (w - width(cell)) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def html_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a plain HTML table; every cell is escaped."""
    head = "".join(f"<th style='text-align:left'>{escape(title)}</th>" for title in titles)
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """Return how long ago something was, in words."""
    if moment is None:
        return ""
    seconds = max(0.0, ((now or datetime.now(timezone.utc)) - moment).total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = int(seconds // size)
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
