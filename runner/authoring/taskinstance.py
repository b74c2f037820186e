"""``ti`` of the context: the task instance that runs in this process."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from itertools import product
from typing import TYPE_CHECKING, Any

from runner.authoring import services
from runner.authoring.dag_run import DagRun
from runner.authoring.exceptions import ArgumentError
from runner.authoring.serialization import decode, encode
from runner.authoring.xcom_arg import NOTSET, RETURN_VALUE, iter_references
from runner.journal.records import RunFacts, XComPushed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from runner.authoring.abstractoperator import AbstractOperator
    from runner.authoring.context import Context
    from runner.authoring.dag import DAG
    from runner.journal.records import Ticket

    Rows = list[tuple[int, bytes | str]]


class TaskInstance:
    """One try of a task in a run, with the names of Airflow 3's ``RuntimeTaskInstance``."""

    def __init__(self, ticket: Ticket, dag: DAG, task: AbstractOperator, began: float) -> None:
        self.dag_id = ticket.dag_id
        self.task_id = ticket.task_id
        self.run_id = ticket.run.run_id
        self.map_index = ticket.map_index
        self.try_number = ticket.try_number
        self.max_tries = ticket.max_tries
        self.state = "running"
        self.end_date: datetime | None = None
        self.task = task
        self.is_mapped = task.is_mapped
        self.rendered_map_index: str | None = None
        self.context: Context | None = None
        self._ticket = ticket
        self._dag = dag
        self._began = ticket.first_started_at or began
        self._pushed: dict[str, bytes] = {}
        self._handed_over: dict[tuple[str, str], Rows] | None = None

    def __repr__(self) -> str:
        index = f" map_index={self.map_index}" if self.map_index >= 0 else ""
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id}{index} [{self.state}]>"

    @property
    def start_date(self) -> datetime:
        """When it started; of a rescheduled sensor when it first did. In UTC."""
        from datetime import UTC, datetime

        return datetime.fromtimestamp(self._began, UTC)

    @property
    def hostname(self) -> str:
        """Name of this machine."""
        return os.uname().nodename

    def get_template_context(self) -> Context:
        """The context that templates and callables see."""
        if self.context is None:
            raise services.OutsideTask(f"{self!r} has no context yet: it doesn't run")
        return self.context

    # XComs

    def xcom_record(self, key: str, value: Any) -> XComPushed:
        """The record that pushes an XCom. Raises ``XComNotSerializable``, ``XComTooLarge``."""
        if not isinstance(key, str) or not key:
            raise ArgumentError(f"an XCom's key is a string, not {key!r}")
        if not key.isprintable():  # nor can it be stored with half a character in it
            raise ArgumentError(f"an XCom's key has no control characters: {key!r}")
        name = RETURN_VALUE if key == RETURN_VALUE else f"XCom {key!r}"
        data, length = encode(value, name)
        self._pushed[key] = data
        return XComPushed(time.time(), key, data, length)

    def xcom_push(self, key: str, value: Any) -> None:
        """Hand ``value`` to other tasks under ``key``. Raises where it can't be written as JSON."""
        services.current().record(self.xcom_record(key, value))

    def xcom_pull(
        self,
        task_ids: str | Iterable[str] | None = None,
        dag_id: str | None = None,
        key: str = RETURN_VALUE,
        include_prior_dates: bool = False,
        *,
        map_indexes: int | Iterable[int] | None = NOTSET,
        default: Any = None,
        run_id: str | None = None,
    ) -> Any:
        """What tasks have pushed under ``key``.

        One task id (or none: this task's own) gives its value; where the task is mapped, a list
        over the map indexes that have pushed, in their order. Several ids give one list of all
        values. With ``map_indexes`` only those, one for each. ``default`` stands where there is
        nothing. With ``include_prior_dates`` the newest earlier run that has some is used where
        this one has none. ``run_id`` and ``dag_id``: of another run.
        """
        if not isinstance(key, str):
            raise ArgumentError(f"xcom_pull() needs the key of the XCom, a string, not {key!r}")
        single = task_ids is None or isinstance(task_ids, str)
        ids = [task_ids or self.task_id] if isinstance(task_ids, str | None) else list(task_ids)
        where = (dag_id or self.dag_id, run_id or self.run_id, key, include_prior_dates)
        if map_indexes is not NOTSET:
            one_index = isinstance(map_indexes, int | None)
            indexes = [map_indexes] if isinstance(map_indexes, int | None) else list(map_indexes)
            chosen = self._pull_chosen(ids, indexes, where, default)
            return chosen[0] if single and one_index else chosen
        values: list[Any] = []
        for task_id in ids:
            found = [decode(value) for _, value in self._rows(task_id, None, where)]
            if single and self._has_map_indexes(task_id, where[0]):
                return found or ([] if default is None else default)
            values.extend(found or [default])
        return values[0] if single and len(values) == 1 else values

    def _pull_chosen(
        self,
        task_ids: Sequence[str],
        map_indexes: Sequence[int | None],
        where: tuple[str, str, str, bool],
        default: Any,
    ) -> list[Any]:
        wanted = [-1 if index is None else index for index in map_indexes]
        rows = {task_id: dict(self._rows(task_id, wanted, where)) for task_id in task_ids}
        return [
            decode(rows[task_id][index]) if index in rows[task_id] else default
            for task_id, index in product(task_ids, wanted)
        ]

    def _has_map_indexes(self, task_id: str, dag_id: str) -> bool:
        task = self._dag.task_dict.get(task_id) if dag_id == self.dag_id else None
        return task is not None and task.get_needs_expansion()

    def _rows(
        self,
        task_id: str,
        map_indexes: Sequence[int] | None,
        where: tuple[str, str, str, bool],
    ) -> Rows:
        """(map index, JSON) of what a task has pushed: as handed over, else as the runner says."""
        dag_id, run_id, key, include_prior_dates = where
        here = dag_id == self.dag_id and run_id == self.run_id
        if here and task_id == self.task_id:
            return self._own_rows(map_indexes, where)
        if here:
            rows = self._from_ticket(task_id, key)
            if rows or (rows is not None and not include_prior_dates):
                return [row for row in rows if map_indexes is None or row[0] in map_indexes]
        return self._ask(task_id, map_indexes, where)

    def _own_rows(
        self, map_indexes: Sequence[int] | None, where: tuple[str, str, str, bool]
    ) -> Rows:
        """What this task has pushed: this process knows its own before the store does."""
        pushed = self._pushed.get(where[2])
        if pushed is None or (map_indexes is not None and self.map_index not in map_indexes):
            return self._ask(self.task_id, map_indexes, where)
        if map_indexes == [self.map_index] or (map_indexes is None and self.map_index < 0):
            return [(self.map_index, pushed)]
        rows = dict(self._ask(self.task_id, map_indexes, where))
        rows[self.map_index] = pushed
        return sorted(rows.items())

    def _from_ticket(self, task_id: str, key: str) -> Rows | None:
        """What the ticket has; None where it says nothing of that XCom."""
        if self._ticket.xcoms_left_out:
            return None
        if self._handed_over is None:
            self._handed_over = self._read_ticket()
        return self._handed_over.get((task_id, key))

    def _read_ticket(self) -> dict[tuple[str, str], Rows]:
        task = self._dag.task_dict.get(self.task_id)
        covered: dict[tuple[str, str], Rows] = {}
        for item in self._ticket.xcoms:
            covered.setdefault((item.task_id, item.key), []).append((item.map_index, item.value))
        if task is not None:
            for operator, key in _references(task):
                covered.setdefault((operator.task_id, key), [])
        return covered

    def _ask(
        self,
        task_id: str,
        map_indexes: Sequence[int] | None,
        where: tuple[str, str, str, bool],
    ) -> Rows:
        dag_id, run_id, key, include_prior_dates = where
        found = services.current().get_xcom(
            dag_id, run_id, task_id, key, map_indexes, include_prior_dates
        )
        return [(index, text) for index, text in found]

    # other runs

    def get_first_reschedule_date(self, context: Any = None) -> datetime | None:
        """When a sensor that has been rescheduled began to wait, else None. In UTC."""
        return self.start_date if self._ticket.reschedule_count else None

    def get_previous_dagrun(self, state: str | None = None) -> DagRun | None:
        """The newest run of the DAG before this one's logical date, in ``state`` if given."""
        if self._ticket.run.logical_date is None:
            return None
        found = services.current().get_previous_run(
            self.dag_id, self._ticket.run.logical_date, state
        )
        if found is None:
            return None
        run = DagRun(
            self.dag_id,
            RunFacts(
                dag_run_key=0,
                run_id=found["run_id"],
                run_type=found["run_id"].partition("__")[0],
                logical_date=found["logical_date"],
                data_interval_start=found["data_interval_start"],
                data_interval_end=found["data_interval_end"],
                run_after=found["data_interval_end"] or found["logical_date"],
                queued_at=None,
                started_at=found["started_at"],
                conf=None,
            ),
        )
        run.state = found["state"]
        return run

    @staticmethod
    def get_dagrun_state(dag_id: str, run_id: str) -> str:
        """State of a run. Raises ``ArgumentError`` where there is no such run."""
        found = services.current().get_run_states(dag_id, run_ids=[run_id])
        if not found:
            raise ArgumentError(f"DAG {dag_id!r} has no run {run_id!r}")
        return found[0]["state"]


def _references(task: AbstractOperator) -> Iterable[tuple[AbstractOperator, str]]:
    """(task, key) of the XComs that a task's arguments refer to, as its structure lists them."""
    for field in task.template_fields:
        value = getattr(task, field, None)
        if value is None and task.is_mapped:
            value = getattr(task, "partial_kwargs", {}).get(field)
        yield from iter_references(value)
    expand_input = getattr(task, "expand_input", None)
    if expand_input is not None:
        yield from iter_references(expand_input.value)
