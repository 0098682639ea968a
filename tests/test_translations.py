"""The interface's languages: every string has a translation with the same places for values."""

from __future__ import annotations

import importlib.util
import re
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "labextension" / "make_catalogues.py"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_catalogues", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CATALOGUES = script()
LANGUAGES = sorted(CATALOGUES.PLURALS)


def places(text: str) -> set[str]:
    return set(re.findall(r"%\d", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_holds_just_the_strings_of_the_interface(language):
    known = CATALOGUES.read(language)
    assert known == CATALOGUES.renewed(language, known), f"run `{CATALOGUES.COMMAND}`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_is_translated_with_its_values(language):
    known = CATALOGUES.read(language)
    for text, plural in CATALOGUES.messages().items():
        for translation in known[text]:
            assert translation.strip(), f"{text!r} is not translated"
            wanted = places(text) | places(plural or "")
            assert places(translation) in (wanted, wanted - {"%1"} if plural else wanted), text


def test_jupyterlab_finds_them():
    (found,) = [e for e in entry_points(group="jupyterlab.locale") if e.name == CATALOGUES.DOMAIN]
    assert Path(found.load().__file__).parent / "locale" == CATALOGUES.LOCALES
