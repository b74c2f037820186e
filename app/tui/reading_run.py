"""What the run screen reads. Run in the refresher's thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from app.tui.models.last_lines import TAIL, last_lines
from app.tui.reading import error_line

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.estimates import PastRun
    from store.queries.marks import Mark
    from store.queries.runs import RunRow
    from store.queries.tasks import InstanceRow, TryRow

MOST_FAILURES = 50
"""Failed task instances whose newest try is read: the last ones."""

LOGS = 5
"""Of how many of them the end of the log is read."""


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """A run and its task instances."""

    run: RunRow
    instances: tuple[InstanceRow, ...]
    """In the order of the pipeline."""
    operators: Mapping[str, str] = field(default_factory=dict)
    """By task id."""
    upstream: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By task id."""
    failures: tuple[tuple[InstanceRow, TryRow], ...] = ()
    """The newest tries of what failed, the last one first."""
    ending: tuple[tuple[str, int, str], ...] = ()
    """Task, map index and why, of processes that have been told to end."""
    assets: tuple[tuple[str, int], ...] = ()
    """Whose events it consumed, and how many of each."""
    said: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """The last lines of the logs of failed tries, by the id of the try."""
    marks: Mapping[int, Mark] = field(default_factory=dict)
    """Who gave task instances their states by hand, by row id."""
    mark: Mark | None = None
    """Who gave the run its state."""
    trouble: str | None = None
    """Why nothing of the DAG can start: what is wrong with its file."""


def read_run_screen(
    store: Store, dag_id: str, run_id: str, log: Callable[[int, int], Path]
) -> RunSnapshot | None:
    """A run with its task instances; None if there is none of that name. ``log`` gives the path
    of a try's log."""
    from store.queries.assets import consumed_assets
    from store.queries.dags import file_trouble, get_structure
    from store.queries.latest_tries import latest_tries
    from store.queries.marks import mark_of_run, marks_of
    from store.queries.runs import get_run
    from store.queries.tasks import list_instances, tries_being_ended
    from store.states import DagRunType, TaskInstanceState

    failed = (TaskInstanceState.FAILED, TaskInstanceState.UP_FOR_RETRY)
    with store.read() as connection:
        run = get_run(connection, dag_id, run_id)
        if run is None:
            return None
        rows = list_instances(connection, run.id)
        structure = get_structure(connection, dag_id, run.version_id)
        last = sorted(
            (row for row in rows if row.state in failed),
            key=lambda row: (row.ended_at.timestamp() if row.ended_at else 0.0, row.id),
            reverse=True,
        )[:MOST_FAILURES]
        tries = latest_tries(connection, [row.id for row in last])
        is_of_assets = run.run_type is DagRunType.ASSET_TRIGGERED
        assets = consumed_assets(connection, run.id) if is_of_assets else []
        marks, mark = marks_of(connection, rows), mark_of_run(connection, run.id, run.state)
        trouble = file_trouble(connection, dag_id)
        ending = () if run.ended_at else tuple(tries_being_ended(connection, run.id))
    tasks = structure.tasks if structure is not None else []
    places = {task.task_id: place for place, task in enumerate(tasks)}
    rows.sort(key=lambda row: (places.get(row.task_id, len(places)), row.task_id, row.map_index))
    failures = tuple((row, tries[row.id]) for row in last if row.id in tries)
    broke = [one for row, one in failures if row.id not in marks]
    return RunSnapshot(
        run,
        tuple(rows),
        {task.task_id: task.operator for task in tasks},
        {task.task_id: task.upstream for task in tasks},
        failures,
        ending,
        tuple(assets),
        {one.id: _said(log(run.id, one.id), one) for one in broke[:LOGS]},
        marks,
        mark,
        trouble,
    )


def _said(path: Path, one: TryRow) -> tuple[str, ...]:
    """The last lines of a try's log; none, if it is gone."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            return last_lines(file.read(TAIL), error_line(one))
    except OSError:  # upkeep has deleted it; the screen of the log says so
        return ()


def read_past_runs(store: Store, run: RunRow, instances: int) -> tuple[PastRun, ...]:
    """How the last successful runs before a run went."""
    from store.queries.estimates import past_runs

    with store.read() as connection:
        return tuple(past_runs(connection, run.dag_id, run.key, instances))


def read_newest_run(store: Store, dag_id: str) -> str | None:
    """The id of a DAG's newest run; None if it has none."""
    from store.queries.runs import latest_run

    with store.read() as connection:
        run = latest_run(connection, dag_id)
    return None if run is None else run.run_id
