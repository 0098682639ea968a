"""The lines that the interface writes, read back by IPython and the magic's own parser."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from mdeploy_lab.client.verbs import VERBS
from mdeploy_lab.notebook.parsing import parse

FRONT = Path(__file__).parents[2] / "labextension"
GOLDEN = json.loads((FRONT / "tests/lines.json").read_text())


def magic_line(cell: str) -> str:
    """Return what IPython hands to the magic for a cell."""
    call = ast.parse(TransformerManager().transform_cell(cell)).body[0]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    name, line = (ast.literal_eval(arg) for arg in call.value.args[:2])
    assert name == "deploy"
    return line


@pytest.mark.parametrize("golden", GOLDEN, ids=[g["cell"][:40] for g in GOLDEN])
def test_a_line_says_what_the_button_does(golden):
    if "python" in golden:
        assert ast.unparse(ast.parse(golden["cell"]).body[-1]) == golden["python"]
        return
    line = magic_line(golden["cell"])
    assert not re.search(r"[${}]", line), "IPython would replace it"
    verb, values = parse(line)
    assert verb.name == golden["verb"]
    given = {k: v for k, v in values.items() if v is not None and k in golden["values"]}
    assert given == golden["values"]
    assert not [
        k for k, v in values.items() if k not in golden["values"] and k != "positional_state" and v not in (None, False, [])
    ]


def test_the_interface_knows_every_verb():
    text = (FRONT / "src/ui/line/line.ts").read_text()
    block = re.search(r"export const VERBS[^=]*= \[(.*?)\];", text, re.DOTALL)
    assert block is not None
    assert set(re.findall(r"'([\w-]+)'", block[1])) == {v.words[0] for v in VERBS} | {a for v in VERBS for a in v.aliases}
