"""What the views of the audit trail read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.tui.filters import matches, parse
from app.tui.models.events import bounds_of, facts_of

if TYPE_CHECKING:
    from app.tui.scene import Scene
    from store.engine import Store
    from store.events import EventRow
    from store.queries.dags import DagRow

PAGE = 100
"""Events of a page."""

CHUNK = 1000
"""Events read at a time where a filter looks for some of them."""

TIME = 0.15
"""Seconds for which a filter looks through older events for a page."""


@dataclass(frozen=True, slots=True)
class EventsSnapshot:
    """The newest events of a DAG, of one of its runs, or of all there is."""

    dag: DagRow | None
    run_id: str | None
    """The run that they are of, where only those of one are wanted."""
    rows: tuple[EventRow, ...]
    more: bool
    """Whether there may be older ones."""


def read_events(
    store: Store,
    dag_id: str | None,
    run_id: str | None,
    filter_text: str,
    pages: int,
    scene: Scene,
    *,
    only_run: bool = False,
) -> EventsSnapshot | None:
    """So many pages of the newest events that pass a filter. None if there is no such DAG.

    ``only_run``: of the run named (None: of the newest).
    """
    from store.events import list_events
    from store.queries.dags import get_dag
    from store.queries.runs import get_run, latest_run

    terms, since, until = bounds_of(parse(filter_text), scene)
    limit, ends = PAGE * pages, time.monotonic() + TIME * pages
    rows: list[EventRow] = []
    more, before = False, None
    with store.read() as connection:
        dag = None if dag_id is None else get_dag(connection, dag_id, recent=1)
        if dag_id is not None and dag is None:
            return None
        run = None
        if only_run and dag_id is not None:
            run = get_run(connection, dag_id, run_id) if run_id else latest_run(connection, dag_id)
            if run is None:
                return EventsSnapshot(dag, None, (), False)
        size = CHUNK if filter_text else limit + 1
        while True:
            chunk = list_events(
                connection,
                dag_id=dag_id,
                dag_run_id=None if run is None else run.id,
                limit=size,
                before=before,
            )
            over = since is not None and bool(chunk) and chunk[-1].at < since
            rows.extend(
                row
                for row in chunk
                if (since is None or row.at >= since)
                and (until is None or row.at <= until)
                and (not terms or matches(terms, facts_of(row)))
            )
            more = len(chunk) == size and not over
            if len(rows) > limit:
                more = True
                break
            if not more or time.monotonic() > ends:
                break
            before = chunk[-1].id
    return EventsSnapshot(dag, None if run is None else run.run_id, tuple(rows[:limit]), more)
