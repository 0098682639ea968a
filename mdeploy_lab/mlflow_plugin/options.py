"""What ``config`` (``-C key=value``) may say: the options of the verbs ``deploy`` and ``update``, from texts or values."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from mdeploy_lab.client.verbs.deploying import DEPLOY, UPDATE
from mdeploy_lab.client.verbs.verb import TIMEOUT, WAIT, Param, Verb
from mdeploy_lab.errors import InvalidInput

NOT_CONFIG = frozenset({"model", "name", "new", "dry_run", "input_example"})
"""Arguments of MLflow's calls, what its words exclude ("is created"), and what only a live object needs."""
SWITCH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _config_of(verb: Verb) -> dict[str, Param]:
    return {p.name: p for p in verb.params if p.flags and p.name not in NOT_CONFIG}


CREATE = _config_of(DEPLOY)
CHANGE = _config_of(UPDATE)
DELETE = {p.name: p for p in (WAIT, TIMEOUT)}


def options(config: Mapping[str, Any] | None, known: Mapping[str, Param]) -> dict[str, Any]:
    """Return the options of a verb that ``config`` means; None leaves one as it is.

    Raises
    ------
    InvalidInput
        For a key that is not known, naming those that are, and for a value of another kind.
    """
    given = {str(key): value for key, value in (config or {}).items() if value is not None}
    unknown = sorted(given.keys() - known.keys())
    if unknown:
        raise InvalidInput(
            f"config has no key {', '.join(repr(key[:80]) for key in unknown)}",
            hint=f"known here: {', '.join(sorted(known))}",
            details={"fields": dict.fromkeys(unknown, "not known")},
        )
    return {key: _value(known[key], value) for key, value in given.items()}


def _value(param: Param, value: Any) -> Any:
    read, kind = READERS.get(param.kind, (_text, "text"))
    try:
        return read(value)
    except (ValueError, KeyError) as error:
        raise InvalidInput(
            f"{param.name} is not {kind}", hint=f"{param.name}: {param.help}", details={"fields": {param.name: f"not {kind}"}}
        ) from error


def _pairs(value: Any) -> dict[str, Any]:
    """Return a dict as it is, a JSON object, or ``K=V,K2=V2``."""
    if isinstance(value, Mapping):
        return dict(value)
    text = _text(value).strip()
    if text.startswith("{"):
        return dict(json.loads(text))
    return dict(_pair(part) for part in text.split(",") if part)


def _text(value: Any) -> str:
    if not isinstance(value, str | int | float):
        raise ValueError(type(value))  # noqa: TRY004  # refused like any other value of another kind
    return str(value)


def _pair(part: str) -> tuple[str, str]:
    name, sign, value = part.partition("=")
    if not sign or not name.strip():
        raise ValueError(name)
    return name.strip(), value


READERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "int": (lambda value: int(str(value)), "a whole number"),
    "float": (lambda value: float(str(value)), "a number"),
    "flag": (lambda value: SWITCH[str(value).lower()], "true or false"),
    "switch": (lambda value: SWITCH[str(value).lower()], "true or false"),
    "pairs": (_pairs, 'like K=V,K2=V2, or, for a comma in a value, {"K": "V"}'),
}
