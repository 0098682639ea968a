"""``%deploy`` and ``%%deploy``: a line is parsed, its verb runs, its value is returned."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class
from IPython.display import display
from traitlets import Bool, Float

from mdeploy_lab.client.sync import default_client
from mdeploy_lab.client.tables import Column, Table
from mdeploy_lab.client.verbs import Verb
from mdeploy_lab.client.views import log_text, value_text
from mdeploy_lab.errors import MDeployError
from mdeploy_lab.models.deployment import ParityRow
from mdeploy_lab.notebook.cell import cell_context
from mdeploy_lab.notebook.parsing import HelpShown, parse
from mdeploy_lab.notebook.reporter import reporter_for
from mdeploy_lab.notebook.variables import model_of, value_of

REPORTED = frozenset({"deploy", "update", "rollback", "start", "stop", "wait"})
SUMMED_UP = frozenset({"deploy", "update", "rollback", "start"})


@magics_class
class DeployMagics(Magics):  # type: ignore[misc]  # IPython has no types here
    """Deploy models and steer deployments. ``%config DeployMagics`` shows what can be set."""

    wait = Bool(True, help="wait until a deploy or update is deployed").tag(config=True)
    timeout = Float(0.0, help="seconds to wait at most; 0 is no limit").tag(config=True)

    @line_magic("deploy")  # type: ignore[untyped-decorator]  # IPython has no types here
    def deploy_line(self, line: str) -> Any:
        """Deploy a model, or steer a deployment.

        ::

            %deploy clf --name churn             a fitted object, by its variable
            %deploy models:/churn/3              a registered model
            %deploy                              all deployments
            %deploy show|logs|history|revisions|diff|update|rollback|traffic|stop|start|delete|wait ID …
            %deploy predict ID X_test            answers as the model's own method does
            %deploy clients list|add|rotate|remove ID …
            %deploy replicas|events|metrics ID
            %deploy VERB --help                  what a verb takes
        """
        try:
            return self._run(line)
        except HelpShown:
            return None
        except MDeployError as error:
            raise _usage_error(error) from None
        except KeyboardInterrupt:  # the line that says what goes on is already there
            raise UsageError("interrupted") from None

    @cell_magic("deploy")  # type: ignore[untyped-decorator]  # IPython has no types here
    def deploy_cell(self, line: str, cell: str) -> Any:
        """Ask a deployment with a JSON body in the cell: ``%%deploy predict ID [--dialect …]``."""
        words = line.split()
        if not words or words[0] != "predict":
            raise UsageError("%%deploy takes the verb predict\n\nhint: %%deploy predict ID, then a JSON body below it")
        try:
            body = json.loads(cell)
        except ValueError as error:
            hint = 'like {"inputs": [[5.1, 3.5, 1.4, 0.2]]}'
            raise UsageError(f"the cell is no JSON: {error}\n\nhint: {hint}") from None
        try:
            return self._run(line, body=body)
        except HelpShown:
            return None
        except MDeployError as error:
            raise _usage_error(error) from None

    def _run(self, line: str, body: Any = None) -> Any:
        parsed = parse(line)
        if parsed is None:
            return default_client().deployments()
        verb, values = parsed
        self._fill_in(verb, values)
        if body is not None:
            values["body"] = body
        reporter = reporter_for(self.shell) if verb.name in REPORTED else None
        values["reporter"] = reporter
        answer = verb.run(default_client(), values)
        if verb.name in SUMMED_UP and reporter is not None:
            reporter.finish(answer)
        if verb.name == "logs" and values.get("follow"):
            return _follow(answer)
        if verb.name == "predict" and values.get("stream"):
            return _pieces(answer)
        return None if verb.name in {"delete", "clients remove"} else answer

    def _fill_in(self, verb: Verb, values: dict[str, Any]) -> None:
        """Put the user's variables, settings and confirmations into a verb's values."""
        space = self.shell.user_ns
        for p in verb.params:
            text = values.get(p.name)
            if p.kind == "model" and isinstance(text, str):
                values[p.name] = model_of(text, space)
                if verb.name == "deploy" and not values.get("name") and not values.get("id") and text in space:
                    values["name"] = text if not isinstance(space[text], str) else None
            elif p.kind == "data" and isinstance(text, str):
                values[p.name] = value_of(text, space)
            elif p.name == "wait" and text is None:
                values[p.name] = self.wait
            elif p.name == "timeout" and text is None and verb.name in REPORTED:
                values[p.name] = self.timeout or None
        if verb.name == "deploy":
            values |= {"namespace": space, "cell": cell_context(self.shell)}
        if verb.name == "delete" and not values.get("yes"):
            raise UsageError(f"{values['id']} is not deleted without a word\n\nhint: %deploy delete {values['id']} --yes")


def _follow(lines: Any) -> None:
    """Print log lines as they come, until the cell is interrupted."""
    try:
        for line in lines:
            print(log_text(line), flush=True)  # noqa: T201  # the answer to a magic
    except KeyboardInterrupt:
        pass  # that is how one stops looking
    finally:
        lines.close()


def _pieces(pieces: Any) -> None:
    """Print the pieces of a streamed answer as they come: text as it is, everything else a line."""
    try:
        for piece in pieces:
            print(piece, end="" if isinstance(piece, str) else "\n", flush=True)  # noqa: T201  # the answer to a magic
    except KeyboardInterrupt:
        pass  # that is how one stops it
    finally:
        pieces.close()


def _usage_error(error: MDeployError) -> UsageError:
    """Return one line and a hint; rows that differ and a failure's evidence are shown beside it, folded."""
    receipt = error.details.get("receipt") or {}
    rows = [ParityRow.model_validate(row) for row in receipt.get("mismatches") or ()]
    if rows:
        display(_mismatches(rows))
    failure = error.details.get("failure") or {}
    if failure.get("evidence"):
        text = str(failure["evidence"]).rstrip()
        html = f"<details><summary>what the model wrote</summary><pre>{escape(text)}</pre></details>"
        display({"text/plain": text, "text/html": html}, raw=True)
    if failure.get("fix"):
        fix = str(failure["fix"])
        html = f"<p>A cell that mends it:</p><pre>{escape(fix)}</pre>"
        display({"text/plain": f"a cell that mends it:\n\n{fix}\n", "text/html": html}, raw=True)
    return UsageError(str(error))


def _mismatches(rows: list[ParityRow]) -> Table[ParityRow]:
    columns = (
        Column[ParityRow]("Row", lambda r: str(r.row)),
        Column[ParityRow]("In the notebook", lambda r: value_text(r.expected)),
        Column[ParityRow]("Over HTTP", lambda r: value_text(r.got)),
    )
    return Table(rows, columns, "no row differs")
