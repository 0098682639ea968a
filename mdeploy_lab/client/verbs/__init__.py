"""Every verb once, as data: its words, its parameters, what it does. The shell and the magics are made from this table."""

from __future__ import annotations

from mdeploy_lab.client.verbs.table import VERBS, find_verb
from mdeploy_lab.client.verbs.verb import Param, Verb

__all__ = ["VERBS", "Param", "Verb", "find_verb"]
