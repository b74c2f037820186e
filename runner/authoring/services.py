"""What user code needs of the outside: the runner's answers, and a journal to state facts in.

A process that runs or imports user code holds one ``Services`` in a module variable, so that
``Variable.get`` and ``log_metric`` need no argument for it. Outside such a process there is none.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Protocol

from runner.authoring.exceptions import DagtopException
from runner.journal.questions import (
    GetConnection,
    GetPreviousRun,
    GetRunStates,
    GetVariable,
    GetXCom,
    SetVariable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

    from runner.journal.questions import Answer, Question
    from runner.journal.records import Record


class OutsideTask(DagtopException, RuntimeError):
    """What was asked for exists only while a task runs."""


class Questions(Protocol):
    """Asks the runner: ``runner.journal.client.QuestionClient``."""

    def answer(self, question: Question) -> Answer:
        """The answer. Raises an exception whose message is a sentence where there is none."""
        ...

    def close(self) -> None:
        """Drop the connection; the next question makes a new one."""
        ...


class Journal(Protocol):
    """States facts: ``runner.journal.writer.JournalWriter``."""

    def append(self, *records: Record) -> None:
        """Write records as one piece. Raises ``OSError``."""
        ...

    def ring(self) -> None:
        """Wake the runner."""
        ...


class Shield:
    """Holds back what a signal handler would raise while the journal or a socket is in use.

    Handlers run in the main thread between any two steps of it, so a timeout could strike in the
    middle of a write. A handler calls ``interrupt``; what it wants to do happens at once, or when
    the main thread leaves its last ``with shield`` block.
    """

    def __init__(self) -> None:
        self.depth = 0
        self._pending: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self.depth += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if threading.current_thread() is threading.main_thread():
            self.depth -= 1
            if not self.depth:
                self.deliver()

    def interrupt(self, action: Callable[[], None]) -> None:
        """Run ``action`` (it may raise) now, or as soon as the shield is down."""
        if self.depth:
            self._pending = action
        else:
            action()

    def deliver(self) -> None:
        """Run what was held back."""
        action, self._pending = self._pending, None
        if action is not None:
            action()

    def discard(self) -> None:
        """Forget what was held back."""
        self._pending = None


shield = Shield()


class Services:
    """The runner and the journal, as this process reaches them.

    ``journal`` is None where there is no try: while a pipeline file is imported, and for callbacks
    that run in a process of their own.
    """

    def __init__(
        self,
        questions: Questions,
        journal: Journal | None = None,
        path: str = "",
        artifacts: str = "",
    ) -> None:
        """``path``: of the journal; ``artifacts``: the folder of the files of tracked runs."""
        self._questions = questions
        self._journal = journal
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._path = path
        self.artifacts = artifacts
        self.artifact_root = ""
        """URL where contents of artifacts are that aren't in that folder; empty: there is none."""
        self.state = ""
        """The folder of the workspace's state; empty: runs say nothing of themselves."""
        self.own_uuid = ""
        """What the run that there is without a call is known by; empty: that of the try."""
        self.own_name = ""

    @property
    def own_run(self) -> str:
        """The uuid of the tracked run that there is without a call."""
        from runner.journal.tracked import tracked_run_of

        return self.own_uuid or tracked_run_of(self._path)

    def ask(self, question: Question) -> Answer:
        """The runner's answer. Raises an exception whose message says why there is none."""
        if os.getpid() != self._owner:  # a process that the task forked: not its connection
            self._questions.close()
            self._owner = os.getpid()
        try:
            return self._questions.answer(question)
        except Exception:
            raise
        except BaseException:  # a timeout or a kill in between: the answer would come late
            self._questions.close()
            raise

    def record(self, *records: Record) -> None:
        """State facts in the journal. Raises ``OSError`` where they can't be written."""
        with shield, self._lock:
            if self._journal is None:
                raise OutsideTask(
                    "there is no task here to record something for: log params, metrics and tags, "
                    "and push XComs, inside a running task"
                )
            self._journal.append(*records)

    def finish(self, *records: Record) -> None:
        """State the last facts and wake the runner. Nothing is recorded after them, whatever
        threads the task has left. Raises ``OSError``."""
        with shield, self._lock:
            journal, self._journal = self._journal, None
            if journal is not None:
                journal.append(*records)
                journal.ring()

    def ring(self) -> None:
        """Wake the runner, so that it reads the journal at once."""
        with shield, self._lock:
            if self._journal is not None:
                self._journal.ring()

    def get_xcom(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        key: str,
        map_indexes: Sequence[int] | None = None,
        include_prior_dates: bool = False,
    ) -> list[tuple[int, str]]:
        """(map index, JSON) of each XCom there is, by map index; ``map_indexes`` None: of all."""
        wanted = None if map_indexes is None else list(map_indexes)
        answer = self.ask(GetXCom(dag_id, run_id, task_id, key, wanted, include_prior_dates))
        return [(index, text) for index, text in answer.value or ()]

    def get_variable(self, key: str) -> str | None:
        """The Variable's text, None where there is none."""
        answer = self.ask(GetVariable(key))
        return answer.value if answer.found else None

    def set_variable(self, key: str, value: str | None, description: str | None = None) -> bool:
        """Set a Variable, or delete it with None. Whether there was one to delete."""
        return self.ask(SetVariable(key, value, description)).found

    def get_connection(self, conn_id: str) -> dict[str, Any] | None:
        """The Connection's fields, None where there is none."""
        answer = self.ask(GetConnection(conn_id))
        return answer.value if answer.found else None

    def get_run_states(
        self,
        dag_id: str,
        *,
        logical_dates: Sequence[str] = (),
        run_ids: Sequence[str] = (),
        task_ids: Sequence[str] = (),
    ) -> list[dict[str, Any]]:
        """``{run_id, logical_date, state, tasks: {task_id: [states]}}`` per run, newest first."""
        question = GetRunStates(dag_id, list(logical_dates), list(run_ids), list(task_ids))
        return self.ask(question).value or []

    def get_previous_run(
        self, dag_id: str, logical_date: str, state: str | None = None
    ) -> dict[str, Any] | None:
        """The newest run before that date: run_id, state and its dates as ISO 8601."""
        answer = self.ask(GetPreviousRun(dag_id, logical_date, state))
        return answer.value if answer.found else None


_services: Services | None = None
tracked: Services | None = None
"""What tracked runs are recorded in: the services of the task, or the recording of a process that
is none."""
_is_host = False


def provide(services: Services | None) -> None:
    """Set the services of this process; None takes them away."""
    global _services, _is_host
    _services, _is_host = services, True
    track(services)


def track(services: Services | None) -> None:
    """Set what tracked runs are recorded in; None takes it away."""
    global tracked
    tracked = services


def is_recording(services: Services) -> bool:
    """Whether these are no task's, but those of a process that records by itself."""
    return tracked is not None and services is tracked and services is not _services


def for_tracking() -> Services:
    """What tracked runs are recorded in. A process that no host of ours has forked begins a
    recording. Raises ``OutsideTask``, and ``OSError`` where it can't be written."""
    if tracked is not None:
        return tracked
    if _is_host:  # a task that has ended, or a callback
        return current()
    from runner.authoring.recording import recorder

    return recorder()


def current() -> Services:
    """The services of this process. Raises ``OutsideTask`` where there are none."""
    if _services is None:
        raise OutsideTask(
            "this works only inside a running task (or, for Variables and Connections, while the "
            "runner imports a pipeline file): no task is running in this process"
        )
    return _services
