"""``%deploy`` in a real IPython shell with a real engine."""

from __future__ import annotations

import json
import time

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from mdeploy_lab.client.deployment import Deployment
from mdeploy_lab.client.tables import Table
from mdeploy_lab.notebook import load, unload

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def shell(here):
    made = InteractiveShell()
    load(made)
    yield made
    unload(made)
    made.history_manager.end_session()
    made.history_manager = None
    InteractiveShell.clear_instance()


def run(shell, code):
    """Run a cell and return its value and what it printed; an error is raised."""
    with capture_output() as said:
        done = shell.run_cell(code)
    done.raise_error()
    return done.result, said.stdout + said.stderr


def mistake(shell, code):
    """Run a cell that fails; return everything that the user sees."""
    with capture_output() as said:
        done = shell.run_cell(code)
    assert isinstance(done.error_in_exec, UsageError), done.error_in_exec
    return said.stdout + said.stderr


def test_a_variable_is_deployed_shown_and_returned(shell, served, clf, iris):
    shell.user_ns |= {"clf": clf, "X": iris[0].head(5)}
    value, said = run(shell, "d = %deploy clf --name served --input-example X\nd")
    assert isinstance(value, Deployment)
    assert value == served
    assert "served is deployed: nothing changed" in said
    assert value.url in said
    assert "mdp_" not in said
    value, said = run(shell, "%deploy update served --description hello")
    assert value.spec.description == "hello"
    assert "clients add served CLIENT" in said


def test_the_lineage_names_the_cell(shell, clf, iris, served):
    from mdeploy_lab.notebook.cell import cell_context

    shell.user_ns["__vsc_ipynb_file__"] = "/books/churn.ipynb"
    shell.execution_count = 7
    context = cell_context(shell)
    assert (context.notebook, context.execution_count, context.cell_id) == ("/books/churn.ipynb", 7, "")


def test_verbs_return_objects(shell, served, iris):
    shell.user_ns["X"] = iris[0]
    grid, _ = run(shell, "%deploy")
    assert isinstance(grid, Table)
    assert served in grid
    assert run(shell, "%deploy show served")[0] == served
    assert run(shell, "%deploy history served")[0][-1].action == "create"
    assert len(run(shell, "%deploy predict served X.head(3)")[0]) == 3
    assert run(shell, "%deploy traffic served")[0] == {served.revision: 100}
    assert run(shell, "%deploy replicas served")[0][0].state == "ready"
    assert run(shell, "%deploy logs served --tail 2")[0]
    token, said = run(shell, "%deploy clients add served web")
    try:
        assert token.token.reveal() not in said
        assert [c.name for c in run(shell, "%deploy clients served")[0]] == ["web"]
    finally:
        assert run(shell, "%deploy clients remove served web")[0] is None


def test_a_cell_is_a_json_body(shell, served, iris):
    body = json.dumps({"dataframe_split": iris[0].head(2).to_dict(orient="split")})
    assert run(shell, f"%%deploy predict served\n{body}")[0] == {"predictions": [0, 0]}
    assert "the cell is no JSON" in mistake(shell, "%%deploy predict served\n{")
    assert "takes the verb predict" in mistake(shell, "%%deploy stop served\n{}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%deploy clff --name served", "there is no variable 'clff'"),
        ("%deploy stop servd", "did you mean served?"),
        ("%deploy delete served", "hint: %deploy delete served --yes"),
        ("%deploy rollback served --to 99", "99"),
        ("%deploy 3 --name three", "hint: "),
        ("%deploy predict served", "there are no rows"),
        ("%deploy traffic served 1=50", "add up to 50"),
        ("%deploy models:/nowhere/7 --name nowhere", "hint: "),
    ],
)
def test_a_mistake_is_one_line_and_a_hint(shell, served, line, said):
    shown = mistake(shell, line)
    assert said in shown
    assert "Traceback" not in shown
    assert shown.startswith("UsageError: ")
    assert shown.count("hint: ") == 1


def test_settings_of_the_magics_hold(shell, served):
    run(shell, "%config DeployMagics.timeout = 0.01\n%config DeployMagics.wait = True")
    assert "was not stopped after 0.01 s" in mistake(shell, "%deploy wait served stopped")


def offered(shell, text):
    return {c.text for c in shell.Completer.custom_matchers[-1](_context(text))["completions"]}


def _context(text):
    from IPython.core.completer import CompletionContext

    return CompletionContext(token=text.split(" ")[-1], full_text=text, cursor_position=len(text), cursor_line=0, limit=None)


def test_completion_offers_verbs_ids_models_and_options(shell, served, clf, iris):
    shell.user_ns |= {"clf": clf, "X": iris[0], "np": json, "Plain": dict}
    first = offered(shell, "%deploy ")
    assert {"show", "logs", "clients", "clf"} <= first
    assert not {"np", "Plain", "X"} & first
    until = time.monotonic() + 10
    while offered(shell, "d = %deploy logs ser") != {"served"} and time.monotonic() < until:
        time.sleep(0.05)
    assert offered(shell, "d = %deploy logs ser") == {"served"}
    assert offered(shell, "%deploy clients ") == {"list", "add", "rotate", "remove"}
    assert offered(shell, "%deploy clients add ser") == {"served"}
    assert {"--name", "--no-wait"} <= offered(shell, "%deploy clf --n") | offered(shell, "%deploy clf --no")
    assert "X" in offered(shell, "%deploy predict served ")
    assert offered(shell, "%%deploy ") == {"predict"}
    assert offered(shell, "x = 1 + de") == set()
    _, found = shell.complete("%deploy hist", "%deploy hist", 12)
    assert found == ["history"]


def test_completion_is_quick_though_the_engine_is_slow(shell, served, monkeypatch):
    monkeypatch.setattr("mdeploy_lab.notebook.completion.running_ids", lambda _: time.sleep(2) or [])
    began = time.monotonic()
    offered(shell, "%deploy logs ")
    assert time.monotonic() - began < 0.5


def test_unloading_takes_everything_away(shell):
    unload(shell)
    assert "deploy" not in shell.magics_manager.magics["line"]
    assert shell.Completer.custom_matchers == []
