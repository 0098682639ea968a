"""A client's token, which shows itself only when it is asked to."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.models.access import ClientInfo, NewToken


class RevealedToken(str):
    """A token as text; only its ``repr`` is masked, so that a cell that ends with it does not keep it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{masked(str(self))}'"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001  # IPython's protocol
        printer.text(repr(self))


def masked(token: str) -> str:
    """Return the token's public beginning, with the rest as dots."""
    return f"{token.partition('.')[0]}.…"


class Token:
    """A client's token, shown masked everywhere: in ``repr``, ``str``, format strings and tables."""

    __slots__ = ("_client", "_text")

    def __init__(self, client: str, text: str) -> None:
        self._client = client
        self._text = text

    def reveal(self) -> RevealedToken:
        """Return the token as text; its ``repr`` is still masked."""
        return RevealedToken(self._text)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a curl configuration that only you can read: ``curl -K <path> <url>``.

        Raises
        ------
        InvalidInput
            When the file cannot be written.
        """
        target = Path(path).expanduser().absolute()
        temporary = ""
        try:
            descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f'user = "{self._client}:{self._text}"\n')
            Path(temporary).replace(target)
        except OSError as error:
            if temporary:
                Path(temporary).unlink(missing_ok=True)
            raise InvalidInput(
                f"cannot write {target}: {error.strerror or error}", hint="save it into a directory of your own"
            ) from error
        return target

    def __repr__(self) -> str:
        return f"<token {masked(self._text)}: .reveal() shows it, .save(path) writes it for curl -K>"

    def __str__(self) -> str:
        return masked(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Token) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not pickled; .save(path) keeps it in a file that only you can read")


@dataclass(frozen=True)
class NewClient:
    """A client and its new token, the only time the token is there."""

    client: ClientInfo
    token: Token

    @property
    def name(self) -> str:
        """The client's name."""
        return self.client.name

    def __repr__(self) -> str:
        return f"<client {self.name}: .token is {self.token!r}>"

    @classmethod
    def of(cls, answer: NewToken) -> NewClient:
        """Wrap the API's answer so that the token does not show itself."""
        return cls(answer.client, Token(answer.client.name, answer.token))
