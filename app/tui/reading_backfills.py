"""What the view of a DAG's backfills reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.backfills import BackfillRow
    from store.queries.dags import DagRow


@dataclass(frozen=True, slots=True)
class BackfillsSnapshot:
    """The newest backfills of a DAG."""

    dag: DagRow
    rows: tuple[BackfillRow, ...]


def read_backfills(store: Store, dag_id: str) -> BackfillsSnapshot | None:
    """The backfills of a DAG, newest first; None if there is no such DAG."""
    from store.queries.backfills import list_backfills
    from store.queries.dags import get_dag

    with store.read() as connection:
        dag = get_dag(connection, dag_id, recent=1)
        if dag is None:
            return None
        return BackfillsSnapshot(dag, tuple(list_backfills(connection, dag_id)))
