"""How a description shows itself: the signature as a table, the dialects with their paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from mdeploy_lab.client.tables import html_table, one_line, text_table
from mdeploy_lab.models.description import Description, SignatureField

FIELDS = ("", "Name", "Type", "Required", "May Be Null")
DIALECTS = ("Dialect", "Title", "Path", "Content Types")


class ShownDescription(Description):
    """What an endpoint says of itself; shows as text and tables."""

    def __repr__(self) -> str:
        return "\n\n".join([self._head(), *(text_table(*table) for table in self._tables())])

    __str__ = __repr__

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  # IPython's protocol
        printer.text(repr(self))

    def _repr_html_(self) -> str:
        return f"<p>{escape(self._head())}</p>" + "".join(html_table(*table) for table in self._tables())

    def _head(self) -> str:
        head = f"{self.name} revision {self.revision}: {self.model.uri}, {self.method}(), {self.url}"
        if self.signature is None:
            head += "; the model has no signature"
        return head if self.example is not None else f"{head}; it came without example rows"

    def _tables(self) -> Iterator[tuple[Sequence[str], Sequence[Sequence[str]]]]:
        if self.signature is not None:
            rows = [*_rows("input", self.signature.inputs), *_rows("output", self.signature.outputs)]
            rows += [["param", p.name, p.type.text, f"no; {one_line(str(p.default))}", ""] for p in self.signature.params]
            yield FIELDS, rows
        yield DIALECTS, [[d.name, d.title, d.path, d.note or ", ".join(d.content_types)] for d in self.dialects]


def _rows(what: str, fields: Sequence[SignatureField] | None) -> list[list[str]]:
    return [
        [what, one_line(f.name) or f"#{i}", one_line(f.type.text), _yes(f.required), _yes(f.nullable)]
        for i, f in enumerate(fields or ())
    ]


def _yes(value: bool) -> str:  # noqa: FBT001  # a word for a value
    return "yes" if value else "no"
