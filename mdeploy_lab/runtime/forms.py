"""HTML forms as bodies: ``application/x-www-form-urlencoded`` and ``multipart/form-data``."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from mdeploy_lab.runtime.problems import BadInput

if TYPE_CHECKING:
    from mdeploy_lab.runtime.dialect import Request

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
FORMS = frozenset({URLENCODED, MULTIPART})


def read_form(request: Request) -> tuple[dict[str, str], dict[str, bytes]]:
    """Return the fields and the files of a form; of several with one name the last.

    Raises
    ------
    BadInput
        When the body is no such form.
    """
    from python_multipart import parse_form
    from python_multipart.exceptions import FormParserError

    if request.media_type == URLENCODED:
        try:
            return dict(parse_qsl(request.body.decode("utf-8"), keep_blank_values=True)), {}
        except ValueError:
            raise _unreadable() from None
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}

    def on_field(field: Any) -> None:
        fields[_text(field.field_name)] = _text(field.value)

    def on_file(file: Any) -> None:
        file.file_object.seek(0)
        files[_text(file.field_name)] = file.file_object.read()

    headers: dict[str, bytes] = {"Content-Type": request.headers.get(b"content-type", b"")}
    try:
        parse_form(headers, io.BytesIO(request.body), on_field, on_file)
    except (FormParserError, UnicodeDecodeError, ValueError, KeyError):
        raise _unreadable() from None
    return fields, files


def _unreadable() -> BadInput:
    return BadInput("the form cannot be read", hint="send it as curl -F does")


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8")
