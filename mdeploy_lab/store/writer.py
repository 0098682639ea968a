"""The one thread that writes: it commits whatever waits together, because the cost of a commit is its fsync."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from mdeploy_lab.errors import EngineUnavailable
from mdeploy_lab.store import problems

T = TypeVar("T")
Notice = tuple[str, str]

GROUP_LIMIT = 64


@dataclass
class Transaction:
    """What one write sees: the connection, and the notices that listeners get when it is durable."""

    connection: sqlite3.Connection
    notices: list[Notice] = field(default_factory=list)

    def notify(self, uid: str, what: str) -> None:
        """Tell listeners after the commit."""
        self.notices.append((uid, what))


@dataclass
class _Job:
    work: Callable[[Transaction], Any]
    future: Future[Any]
    reads: bool
    notices: list[Notice] = field(default_factory=list)
    value: Any = None
    problem: Exception | None = None


class Writer:
    """Runs writes one after the other; a write's future is done only when its transaction is durable.

    Writes must do nothing but talk to their connection: after a failure of the group they are run again, each alone.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, publish: Callable[[list[Notice]], None]) -> None:
        self._connection = connection
        self._path = path
        self._publish = publish
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="mdeploy-store", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Transaction], T], *, reads: bool = False) -> Future[T]:
        """Queue a write, or a read that needs no transaction.

        Raises
        ------
        EngineUnavailable
            When the store is closed.
        """
        job = _Job(work, Future(), reads)
        with self._gate:
            if self._closed:
                raise EngineUnavailable("the store is closed", hint="the engine is ending; repeat the command")
            self._jobs.put(job)
        return job.future

    def close(self) -> None:
        """Finish what was queued and close the connection; blocks."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            waiting = [self._jobs.get()]
            with suppress(queue.Empty):
                while waiting[-1] is not None and len(waiting) < GROUP_LIMIT:
                    waiting.append(self._jobs.get_nowait())
            going = waiting[-1] is not None
            jobs = [job for job in waiting if job is not None and job.future.set_running_or_notify_cancel()]
            self._commit([job for job in jobs if not job.reads])
            for job in jobs:
                if job.reads:
                    self._read(job)
        with suppress(sqlite3.Error):  # every commit is durable already; a failed checkpoint is made up for later
            self._connection.close()

    def _commit(self, jobs: list[_Job]) -> None:
        if not jobs:
            return
        try:
            self._together(jobs)
        except sqlite3.Error as error:
            if len(jobs) > 1 and not problems.is_locked(error):
                for job in jobs:
                    self._commit([job])
                return
            for job in jobs:
                job.problem = problems.from_sqlite(error, self._path)
                job.problem.__cause__ = error
        done = [notice for job in jobs if job.problem is None for notice in job.notices]
        if done:
            self._publish(done)
        _settle(jobs)

    def _together(self, jobs: list[_Job]) -> None:
        """Run the jobs in one transaction; one that fails by itself leaves nothing and does not disturb the others."""
        run = self._connection.execute
        try:
            run("BEGIN IMMEDIATE")
            for job in jobs:
                transaction = Transaction(self._connection)
                job.notices, job.value, job.problem = transaction.notices, None, None
                run("SAVEPOINT job")
                try:
                    job.value = job.work(transaction)
                except sqlite3.Error:
                    raise
                except Exception as error:  # noqa: BLE001  # whatever it is belongs to the job's caller
                    job.problem = error
                    run("ROLLBACK TO job")
                run("RELEASE job")
            run("COMMIT")
        finally:
            if self._connection.in_transaction:
                with suppress(sqlite3.Error):  # the first error counts
                    run("ROLLBACK")

    def _read(self, job: _Job) -> None:
        try:
            job.value = job.work(Transaction(self._connection))
        except sqlite3.Error as error:
            job.problem = problems.from_sqlite(error, self._path)
        except Exception as error:  # noqa: BLE001  # whatever it is belongs to the job's caller
            job.problem = error
        _settle([job])


def _settle(jobs: Iterable[_Job]) -> None:
    for job in jobs:
        if job.problem is None:
            job.future.set_result(job.value)
        else:
            job.future.set_exception(job.problem)
