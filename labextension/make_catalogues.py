"""Bring mdeploy_lab/locale up to the strings of the interface: new ones come in empty, old ones go, translations stay.

Run it after a change of a string in labextension/src or labextension/schema, then fill in what is empty.
"""  # noqa: INP001  # a script beside the TypeScript that it reads

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "labextension" / "src"
SCHEMAS = ROOT / "labextension" / "schema"
LOCALES = ROOT / "mdeploy_lab" / "locale"
DOMAIN = "mdeploy_lab"
COMMAND = "python labextension/make_catalogues.py"

PLURALS = {
    "ja_JP": "nplurals=1; plural=0;",
    "ru_RU": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);",
    "zh_CN": "nplurals=1; plural=0;",
}
"""Of each language that the interface speaks: how it counts, in gettext's words."""

_STRING = r"""('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")"""
_CALL = re.compile(rf"\btrans\.(__|_n|_p)\(\s*{_STRING}(?:\s*,\s*{_STRING})?")
_ANY_CALL = re.compile(r"\btrans\.(?:__|_n|_p)\(")
_TEXTS = ("title", "description", "jupyter.lab.setting-icon-label")
CONTEXT = "\x04"

Catalogue = dict[str, Any]


def file_of(language: str) -> Path:
    """Return where JupyterLab looks for a language's strings of ours."""
    return LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.json"


def messages() -> dict[str, str | None]:
    """Return every string of the interface with its plural, None where it does not count.

    Raises
    ------
    ValueError
        When a call holds no literal, so that its string could not be found, or one string counts here and not there.
    """
    found: dict[str, str | None] = {}
    for path in sorted([*SOURCES.rglob("*.ts"), *SOURCES.rglob("*.tsx")]):
        source = path.read_text(encoding="utf-8")
        calls = _CALL.findall(source)
        if len(calls) != len(_ANY_CALL.findall(source)):
            raise ValueError(f"{path.name}: a string for trans is no literal")
        for kind, first, second in calls:
            text, other = ast.literal_eval(first), ast.literal_eval(second or "''")
            if kind == "_p":
                found[f"{text}{CONTEXT}{other}"] = None
            elif text in found and (found[text] is None) != (kind == "__"):
                raise ValueError(f"{path.name}: JupyterLab translates {text!r} only where it always counts, or never does")
            else:
                found[text] = other if kind == "_n" else None
    for path in sorted(SCHEMAS.glob("*.json")):
        found.update(dict.fromkeys(_texts(json.loads(path.read_text(encoding="utf-8"))), None))
    return dict(sorted(found.items()))


def _texts(schema: Any) -> Iterator[str]:
    """Yield what JupyterLab translates of a settings schema, as it looks for it."""
    if isinstance(schema, list):
        for item in schema:
            yield from _texts(item)
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        if key in _TEXTS and isinstance(value, str):
            yield f"schema{CONTEXT}{value}"
        else:
            yield from _texts(value)


def renewed(language: str, old: Catalogue) -> Catalogue:
    """Return a language's catalogue with today's strings and yesterday's translations."""
    # JupyterLab takes a counted text of one form for one that does not count, and says it in English: two at least.
    forms = max(2, int(re.findall(r"nplurals=(\d)", PLURALS[language])[0]))
    head = {"domain": DOMAIN, "language": language.replace("_", "-"), "plural_forms": PLURALS[language], "version": DOMAIN}
    kept: Catalogue = {"": head}
    for text, plural in messages().items():
        count = 1 if plural is None else forms
        known = old.get(text, [])
        kept[text] = known if len(known) == count else [""] * count
    return kept


def written(catalogue: Catalogue) -> str:
    """Return the file's content."""
    return json.dumps(catalogue, ensure_ascii=False, indent=1) + "\n"


def read(language: str) -> Catalogue:
    """Return a catalogue as it is."""
    path = file_of(language)
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


if __name__ == "__main__":
    for each in PLURALS:
        catalogue = renewed(each, read(each))
        file_of(each).parent.mkdir(parents=True, exist_ok=True)
        file_of(each).write_text(written(catalogue), encoding="utf-8")
        empty = sum(not all(texts) for text, texts in catalogue.items() if text)
        print(f"{each}: {len(catalogue) - 1} strings, {empty} to translate")  # noqa: T201
