"""What ``mdeploy serve`` says: messages to standard error, the replica's log lines to standard output."""

from __future__ import annotations

import json
import re
import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from mdeploy_lab.cli.output import coloured, note

_FRAME = re.compile(r'^ +File "(?P<file>[^"]+)"')
_OURS = ("/mdeploy_lab/", "/mlflow/")
_LIBRARY = "/site-packages/"
OWN_REQUEST = "mdeploy-serve"
"""The id of the command's own question, which is not shown."""
_STATUS_COLOURS = {"2": "green", "3": "green", "4": "yellow", "5": "red"}
_QUIET = {"mdeploy_lab.": {"info"}, "mdeploy_lab.runtime.replica": {"info", "error"}}
"""What of our own log is not shown, by the start of a logger's name; why a script does not load is shown by ``failed``."""
LONGEST_EXAMPLE = 400


def trimmed(text: str) -> str:
    """Return a traceback without the frames of the server and of MLflow, and of a library's only the first and the last."""
    kept: list[str] = []
    library: list[list[str]] = []
    block = kept
    for line in text.splitlines():
        frame = _FRAME.match(line)
        if frame is not None and any(part in frame["file"] for part in _OURS):
            block = []
        elif frame is not None and _LIBRARY in frame["file"]:
            block = []
            library.append(block)
        elif frame is not None or not line.startswith("    "):
            kept += _ends(library)
            library.clear()
            block = kept
        block.append(line)
    return "\n".join([*kept, *_ends(library)])


def _ends(frames: list[list[str]]) -> list[str]:
    between = len(frames) - 2
    if between <= 0:
        return [line for frame in frames for line in frame]
    return [*frames[0], f"  … {between} more frame{'s' if between > 1 else ''} of libraries", *frames[-1]]


class Terminal:
    """Prints for people, or with ``as_json`` one document and then the log's own lines."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._as_json = as_json
        self._shown: tuple[str, str] = ("", "")
        self._places: dict[str, str] = {}
        self._different: list[str] = []

    def stands_for(self, staged: Path, folder: Path) -> None:
        """Show the user's own folder where a traceback names the staged one."""
        self._places[str(staged)] = str(folder)

    def at_home(self, text: str) -> str:
        """Return a text with the user's own paths."""
        for staged, folder in self._places.items():
            text = text.replace(staged, folder)
        return text

    def ready(self, url: str, script: Path, example: str, seconds: float, *, reloads: bool) -> None:
        """Say that it answers; the first time, and when the example is another one, with a command to try it."""
        if self._as_json:
            if not self._shown[0]:
                click.echo(json.dumps({"url": url, "script": str(script), "example": example}))
                self._shown = (url, example)
            return
        if self._shown != (url, example):
            self._shown = (url, example)
            data = shlex.quote(example) if len(example) <= LONGEST_EXAMPLE else "@body.json"
            note(f"{coloured('URL', 'green')}  {url}")
            note(f"{coloured('Try', 'green')}  curl -s {url}/invocations -H 'Content-Type: application/json' -d {data}")
        more = "loaded again at every save, " if reloads else ""
        note(f"{coloured('ready', 'green')} in {seconds:.2f} s; {more}Ctrl-C ends it")

    def note(self, text: str) -> None:
        """Say what happens."""
        note(text)

    def differences(self, found: list[str]) -> None:
        """Say once what is installed otherwise than the script's requirements.txt wants."""
        if found and found != self._different:
            note(f"{coloured('note', 'yellow')}: packages differ from requirements.txt: {'; '.join(found)}")
        self._different = found

    def failed(self, message: str, hint: str, evidence: str, *, waits: bool) -> None:
        """Show why it cannot be loaded."""
        note(f"{coloured('error', 'red')}: {self.at_home(message)}")
        if "  File " in (shown := trimmed(evidence)):  # else nothing of the user's is in it, and the message says it all
            note(self.at_home(shown))
        if hint:
            note(f"{coloured('hint', 'cyan')}: {self.at_home(hint)}")
        if waits:
            note("waiting for the next save")

    def log(self, line: bytes) -> None:
        """Show a line of the replica's log."""
        try:
            found: dict[str, Any] = json.loads(line)
        except ValueError:
            click.echo(self.at_home(line.decode("utf-8", "replace").rstrip("\n")))
            return
        if self._is_ours(found):
            return
        if self._as_json:
            click.echo(line.decode("utf-8", "replace").rstrip("\n"))
            return
        click.echo(f"{_clock(found)}  {self._line(found)}")

    @staticmethod
    def _is_ours(found: dict[str, Any]) -> bool:
        logger, level = str(found.get("logger", "")), found.get("level")
        own = found.get("request_id") == OWN_REQUEST
        return own or any(logger.startswith(start) and level in levels for start, levels in _QUIET.items())

    def _line(self, found: dict[str, Any]) -> str:
        message = str(found.get("message", ""))
        if found.get("stream") == "access":
            status = str(found.get("status", ""))
            return message.replace(f" {status} ", f" {coloured(status, _STATUS_COLOURS.get(status[:1], 'red'))} ", 1)
        level = str(found.get("level", ""))
        shown = coloured(level, {"warning": "yellow", "error": "red", "critical": "red"}.get(level, "cyan")) if level else ""
        head = " ".join(part for part in (shown, str(found.get("logger", ""))) if part)
        return f"{head}: {self.at_home(trimmed(message))}" if head else self.at_home(message)


def _clock(found: dict[str, Any]) -> str:
    try:
        return f"{datetime.fromisoformat(str(found['at'])).astimezone():%H:%M:%S}"
    except (KeyError, ValueError):
        return "        "
