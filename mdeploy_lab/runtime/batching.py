"""Answers requests together that wait together: one prediction for all rows, each request its own rows and its own errors.

Nothing waits for a batch to fill. While one prediction runs, requests gather; the next prediction takes them all. A model is
asked so only when its answer to some rows is that to each of them (``Plan.rowwise``). A request that cannot be read is refused
alone; when the rows together are refused, each request is left to be asked by itself, and so is one that goes the long way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mdeploy_lab.runtime.answering import answer, asked, encoded
from mdeploy_lab.runtime.dialect import Call, Request, Response, Route

if TYPE_CHECKING:
    from mdeploy_lab.runtime.loader import ServedModel
    from mdeploy_lab.runtime.prediction import Job

MOST_ROWS = 4096
"""Rows of a request that is still put together with others, and of all of them."""

Outcome = tuple[Response | None, BaseException | None]


@dataclass(slots=True)
class Question:
    """One request as the worker gets it."""

    route: Route
    request: Request
    model: ServedModel
    call: Call | None = None
    """What was read, when it was to be answered with others and is not."""

    def __call__(self) -> Response:
        """Answer it alone."""
        if self.call is not None:
            return asked(self.call, self.route, self.request, self.model)
        return answer(self.route, self.request, self.model)

    def read(self) -> Call:
        """Return what the model is asked."""
        if self.route.decode is None:
            raise TypeError(f"{self.route.path} is no prediction")
        return self.route.decode(self.request, self.model)

    def write(self, outputs: Any, call: Call) -> Response:
        """Return the answer in the request's dialect."""
        return encoded(outputs, call, self.route, self.request, self.model)


def together(jobs: Sequence[Job]) -> list[Outcome | None]:
    """Return the outcome of each job, None for what must be asked alone; all are questions to one model."""
    outcomes: list[Outcome | None] = [None] * len(jobs)
    calls: list[tuple[int, Call]] = []
    rows = 0
    for place, job in enumerate(jobs):
        question: Question = job.run  # type: ignore[assignment]  # only questions are batched
        try:
            call = question.call = job.context.run(question.read)
        except BaseException as error:  # noqa: BLE001  # each request has its own
            outcomes[place] = (None, error)
            continue
        if call.matrix is not None and not call.stream and rows + len(call.matrix) <= MOST_ROWS:
            calls.append((place, call))
            rows += len(call.matrix)
    if calls:
        _answer_all(jobs, calls, outcomes)
    return outcomes


def _answer_all(jobs: Sequence[Job], calls: list[tuple[int, Call]], outcomes: list[Outcome | None]) -> None:
    import numpy as np

    first: Question = jobs[calls[0][0]].run  # type: ignore[assignment]  # as above
    plan = first.model.plan
    assert plan is not None
    matrix = calls[0][1].matrix if len(calls) == 1 else np.concatenate([call.matrix for _, call in calls])
    try:
        outputs = plan.answer(matrix)
        rows = _rows_of(outputs) if len(outputs) == len(matrix) else None
    except Exception:  # noqa: BLE001  # whose fault it was shows when each is asked alone
        return
    if rows is None:
        return
    begin = 0
    for place, call in calls:
        end = begin + len(call.matrix)
        question: Question = jobs[place].run  # type: ignore[assignment]  # as above
        outcomes[place] = _written(jobs[place], question, rows[begin:end], call)
        begin = end


def _rows_of(outputs: Any) -> Any:
    """Return what a slice takes rows of; None when it is not known how."""
    return outputs if isinstance(outputs, list) or type(outputs).__name__ == "ndarray" else getattr(outputs, "iloc", None)


def _written(job: Job, question: Question, part: Any, call: Call) -> Outcome:
    return _outcome(lambda: job.context.run(question.write, part, call))


def _outcome(run: Callable[[], Response]) -> Outcome:
    try:
        return run(), None
    except BaseException as error:  # noqa: BLE001  # the model's code may raise anything, SystemExit included
        return None, error
