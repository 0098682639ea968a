"""Renew the generated parts of docs/reference.md from the code: ``make docs``. A test fails while they differ."""  # noqa: INP001

from __future__ import annotations

import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import mdeploy_lab as md
from mdeploy_lab.api.app import openapi
from mdeploy_lab.client.deployment import Clients, Deployment
from mdeploy_lab.client.tokens import Token
from mdeploy_lab.client.verbs import VERBS
from mdeploy_lab.config import DEFAULTS, ENVIRONMENT, INSTANCE_TYPES
from mdeploy_lab.engines.base import CAPABILITIES
from mdeploy_lab.errors import MDeployError
from mdeploy_lab.models.deployment import FailureReason

PAGE = Path(__file__).parent / "reference.md"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(\n<!-- end -->)", re.DOTALL)
SETTINGS = {
    "engine": "what runs replicas: `local`",
    "group": "the group of deployments that name none",
    "gateway.bind": "address that the gateway listens on; any but a loopback address needs TLS",
    "gateway.port": "port of the gateway; 0 chooses a free one, once per home, and keeps it",
    "gateway.public_url": "URL that callers use, when it is not the gateway's own address",
    "gateway.host_suffix": "`<id>.<suffix>` as a host name serves a deployment at the root",
    "gateway.tls_cert": "file with the certificate chain (PEM)",
    "gateway.tls_key": "file with its private key (PEM)",
    "logs.days": "days that logs and events are kept",
    "drain_seconds": "seconds that a replica may finish its requests before it is ended",
}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table; a bar within a cell is escaped."""
    lines = [list(head), *([str(c).replace("|", "\\|") for c in row] for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    made = ["| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines]
    made.insert(1, "| " + " | ".join("-" * w for w in widths) + " |")
    return "\n".join(made)


def commands() -> str:
    """Return every verb that the shell and the magics share, with its parameters."""
    parts = []
    for verb in VERBS:
        words = " ".join(p.metavar or p.name.upper() for p in verb.params if not p.flags)
        also = f" Also: `{'`, `'.join(verb.aliases)}`." if verb.aliases else ""
        parts.append(f"### `{f'{verb.name} {words}'.strip()}`")
        parts.append(verb.help + also)
        rows = [(_flags(p), _kind(p), p.help) for p in verb.params if p.flags]
        if rows:
            parts.append(table(("Option", "Value", "Meaning"), rows))
    return "\n\n".join(parts)


def _flags(param: Any) -> str:
    return ", ".join(f"`{f}`" for f in (*param.flags, *((param.off,) if param.off else ())))


def _kind(param: Any) -> str:
    if param.choices:
        return ", ".join(f"`{c}`" for c in param.choices)
    words = {"int": "a number", "float": "a number", "flag": "", "switch": "", "pairs": "", "text": "text", "texts": "text"}
    text = words.get(param.kind, param.kind)
    several = " (several times)" if param.kind in {"texts", "pairs"} else ""
    return (f"`{param.metavar}`" if param.metavar else text) + several


def python() -> str:
    """Return the functions of ``mdeploy_lab`` and the methods of what they return."""
    functions = [(f"md.{n}", getattr(md, n)) for n in ("deploy", "deployments", "get", "info", "connect")]
    parts = [_signatures(functions)]
    for title, prefix, owner in (
        ("Of a client (`md.connect(…)`)", "client", md.Client),
        ("Of a deployment", "d", Deployment),
        ("Of its clients", "d.clients", Clients),
        ("Of a token", "token", Token),
    ):
        found = [(f"{prefix}.{n}", m) for n, m in inspect.getmembers(owner, callable) if not n.startswith("_")]
        parts += [f"### {title}", _signatures(found)]
    found = [(n, p) for n, p in inspect.getmembers(Deployment, lambda m: isinstance(m, property)) if not n.startswith("_")]
    rows = [(f"`d.{n}`", _first_line(p)) for n, p in found]
    parts += ["### Properties of a deployment", table(("Property", "What it is"), rows)]
    return "\n\n".join(parts)


def _signatures(found: Iterable[tuple[str, Any]]) -> str:
    return "\n".join(f"- `{name}{_signature(call)}`: {_lower(_first_line(call))}" for name, call in found)


def _signature(call: Any) -> str:
    whole = inspect.signature(call)
    kept = [p.replace(annotation=inspect.Parameter.empty) for p in whole.parameters.values() if p.name != "self"]
    return str(whole.replace(parameters=kept, return_annotation=inspect.Signature.empty))


def _first_line(thing: Any) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def routes() -> str:
    """Return the REST routes."""
    rows = []
    for path, methods in openapi()["paths"].items():
        for method, route in methods.items():
            says = route.get("description", "").partition("\n")[0] or route.get("summary", "")
            rows.append((f"`{method.upper()} {path}`", says))
    rows.append(("`WebSocket /events`", "Changes, events and log lines as they come: `{topic, …}`."))
    return table(("Route", "What it does"), rows)


def settings() -> str:
    """Return the keys of config.toml."""
    if set(SETTINGS) != set(DEFAULTS):
        raise SystemExit(f"docs/generate.py: describe these settings, and no others: {set(SETTINGS) ^ set(DEFAULTS)}")
    rows = [
        (f"`{k}`", f"`{v!r}`".replace("'", '"'), f"`{ENVIRONMENT[k]}`" if k in ENVIRONMENT else "", SETTINGS[k])
        for k, v in DEFAULTS.items()
    ]
    return table(("Key", "Default", "Variable", "Meaning"), rows)


def types() -> str:
    """Return the built-in instance types."""
    return table(
        ("Name", "vCPU", "Memory"), [(f"`{t.name}`", f"{t.cpu:g}", f"{t.memory // 2**20} MiB") for t in INSTANCE_TYPES]
    )


def capabilities() -> str:
    """Return what an engine says of itself."""
    return table(("Capability", "What needs it"), [(f"`{name}`", what) for name, what in CAPABILITIES.items()])


def errors() -> str:
    """Return the tree of errors."""
    rows: list[tuple[str, ...]] = []

    def walk(cls: type[MDeployError], depth: int) -> None:
        says = _first_line(cls).removeprefix("Raised ")
        rows.append((f"{'· ' * depth}`{cls.__name__}`", f"`{cls.code}`", str(cls.http_status), says))
        for child in (c for c in cls.__subclasses__() if c.__module__ == MDeployError.__module__):
            walk(child, depth + 1)

    walk(MDeployError, 0)
    return table(("Class", "`code`", "HTTP", "Raised"), rows)


def reasons() -> str:
    """Return the reasons of a failed deployment."""
    return ", ".join(f"`{r}`" for r in typing.get_args(FailureReason))


MAKERS: dict[str, Callable[[], str]] = {
    f.__name__: f for f in (commands, python, routes, settings, capabilities, types, errors, reasons)
}


def renewed(text: str) -> str:
    """Return the page with its generated parts made anew."""
    return BLOCK.sub(lambda m: f"{m[1]}\n{MAKERS[m[2]]().replace('``', '`')}\n{m[3]}", text)


if __name__ == "__main__":
    before = PAGE.read_text(encoding="utf-8")
    after = renewed(before)
    PAGE.write_text(after, encoding="utf-8")
    sys.stdout.write(f"{PAGE.name}: {'renewed' if after != before else 'nothing to do'}\n")
