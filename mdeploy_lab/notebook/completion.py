"""Completion on a ``%deploy`` line: verbs, options, ids, and variables that hold models; from memory, within 100 ms."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from mdeploy_lab.client.nearby import running_ids
from mdeploy_lab.client.verbs import VERBS, Param, Verb, find_verb
from mdeploy_lab.notebook.variables import model_names

FRESH_SECONDS = 2.0
PATIENCE = 0.06
"""Seconds that a completion waits for the engine before it answers with what was known."""
_LINE = re.compile(r"(?:^|=|\s)(%%?deploy)(?:\s+(?P<rest>.*))?$", re.DOTALL)


class KnownIds:
    """The ids that the engine had a moment ago, asked in the background."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._at = float("-inf")
        self._asking: threading.Thread | None = None

    def get(self) -> list[str]:
        """Return the ids, new ones when they come quickly."""
        if time.monotonic() - self._at > FRESH_SECONDS:
            self.refresh()
            if self._asking is not None:
                self._asking.join(PATIENCE)
        return self._ids

    def refresh(self) -> None:
        """Ask the engine in the background, unless that is under way."""
        if self._asking is None or not self._asking.is_alive():
            self._asking = threading.Thread(target=self._ask, name="mdeploy-ids", daemon=True)
            self._asking.start()

    def _ask(self) -> None:
        self._ids, self._at = running_ids(1.0), time.monotonic()


class Completion:
    """The matcher of one shell."""

    def __init__(self, ipython: Any) -> None:
        self._shell = ipython
        self._ids = KnownIds()

        @context_matcher()  # type: ignore[untyped-decorator]  # IPython has no types here
        def deploy_matcher(context: CompletionContext) -> SimpleMatcherResult:
            return self.match(context.text_until_cursor)

        self.matcher = deploy_matcher

    def install(self) -> None:
        """Offer completions in this shell."""
        self._shell.Completer.custom_matchers.append(self.matcher)

    def remove(self) -> None:
        """Offer no more."""
        matchers = self._shell.Completer.custom_matchers
        if self.matcher in matchers:
            matchers.remove(self.matcher)

    def match(self, text: str) -> SimpleMatcherResult:
        """Return the completions of what stands before the cursor; nothing where there is no ``%deploy``."""
        found = _LINE.search(text.rpartition("\n")[2])
        if found is None or found["rest"] is None:
            return SimpleMatcherResult(completions=[], suppress=False)
        *words, last = re.split(r"\s+", found["rest"])
        offered = self._offer(words, last, cell=found[1] == "%%deploy")
        completions = [SimpleCompletion(text=word, type=kind) for word, kind in offered if word.startswith(last)]
        return SimpleMatcherResult(completions=completions, suppress=True, matched_fragment=last)

    def _offer(self, words: list[str], last: str, *, cell: bool) -> list[tuple[str, str]]:
        space = self._shell.user_ns
        if cell and not words:
            return [("predict", "verb")]
        if not words:
            verbs = sorted({v.words[0] for v in VERBS} | {a for v in VERBS for a in v.aliases})
            return [(v, "verb") for v in verbs] + [(n, "model") for n in model_names(space)]
        seconds = [v.words[1] for v in VERBS if len(v.words) > 1 and v.words[0] == words[0]]
        if seconds and len(words) == 1:
            return [(s, "verb") for s in seconds]
        verb = find_verb(words)
        rest = words[len(verb.words) :] if verb is not None and words[0] not in verb.aliases else words[1:]
        verb = verb or find_verb(["deploy"])
        assert verb is not None  # deploy is in the table
        return self._of_verb(verb, rest, last)

    def _of_verb(self, verb: Verb, rest: list[str], last: str) -> list[tuple[str, str]]:
        if last.startswith("-"):
            return [(flag, "option") for p in verb.params for flag in (*p.flags, p.off) if flag.startswith("--")]
        before = rest[-1] if rest else ""
        option = next((p for p in verb.params if before in p.flags), None)
        if option is not None and option.kind not in {"flag", "switch"}:
            return self._values(option)
        places = [p for p in verb.params if not p.flags or (verb.name == "predict" and p.kind == "data")]
        count = len(_positional(verb, rest))
        return self._values(places[count]) if count < len(places) else []

    def _values(self, p: Param) -> list[tuple[str, str]]:
        space = self._shell.user_ns
        if p.kind == "id":
            return [(i, "id") for i in self._ids.get()]
        if p.kind == "model":
            return [(n, "model") for n in model_names(space)]
        if p.kind == "data":
            return [(n, "variable") for n, v in list(space.items()) if not n.startswith("_") and hasattr(v, "shape")]
        return [(c, "value") for c in p.choices]


def _positional(verb: Verb, rest: list[str]) -> list[str]:
    """Return the words of a line that are no options and no values of options."""
    takes = {flag for p in verb.params for flag in p.flags if p.kind not in {"flag", "switch"}}
    return [w for i, w in enumerate(rest) if not w.startswith("-") and (i == 0 or rest[i - 1] not in takes)]
