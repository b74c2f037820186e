"""What the forms and dialogs of actions read, in the refresher's thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.dags import DagRow
    from store.queries.runs import RunRow
    from store.structure import DagStructure


@dataclass(frozen=True, slots=True)
class FormFacts:
    """A DAG, and the run whose params a form begins with."""

    dag: DagRow
    structure: DagStructure
    run: RunRow | None = None


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes on a run and on one of its task instances."""

    run: str | None
    """None: there is no such run."""
    instance: str | None = None
    """None: there is no such task instance, or none was asked for."""


def read_form(store: Store, dag_id: str, run_id: str | None = None) -> FormFacts | None:
    """A DAG and perhaps a run of it; None if there is no such DAG."""
    from store.queries.dags import get_dag, get_structure
    from store.queries.runs import get_run

    with store.read() as connection:
        dag = get_dag(connection, dag_id)
        structure = get_structure(connection, dag_id)
        run = None if run_id is None else get_run(connection, dag_id, run_id)
    return None if dag is None or structure is None else FormFacts(dag, structure, run)


def read_notes(
    store: Store, dag_id: str, run_id: str, task_id: str | None, map_index: int | None
) -> Notes:
    """The notes on a run and on a task instance of it."""
    from store.queries.runs import get_run
    from store.queries.tasks import get_instance

    with store.read() as connection:
        run = get_run(connection, dag_id, run_id)
        if run is None:
            return Notes(None)
        if task_id is None:
            return Notes(run.note or "")
        index = -1 if map_index is None else map_index
        instance = get_instance(connection, run.id, task_id, index)
    return Notes(run.note or "", None if instance is None else instance.note or "")


def count_runs_of(store: Store, dag_ids: Sequence[str]) -> dict[str, int]:
    """How many runs DAGs have, of each state up to a limit."""
    from store.queries.runs import count_runs

    with store.read() as connection:
        return {dag_id: sum(count_runs(connection, dag_id).values()) for dag_id in dag_ids}
