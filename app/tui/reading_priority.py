"""What the dialog of the priority weight reads, in the refresher's thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.tui.screens.acting import Selection
    from store.engine import Store


@dataclass(frozen=True, slots=True)
class Weights:
    """The priority weights of what was chosen, as far as it has not started."""

    present: tuple[int, ...]
    """Each weight once, the highest first; empty: nothing of it waits to be started."""
    of_file: tuple[int, ...]
    """The same, as the pipeline file has them."""
    waiting: int = 0
    started: int = 0
    """With those that have ended, also if they never began."""
    ended: int = 0


def read_weights(store: Store, chosen: Sequence[Selection]) -> Weights:
    """The weights of the task instances of one run that were chosen."""
    from store.queries.dags import get_structure
    from store.queries.runs import get_run
    from store.queries.tasks import list_instances
    from store.states import EXECUTING_TASK_STATES, FINISHED_TASK_STATES

    present: set[int] = set()
    of_file: set[int] = set()
    waiting = started = ended = 0
    with store.read() as connection:
        run = get_run(connection, chosen[0].dag_id, chosen[0].run_id)
        structure = get_structure(connection, chosen[0].dag_id)
        own = {one.task_id: one.priority_weight for one in structure.tasks} if structure else {}
        rows = [
            row
            for one in chosen
            if run is not None
            for row in list_instances(connection, run.id, task_ids=one.task_ids)
            if one.map_indexes is None or row.map_index in one.map_indexes
        ]
    for row in rows:
        if row.state in EXECUTING_TASK_STATES or row.state in FINISHED_TASK_STATES:
            started += 1
            ended += row.state in FINISHED_TASK_STATES
            continue
        waiting += 1
        file = own.get(row.task_id, 1)
        of_file.add(file)
        present.add(file if row.priority_weight is None else row.priority_weight)
    in_order = [tuple(sorted(found, reverse=True)) for found in (present, of_file)]
    return Weights(*in_order, waiting=waiting, started=started, ended=ended)
