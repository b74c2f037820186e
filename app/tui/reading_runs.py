"""What the tables of runs read: the newest, those that are looked at, and one page after another.

Run in the refresher's thread; ``store.queries`` is imported inside functions, as in ``reading``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.tui.models.long_list import Page
from store.states import DagRunState, DagRunType, TaskInstanceState

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.dags import DagRow
    from store.queries.runs import RunFilter, RunKey, RunRow


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs a table is about. What a filter says beyond that is looked for in what is read."""

    dag_id: str | None = None
    states: frozenset[DagRunState] = frozenset()
    types: frozenset[DagRunType] = frozenset()
    since: datetime | None = None
    """``run_after`` at or after this."""
    until: datetime | None = None
    """``run_after`` before this."""
    backfill_id: int | None = None
    """Only those of this backfill."""

    def has(self, entry: RunEntry) -> bool:
        """Whether a run is one of them."""
        run = entry.run
        if self.since is not None and run.run_after < self.since:
            return False
        if self.until is not None and run.run_after >= self.until:
            return False
        if self.backfill_id is not None and run.backfill_id != self.backfill_id:
            return False
        return not (self.states and run.state not in self.states) and not (
            self.types and run.run_type not in self.types
        )


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A row of a table of runs."""

    run: RunRow
    tasks: Mapping[TaskInstanceState | None, int] = field(default_factory=dict)
    """Its task instances by state."""

    @property
    def id(self) -> int:
        return self.run.id

    @property
    def key(self) -> RunKey:
        return self.run.key


@dataclass(frozen=True, slots=True)
class RunsSnapshot:
    """The newest runs, and those further back that are on screen."""

    wanted: Wanted
    dag: DagRow | None
    """Of one DAG's runs; None if there is no such DAG."""
    head: Page[RunEntry]
    watched: tuple[RunEntry, ...]
    """Of the watched ones those that are still there."""
    counts: Mapping[DagRunState, int]
    """Runs by state, each counted up to a limit."""


def read_runs(
    store: Store, wanted: Wanted, *, limit: int, watched: Sequence[int] = ()
) -> RunsSnapshot:
    """The newest runs; of those further back only the ``watched`` ones (row ids) again."""
    from store.queries.backfills import run_counts
    from store.queries.dags import get_dag
    from store.queries.runs import count_runs, get_runs, list_runs

    with store.read() as connection:
        dag = None if wanted.dag_id is None else get_dag(connection, wanted.dag_id)
        page = list_runs(connection, _filter(wanted), limit=limit)
        known = {run.id for run in page.rows}
        others = [key for key in watched if key not in known]
        further = get_runs(connection, others) if others else []
        entries = _entries(connection, [*page.rows, *further])
        if wanted.backfill_id is None:
            counts = count_runs(connection, wanted.dag_id)
        else:
            counts = run_counts(connection, [wanted.backfill_id]).get(wanted.backfill_id, {})
    head = Page(entries[: len(page.rows)], page.next)
    return RunsSnapshot(wanted, dag, head, entries[len(page.rows) :], counts)


def read_page(store: Store, wanted: Wanted, before: RunKey, limit: int) -> Page[RunEntry]:
    """The runs before one."""
    from store.queries.runs import list_runs

    with store.read() as connection:
        page = list_runs(connection, _filter(wanted), limit=limit, before=before)
        return Page(_entries(connection, page.rows), page.next)


def _filter(wanted: Wanted) -> RunFilter:
    from store.queries.runs import RunFilter

    return RunFilter(
        wanted.dag_id,
        wanted.states,
        wanted.types,
        wanted.since,
        wanted.until,
        wanted.backfill_id,
    )


def _entries(connection: Any, runs: Sequence[RunRow]) -> tuple[RunEntry, ...]:
    from store.queries.dags import count_states

    tasks = count_states(connection, [run.id for run in runs]) if runs else {}
    return tuple(RunEntry(run, tasks.get(run.id, {})) for run in runs)
