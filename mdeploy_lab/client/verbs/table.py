"""The table of verbs."""

from __future__ import annotations

from collections.abc import Sequence

from mdeploy_lab.client.verbs.access import ACCESS
from mdeploy_lab.client.verbs.asking import DESCRIBE, PREDICT
from mdeploy_lab.client.verbs.changing import CHANGING
from mdeploy_lab.client.verbs.deploying import DEPLOY, UPDATE
from mdeploy_lab.client.verbs.reading import READING
from mdeploy_lab.client.verbs.verb import Verb

VERBS: tuple[Verb, ...] = (DEPLOY, *READING, UPDATE, *CHANGING, DESCRIBE, PREDICT, *ACCESS)


def find_verb(words: Sequence[str]) -> Verb | None:
    """Return the verb that ``words`` begin with; one word or two."""
    for verb in VERBS:
        if tuple(words[: len(verb.words)]) == verb.words or (words and words[0] in verb.aliases):
            return verb
    return None
