"""The reference names everything that can be typed, and is of this version."""

from __future__ import annotations

import importlib.util
import re
import textwrap
from collections.abc import Iterator

from tests.docs.conftest import ROOT

PAGE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


def generate():
    """Return docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_of_this_code():
    assert generate().renewed(PAGE) == PAGE, "run `make docs`"


def test_every_variable_that_the_code_reads_is_named():
    read = set()
    for path in (ROOT / "mdeploy_lab").rglob("*.py"):
        read |= set(re.findall(r"[\"'](MDEPLOY_[A-Z_]+)[\"']", path.read_text(encoding="utf-8")))
    inner = {"MDEPLOY_LAB_", "MDEPLOY_"}
    assert sorted(v for v in read - inner if f"`{v}`" not in PAGE) == []


def test_every_setting_is_named_with_its_default():
    from mdeploy_lab.config import DEFAULTS

    for key, default in DEFAULTS.items():
        shown = f'"{default}"' if isinstance(default, str) else repr(default)
        assert re.search(rf"\| `{re.escape(key)}` +\| `{re.escape(shown)}`", PAGE), key


def test_every_error_is_named():
    from mdeploy_lab import errors

    for name in errors.__all__:
        if name != "from_body":
            assert f"`{name}`" in PAGE, name


def commands() -> Iterator[tuple[str, str]]:
    """Yield each command of the shell with each of its options."""
    import click

    from mdeploy_lab.cli.root import cli

    def walk(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for name, command in group.commands.items():
            if command.hidden:
                continue
            if isinstance(command, click.Group):
                yield from walk(command, (*words, name))
                continue
            yield " ".join((*words, name)), ""
            for param in command.params:
                for flag in (*param.opts, *param.secondary_opts) if isinstance(param, click.Option) else ():
                    yield " ".join((*words, name)), flag

    yield from walk(cli, ())


def test_every_command_and_option_is_named():
    missing = []
    for command, flag in commands():
        at = re.search(rf"^### `{re.escape(command)}(?: [^`]*)?`$|`mdeploy {re.escape(command)}`", PAGE, re.MULTILINE)
        if at is None:
            missing.append(command)
            continue
        section = PAGE[at.start() :].split("\n### ", 1)[0]
        if flag and flag not in {"--json", "--help"} and f"`{flag}`" not in section:
            missing.append(f"{command} {flag}")
    assert missing == []


def test_links_between_pages_lead_somewhere():
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
    broken = []
    for page in pages:
        targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
        missing = (t for t in targets if "://" not in t and not (page.parent / t).exists())
        broken += [f"{page.relative_to(ROOT)} → {t}" for t in missing]
    assert broken == []


def test_every_example_of_config_toml_is_accepted(tmp_path):
    from mdeploy_lab.config import Config

    pages = (ROOT / "docs").rglob("*.md")
    examples = [
        textwrap.dedent(e) for p in pages for e in re.findall(r"^ *```toml\n(.*?)```", p.read_text(), re.DOTALL | re.MULTILINE)
    ]
    assert len(examples) > 3
    for example in examples:
        (tmp_path / "config.toml").write_text(example)
        config = Config(tmp_path / "config.toml")
        assert config.all()
        assert config.groups()
        assert config.groups_default()
        assert config.instance_types()
